// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Direct links: jumps within a page that lead straight into their target's translation.
#include "translator/internal.h"

/* Where nothing of the FPU or of GS is to be tested any more, the test is left out. */
static const uint8_t *entry_for(const struct link *link, const struct translated *to)
{
    bool tests =
        to->fpu & ~link->fpu || (to->gs != TRANSLATION_NO_GS && to->gs != link_from(link)->gs);
    return to->code + (tests ? 0 : to->offsets[0]);
}

static uint8_t *site_of(const struct link *link)
{
    return link_from(link)->code + link->site;
}

/* Linked it is not: its stub finds the way. */
void link_by_table(struct link *link)
{
    link->by_table = true;
}

void link_to(struct translator *tr, struct link *link, struct translated *to)
{
    link->to = data_ref_of(tr, to);
    link->next_incoming = to->incoming;
    to->incoming = data_ref_of(tr, link);
    emit_patch_link(site_of(link), entry_for(link, to));
    tr->counts.linked++;
}

static void cut_outgoing(const struct translator *tr, struct link *link)
{
    struct translated *to = data_at(tr, link->to);
    data_ref *p = &to->incoming, this = data_ref_of(tr, link);
    while (*p != this)
        p = &((struct link *)data_at(tr, *p))->next_incoming;
    *p = link->next_incoming;
    emit_patch_link(site_of(link), link_stub(tr, link));
    link->to = NO_DATA;
}

static void cut_incoming(const struct translator *tr, struct translated *t)
{
    struct link *l;
    for (data_ref next = t->incoming; next != NO_DATA; next = l->next_incoming) {
        l = data_at(tr, next);
        emit_patch_link(site_of(l), link_stub(tr, l));
        l->to = NO_DATA;
    }
    t->incoming = NO_DATA;
}

void links_cut(const struct translator *tr, struct translated *t)
{
    cut_incoming(tr, t);
    struct link *links = translation_links(t);
    for (unsigned n = 0; n < t->link_count; n++)
        if (!links[n].far && links[n].to != NO_DATA)
            cut_outgoing(tr, &links[n]);
}
