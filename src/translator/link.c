// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Ways from translation to translation: links within a page, and the table of jump targets.
#include "translator/internal.h"

/* ---- direct links ---------------------------------------------------------------------------- */

/* Where nothing of the FPU or of GS is to be tested any more, the test is left out. */
static const uint8_t *entry_for(const struct link *link, const struct translated *to)
{
    bool tests =
        to->fpu & ~link->fpu || (to->gs != TRANSLATION_NO_GS && to->gs != link_from(link)->gs);
    return to->code + (tests ? 0 : to->offsets[0]);
}

static const uint8_t *stub_of(const struct link *link)
{
    return link_from(link)->code + link->stub;
}

static uint8_t *site_of(const struct link *link)
{
    return link_from(link)->code + link->site;
}

static uint64_t *slot_of(const struct translator *tr, const struct link *link)
{
    return (uint64_t *)tr->cache + link->slot;
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

static void unlink_outgoing(const struct translator *tr, struct link *link)
{
    struct translated *to = data_at(tr, link->to);
    data_ref *p = &to->incoming, this = data_ref_of(tr, link);
    while (*p != this)
        p = &((struct link *)data_at(tr, *p))->next_incoming;
    *p = link->next_incoming;
    link->to = NO_DATA;
}

static void unlink_incoming(const struct translator *tr, struct translated *t)
{
    struct link *l;
    for (data_ref next = t->incoming; next != NO_DATA; next = l->next_incoming) {
        l = data_at(tr, next);
        emit_patch_link(site_of(l), stub_of(l));
        l->to = NO_DATA;
    }
    t->incoming = NO_DATA;
}

static void leave_block(const struct translator *tr, const struct translated *t)
{
    data_ref *p = &t->block->translations, this = data_ref_of(tr, t);
    while (*p != this)
        p = &((struct translated *)data_at(tr, *p))->next_of_block;
    *p = t->next_of_block;
}

static void forget_jump_target(struct translator *tr, const struct translated *t, unsigned index)
{
    struct jump_target *j = &tr->cpu->jump_targets[index];
    if (j->code == runs_at(tr, t->code))
        *j = (struct jump_target){ 0 };
}

/* Flat code has one linear address for its EIP. */
static void forget_jump_targets(struct translator *tr, struct translated *t)
{
    if (t->mode & TRANSLATION_ZERO_BASE(SEG_CS))
        forget_jump_target(tr, t, jump_target_index(t->eip));
    else if (t->jump_entries <= 1)
        forget_jump_target(tr, t, t->jump_index);
    else
        for (unsigned list = 0; list < 2; list++)
            for (unsigned n = 0; n < tr->used_count[list]; n++)
                forget_jump_target(tr, t, tr->used[list][n]);
    t->jump_entries = 0;
}

/* Of a dropped translation the links out stay patched: what still runs in it leaves by itself. */
void translation_drop(struct translator *tr, struct translated *t)
{
    if (t->block == NULL)
        return;
    leave_block(tr, t);
    unlink_incoming(tr, t);
    struct link *links = translation_links(t);
    for (unsigned n = 0; n < t->link_count; n++)
        if (!links[n].far && links[n].to != NO_DATA) {
            emit_patch_link(site_of(&links[n]), stub_of(&links[n]));
            unlink_outgoing(tr, &links[n]);
        }
    forget_jump_targets(tr, t);
    origin_forget(tr, t);
    emit_tombstone(tr, t); /* far links still lead to it */
    t->block = NULL;
    if (++tr->counts.dropped % FAR_LINKS_DROPS == 0)
        far_links_empty(tr);
}

/* ---- far links ------------------------------------------------------------------------------- */

/*
 * The slot of a far link is a copy of an entry of the table: what is right of that is right of
 * it, and where the table forgets an address the slots do. A target that is dropped keeps its
 * slots: they lead to its tombstone until they are emptied. There are none in code with a CS base,
 * so EIP is the linear address.
 */
static void far_link_empty(const struct translator *tr, struct link *link)
{
    *slot_of(tr, link) = (uint64_t)(uintptr_t)runs_at(tr, stub_of(link));
}

void far_link_fill(struct translator *tr, struct link *link, const uint8_t *code)
{
    struct jit_state *jit = &tr->cpu->jit;
    if (jit->links_free == 0)
        far_links_empty(tr);
    jit->links_filled[--jit->links_free] = link;
    *slot_of(tr, link) = (uint64_t)(uintptr_t)code;
}

static uint64_t minus_key_of(uint32_t linear, uint32_t mode)
{
    return -((uint64_t)linear + ((uint64_t)mode << 32));
}

/* Not known of an address whose entry another took. */
static bool leads_to_global(const struct translator *tr, const struct link *link)
{
    uint32_t linear = link->target_eip;
    unsigned index = jump_target_index(linear);
    const struct jump_target *j = &tr->cpu->jump_targets[index];
    return j->minus_key == minus_key_of(linear, link_from(link)->mode) &&
           *slot_of(tr, link) == (uint64_t)(uintptr_t)j->code &&
           tr->jump_global[index / 32] >> (index & 31) & 1;
}

/* What a global page is does not depend on the address space, whichever the link is in. */
static void far_links_keep_global(struct translator *tr)
{
    struct jit_state *jit = &tr->cpu->jit;
    for (uint64_t n = jit->links_free; n < FAR_LINKS_MAX; n++) {
        struct link *link = jit->links_filled[n];
        if (leads_to_global(tr, link) && tr->links_kept_count < FAR_LINKS_MAX)
            tr->links_kept[tr->links_kept_count++] = link;
        else
            far_link_empty(tr, link);
    }
    jit->links_free = FAR_LINKS_MAX;
}

void far_links_empty(struct translator *tr)
{
    struct jit_state *jit = &tr->cpu->jit;
    for (uint64_t n = jit->links_free; n < FAR_LINKS_MAX; n++)
        far_link_empty(tr, jit->links_filled[n]);
    for (unsigned n = 0; n < tr->links_kept_count; n++)
        far_link_empty(tr, tr->links_kept[n]);
    jit->links_free = FAR_LINKS_MAX;
    tr->links_kept_count = 0;
}

static void far_link_empty_in(const struct translator *tr, struct link *link, uint32_t linear,
                              unsigned bytes)
{
    if (link->target_eip - linear < bytes)
        far_link_empty(tr, link);
}

/* They stay listed: one that is filled again may be listed twice. */
static void far_links_empty_range(struct translator *tr, uint32_t linear, unsigned bytes)
{
    struct jit_state *jit = &tr->cpu->jit;
    for (uint64_t n = jit->links_free; n < FAR_LINKS_MAX; n++)
        far_link_empty_in(tr, jit->links_filled[n], linear, bytes);
    for (unsigned n = 0; n < tr->links_kept_count; n++)
        far_link_empty_in(tr, tr->links_kept[n], linear, bytes);
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

void translations_drop(struct translator *tr, struct block *b)
{
    while (b->translations != NO_DATA)
        translation_drop(tr, translations_of(tr, b));
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool test_and_set(uint32_t *bits, unsigned n)
{
    uint32_t bit = 1u << (n & 31), old = bits[n / 32];
    bits[n / 32] = old | bit;
    return old & bit;
}

void jump_target_set(struct translator *tr, uint32_t linear, bool global, const uint8_t *code)
{
    unsigned index = jump_target_index(linear), list = global ? 1 : 0;
    if (!test_and_set(tr->is_used[list], index))
        tr->used[list][tr->used_count[list]++] = (uint16_t)index;
    test_and_set(tr->page_used, linear >> 12);
    tr->cpu->jump_targets[index] =
        (struct jump_target){ minus_key_of(linear, tr->cpu->jit.mode), code };
    uint32_t *global_word = &tr->jump_global[index / 32], global_bit = 1u << (index & 31);
    *global_word = global ? *global_word | global_bit : *global_word & ~global_bit;
}

bool jump_target_add(struct translator *tr, uint32_t linear, bool global, struct translated *t)
{
    unsigned index = jump_target_index(linear);
    const struct jump_target *j = &tr->cpu->jump_targets[index];
    const uint8_t *code = runs_at(tr, t->code);
    if (j->minus_key == minus_key_of(linear, tr->cpu->jit.mode) && j->code == code)
        return false;
    jump_target_set(tr, linear, global, code);
    if (t->jump_entries == 0 || t->jump_index != index) {
        t->jump_index = (uint16_t)index;
        t->jump_entries += t->jump_entries < UINT8_MAX;
    }
    return true;
}

static void flush_list(struct translator *tr, unsigned list)
{
    for (unsigned n = 0; n < tr->used_count[list]; n++) {
        unsigned index = tr->used[list][n];
        tr->cpu->jump_targets[index] = (struct jump_target){ 0 };
        tr->is_used[list][index / 32] = 0; /* its neighbours go, too */
    }
    tr->used_count[list] = 0;
}

/* An entry of the local list may have been overwritten by a global one since: it goes too. */
void jump_targets_flush(struct translator *tr, bool keep_global)
{
    if (keep_global)
        far_links_keep_global(tr);
    else
        far_links_empty(tr);
    flush_list(tr, 0);
    if (keep_global)
        return;
    flush_list(tr, 1);
    __builtin_memset(tr->page_used, 0, sizeof tr->page_used);
}

/* Entries of `bytes` linear addresses from `linear` on follow one another. */
static void flush_range(struct translator *tr, uint32_t linear, unsigned bytes)
{
    uint32_t bit = 1u << (linear >> 12 & 31);
    if (!(tr->page_used[linear >> 17] & bit))
        return;
    far_links_empty_range(tr, linear, bytes);
    unsigned first = jump_target_index(linear);
    for (unsigned n = 0; n < bytes; n++) {
        struct jump_target *j = &tr->cpu->jump_targets[(first + n) & (JUMP_TARGETS - 1)];
        if (j->minus_key != 0 && ((uint32_t)-j->minus_key ^ linear) >> 12 == 0)
            *j = (struct jump_target){ 0 };
    }
}

/* Also the end of the page below: its last instruction may reach into this one. */
void jump_targets_flush_page(struct translator *tr, uint32_t linear)
{
    uint32_t page = linear & ~(uint32_t)(PAGE_SIZE - 1);
    flush_range(tr, page, PAGE_SIZE);
    tr->page_used[page >> 17] &= ~(1u << (page >> 12 & 31));
    flush_range(tr, page - INSN_MAX_LENGTH + 1, INSN_MAX_LENGTH - 1);
}
