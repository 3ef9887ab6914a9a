// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Whether the code cache is too small: what it dropped to make room, and how much of it comes back.
#include "translator/internal.h"

/*
 * A full cache says nothing: most of what a boot translates belongs to processes that have ended. A
 * compiler started again and again wants all of its code each time. So a bit is kept for each
 * translation dropped to make room, by a hash of what it was made for, and looked at when one is
 * made. There are two sets of them: when as many are set as chance allows, they become the older set,
 * and what that had is forgotten.
 */
static uint32_t bit_of(const struct translated *t)
{
    uint64_t key = (uintptr_t)t->block->host ^ (uint64_t)t->eip << 32 ^ (uint64_t)t->mode << 20;
    return (uint32_t)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - REGRET_BITS));
}

void regrets_dropped(struct code_regrets *regrets, const struct translated *t)
{
    if (regrets->count == REGRET_MAX) {
        regrets->newer ^= 1;
        __builtin_memset(regrets->bits[regrets->newer], 0, sizeof regrets->bits[0]);
        regrets->count = 0;
    }
    uint32_t bit = bit_of(t);
    regrets->bits[regrets->newer][bit / 32] |= 1u << bit % 32;
    regrets->count++;
}

void regrets_made(struct code_regrets *regrets, const struct translated *t)
{
    uint32_t bit = bit_of(t), word = bit / 32, mask = 1u << bit % 32;
    regrets->made++;
    regrets->back += ((regrets->bits[0][word] | regrets->bits[1][word]) & mask) != 0;
    regrets->bits[0][word] &= ~mask;
    regrets->bits[1][word] &= ~mask;
}

bool regrets_are_many(struct code_regrets *regrets)
{
    bool many = regrets->back > regrets->made / 2;
    regrets->made = regrets->back = 0;
    return many;
}
