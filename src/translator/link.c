// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Ways from translation to translation: direct links within a page, and the table of jump targets.
#include "translator/internal.h"

/* ---- direct links ---------------------------------------------------------------------------- */

/* Where nothing of the FPU is to be tested any more, its test is left out. */
static const uint8_t *entry_for(const struct link *link, const struct translated *to)
{
    return to->code + (to->fpu & ~link->fpu ? 0 : to->offsets[0]);
}

void link_to(struct translator *tr, struct link *link, struct translated *to)
{
    link->to = to;
    link->next_incoming = to->incoming;
    to->incoming = link;
    emit_patch_link(link->site, entry_for(link, to));
    tr->counts.linked++;
}

static void unlink_outgoing(struct link *link)
{
    struct link **p = &link->to->incoming;
    while (*p != link)
        p = &(*p)->next_incoming;
    *p = link->next_incoming;
    link->to = NULL;
}

static void unlink_incoming(struct translated *t)
{
    for (struct link *l = t->incoming; l != NULL; l = l->next_incoming) {
        emit_patch_link(l->site, l->stub);
        l->to = NULL;
    }
    t->incoming = NULL;
}

static void forget_jump_target(struct translator *tr, const struct translated *t, unsigned index)
{
    struct jump_target *j = &tr->cpu->jump_targets[index];
    if (j->code == runs_at(tr, t->code))
        *j = (struct jump_target){ 0 };
}

static void forget_jump_targets(struct translator *tr, struct translated *t)
{
    if (t->jump_entries <= 1)
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
    struct translated **p = (struct translated **)&t->block->translations;
    while (*p != t)
        p = &(*p)->next_of_block;
    *p = t->next_of_block;
    unlink_incoming(t);
    for (unsigned n = 0; n < t->link_count; n++)
        if (t->links[n].to != NULL) {
            emit_patch_link(t->links[n].site, t->links[n].stub);
            unlink_outgoing(&t->links[n]);
        }
    forget_jump_targets(tr, t);
    t->block = NULL;
    tr->counts.dropped++;
}

void translations_drop(struct translator *tr, struct block *b)
{
    while (b->translations != NULL)
        translation_drop(tr, b->translations);
}

/* ---- the table ------------------------------------------------------------------------------- */

static bool test_and_set(uint32_t *bits, unsigned n)
{
    uint32_t bit = 1u << (n & 31), old = bits[n / 32];
    bits[n / 32] = old | bit;
    return old & bit;
}

void jump_target_add(struct translator *tr, uint32_t linear, bool global,
                     struct translated *t)
{
    unsigned index = jump_target_index(linear), list = global ? 1 : 0;
    uint64_t minus_key = -((uint64_t)linear + ((uint64_t)t->mode << 32));
    struct jump_target *j = &tr->cpu->jump_targets[index];
    const uint8_t *code = runs_at(tr, t->code);
    if (j->minus_key == minus_key && j->code == code)
        return;
    if (!test_and_set(tr->is_used[list], index))
        tr->used[list][tr->used_count[list]++] = (uint16_t)index;
    test_and_set(tr->page_used, linear >> 12);
    *j = (struct jump_target){ minus_key, code };
    if (t->jump_entries == 0 || t->jump_index != index) {
        t->jump_index = (uint16_t)index;
        t->jump_entries += t->jump_entries < UINT16_MAX;
    }
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
