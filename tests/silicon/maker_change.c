// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Code of a random program that changes itself.
#include "maker.h"

#include <string.h>

#include "base/bits.h"

/* MOV r8,imm8; MOV r32,imm32; INC or DEC of a register: written to as immediate, or as opcode. */
static bool make_patchable(struct maker *m, struct item *i)
{
    static const uint8_t usable[] = { RAX, RCX, RDX, RBX, RBP, RSI, RDI };
    static const uint8_t opcodes[] = { 0xb0, 0xb8, 0x40 }, lengths[] = { 2, 5, 1 };
    unsigned reg = usable[random_below(m->random, ARRAY_SIZE(usable))];
    unsigned way = random_below(m->random, 3);
    if (m->kept & (1 << reg | 1 << (reg & 3)))
        return false;
    *i = (struct item){ .kind = ITEM_PLAIN, .length = lengths[way], .patchable = true };
    i->target = -1;
    i->bytes[0] = (uint8_t)(opcodes[way] | reg);
    i->bytes[1] = (uint8_t)random32(m->random);
    i->defines = way == 2 ? EFLAGS_ARITH & ~EFLAGS_CF : 0;
    return true;
}

/* The store that changes it. */
static struct item *add_patch(struct maker *m, const struct item *to)
{
    static const uint8_t opcodes[] = { 0x40, 0x48 };
    uint8_t change[7] = { 0xc6, 0x05 };
    struct item *i;
    if (to->length == 1) {
        change[6] = (uint8_t)(opcodes[random_below(m->random, 2)] | (to->bytes[0] & 7));
        i = maker_add(m, ITEM_ADDRESS, change, 7);
        i->address_at = 2;
        return i;
    }
    change[0] = to->length == 2 ? 0xa2 : 0xa3; /* MOV moffs,AL or EAX */
    i = maker_add(m, ITEM_ADDRESS, change, 5);
    i->address_at = 1;
    i->address_add = 1;
    return i;
}

/* Before what it changes, the very next perhaps; or behind, which shows in loops. */
void maker_add_self_change(struct maker *m, unsigned depth)
{
    struct program *p = m->program;
    struct item changed;
    int change = -1;
    if (m->patchable >= 0 && one_in(m->random, 2)) {
        add_patch(m, &p->items[m->patchable])->target = (int16_t)m->patchable;
        return;
    }
    if (!make_patchable(m, &changed))
        return;
    if (!one_in(m->random, 4)) {
        add_patch(m, &changed);
        change = (int)p->count - 1;
        maker_add_block(m, random_below(m->random, 3), depth + 1);
    }
    m->known &= (uint8_t) ~(1 << (changed.bytes[0] & 7) | 1 << (changed.bytes[0] & 3));
    m->patchable = (int)p->count;
    p->items[p->count++] = changed;
    if (change >= 0)
        p->items[change].target = (int16_t)m->patchable;
}
