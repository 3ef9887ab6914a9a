// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The table of jump targets: linear address and mode to generated code (cpu/engine.h). It forgets
// what the processor's TLB forgets.
#include "translator/internal.h"

static uint64_t minus_key_of(uint32_t linear, uint32_t mode)
{
    return -((uint64_t)linear + ((uint64_t)mode << 32));
}

static bool test_and_set(uint32_t *bits, unsigned n)
{
    uint32_t bit = 1u << (n & 31), old = bits[n / 32];
    bits[n / 32] = old | bit;
    return old & bit;
}

static void clear_bit(uint32_t *bits, unsigned n)
{
    bits[n / 32] &= ~(1u << (n & 31));
}

/* ---- entries --------------------------------------------------------------------------------- */

void jump_target_set(struct translator *tr, uint32_t linear, bool global, const uint8_t *code)
{
    unsigned index = jump_target_index(linear), list = global ? 1 : 0;
    if (!test_and_set(tr->is_used[list], index))
        tr->used[list][tr->used_count[list]++] = (uint16_t)index;
    test_and_set(tr->page_used[list], linear >> 12);
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

bool jump_target_is_global(const struct translator *tr, uint32_t linear, uint32_t mode,
                           const void *code)
{
    unsigned index = jump_target_index(linear);
    const struct jump_target *j = &tr->cpu->jump_targets[index];
    return j->minus_key == minus_key_of(linear, mode) && j->code == code &&
           tr->jump_global[index / 32] >> (index & 31) & 1;
}

/* ---- one translation's ----------------------------------------------------------------------- */

static void forget_at(struct translator *tr, const struct translated *t, unsigned index)
{
    struct jump_target *j = &tr->cpu->jump_targets[index];
    if (j->code == runs_at(tr, t->code))
        *j = (struct jump_target){ 0 };
}

/* Flat code has one linear address for its EIP. */
void jump_targets_forget(struct translator *tr, struct translated *t)
{
    if (t->mode & TRANSLATION_ZERO_BASE(SEG_CS))
        forget_at(tr, t, jump_target_index(t->eip));
    else if (t->jump_entries <= 1)
        forget_at(tr, t, t->jump_index);
    else
        for (unsigned list = 0; list < 2; list++)
            for (unsigned n = 0; n < tr->used_count[list]; n++)
                forget_at(tr, t, tr->used[list][n]);
    t->jump_entries = 0;
}

/* ---- all, or a page's ------------------------------------------------------------------------ */

/* A page whose entries have been overwritten keeps its bit, and one for nothing costs a walk. */
static void flush_list(struct translator *tr, unsigned list)
{
    for (unsigned n = 0; n < tr->used_count[list]; n++) {
        unsigned index = tr->used[list][n];
        struct jump_target *j = &tr->cpu->jump_targets[index];
        clear_bit(tr->page_used[list], (uint32_t)-j->minus_key >> 12);
        *j = (struct jump_target){ 0 };
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
}

/* Which entries may hold a target: this one is bit 0, above it those that share its word. */
static uint32_t used_from(const struct translator *tr, unsigned index)
{
    return (tr->is_used[0][index / 32] | tr->is_used[1][index / 32]) >> (index & 31);
}

static void forget_in_page(struct translator *tr, unsigned index, uint32_t linear)
{
    struct jump_target *j = &tr->cpu->jump_targets[index];
    if (j->minus_key != 0 && ((uint32_t)-j->minus_key ^ linear) >> 12 == 0)
        *j = (struct jump_target){ 0 };
}

/*
 * Entries of `bytes` linear addresses from `linear` on follow one another. Few of them are in use,
 * whatever the page once held: systems that fork flush pages all the time.
 */
static void flush_range(struct translator *tr, uint32_t linear, unsigned bytes)
{
    uint32_t bit = 1u << (linear >> 12 & 31);
    if (!((tr->page_used[0][linear >> 17] | tr->page_used[1][linear >> 17]) & bit))
        return;
    far_links_empty_range(tr, linear, bytes);
    for (unsigned first = jump_target_index(linear), n = 0; n < bytes;) {
        unsigned index = (first + n) & (JUMP_TARGETS - 1);
        uint32_t used = used_from(tr, index);
        if (used == 0) {
            n += 32 - (index & 31);
        } else if (used & 1) {
            forget_in_page(tr, index, linear);
            n++;
        } else {
            n += (unsigned)__builtin_ctz(used);
        }
    }
}

/* Also the end of the page below: its last instruction may reach into this one. */
void jump_targets_flush_page(struct translator *tr, uint32_t linear)
{
    uint32_t page = linear & ~(uint32_t)(PAGE_SIZE - 1);
    flush_range(tr, page, PAGE_SIZE);
    for (unsigned list = 0; list < 2; list++)
        clear_bit(tr->page_used[list], page >> 12);
    flush_range(tr, page - INSN_MAX_LENGTH + 1, INSN_MAX_LENGTH - 1);
}
