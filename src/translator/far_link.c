// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Far links: jumps to other pages, through slots.
#include "translator/internal.h"

/*
 * The slot of a far link is a copy of an entry of the table of jump targets: what is right of that
 * is right of it, and where the table forgets an address the slots do. Which slots are filled is
 * listed, here and by generated code, so that emptying them looks at no others. There are none in
 * code with a CS base, so EIP is the linear address.
 */
static uint64_t *slot_of(const struct translator *tr, const struct link *link)
{
    return (uint64_t *)tr->cache + link->slot;
}

static void empty(const struct translator *tr, struct link *link)
{
    *slot_of(tr, link) = (uint64_t)(uintptr_t)runs_at(tr, link_stub(tr, link));
}

void far_link_fill(struct translator *tr, struct link *link, const uint8_t *code)
{
    struct jit_state *jit = &tr->cpu->jit;
    if (jit->links_free == 0)
        far_links_empty(tr);
    jit->links_filled[--jit->links_free] = link;
    *slot_of(tr, link) = (uint64_t)(uintptr_t)code;
}

void far_links_empty(struct translator *tr)
{
    struct jit_state *jit = &tr->cpu->jit;
    for (uint64_t n = jit->links_free; n < FAR_LINKS_MAX; n++)
        empty(tr, jit->links_filled[n]);
    for (unsigned n = 0; n < tr->links_kept_count; n++)
        empty(tr, tr->links_kept[n]);
    jit->links_free = FAR_LINKS_MAX;
    tr->links_kept_count = 0;
    __builtin_memset(tr->links_kept_in, 0, sizeof tr->links_kept_in);
}

static uint32_t *area_word(struct translator *tr, uint32_t linear)
{
    return &tr->links_kept_in[linear >> LINK_AREA_SHIFT >> 5];
}

static uint32_t area_bit(uint32_t linear)
{
    return 1u << (linear >> LINK_AREA_SHIFT & 31);
}

static void keep(struct translator *tr, struct link *link)
{
    tr->links_kept[tr->links_kept_count++] = link;
    *area_word(tr, link->target_eip) |= area_bit(link->target_eip);
}

static bool leads_to_global(const struct translator *tr, const struct link *link)
{
    const void *code = (const void *)(uintptr_t)*slot_of(tr, link);
    return jump_target_is_global(tr, link->target_eip, link_from(link)->mode, code);
}

/* What a global page is does not depend on the address space, whichever the link is in. */
void far_links_keep_global(struct translator *tr)
{
    struct jit_state *jit = &tr->cpu->jit;
    for (uint64_t n = jit->links_free; n < FAR_LINKS_MAX; n++) {
        struct link *link = jit->links_filled[n];
        if (leads_to_global(tr, link) && tr->links_kept_count < FAR_LINKS_MAX)
            keep(tr, link);
        else
            empty(tr, link);
    }
    jit->links_free = FAR_LINKS_MAX;
}

static void empty_in(const struct translator *tr, struct link *link, uint32_t linear,
                     unsigned bytes)
{
    if (link->target_eip - linear < bytes)
        empty(tr, link);
}

/*
 * They stay listed: one that is filled again may be listed twice. A computed jump that is kept and
 * has another target since then is listed among the filled ones, too, so that its old area will do.
 * Bytes are those of one page at most.
 */
void far_links_empty_range(struct translator *tr, uint32_t linear, unsigned bytes)
{
    struct jit_state *jit = &tr->cpu->jit;
    for (uint64_t n = jit->links_free; n < FAR_LINKS_MAX; n++)
        empty_in(tr, jit->links_filled[n], linear, bytes);
    if (!(*area_word(tr, linear) & area_bit(linear)))
        return;
    for (unsigned n = 0; n < tr->links_kept_count; n++)
        empty_in(tr, tr->links_kept[n], linear, bytes);
}
