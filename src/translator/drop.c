// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The end of translations: nothing leads into them any more.
#include "translator/internal.h"

static void leave_block(const struct translator *tr, const struct translated *t)
{
    data_ref *p = &t->block->translations, this = data_ref_of(tr, t);
    while (*p != this)
        p = &((struct translated *)data_at(tr, *p))->next_of_block;
    *p = t->next_of_block;
}

/*
 * Its code stays, as open calls return to it: from there its direct links lead to their stubs. Far
 * links that lead to it are not searched for: they find its tombstone until they are emptied.
 */
void translation_drop(struct translator *tr, struct translated *t)
{
    if (t->block == NULL)
        return;
    leave_block(tr, t);
    links_cut(tr, t);
    jump_targets_forget(tr, t);
    origin_forget(tr, t);
    emit_tombstone(tr, t);
    t->block = NULL;
    if (++tr->counts.dropped % FAR_LINKS_DROPS == 0)
        far_links_empty(tr);
}

void translations_drop(struct translator *tr, struct block *b)
{
    while (b->translations != NO_DATA)
        translation_drop(tr, translations_of(tr, b));
}

void computed_give_up(struct translator *tr)
{
    const struct link *link = tr->cpu->jit.varies;
    tr->cpu->jit.varies = NULL;
    if (link == NULL)
        return;
    struct translated *t = link_from(link);
    if (t->block == NULL)
        return;
    tr->counts.varying++;
    t->block->target_varies = true;
    translation_drop(tr, t);
}
