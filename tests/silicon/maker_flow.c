// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Branches, loops and calls of a random program.
#include "maker.h"

#include <string.h>

#include "base/bits.h"

/* What both ways agree on. */
static void merge(struct maker *m, const struct maker *other)
{
    for (unsigned n = 0; n < 8; n++)
        if (!(other->known >> n & 1) || other->value[n] != m->value[n])
            m->known &= (uint8_t) ~(1 << n);
}

static uint16_t condition_reads(unsigned condition)
{
    static const uint16_t reads[8] = {
        EFLAGS_OF,
        EFLAGS_CF,
        EFLAGS_ZF,
        EFLAGS_CF | EFLAGS_ZF,
        EFLAGS_SF,
        EFLAGS_PF,
        EFLAGS_SF | EFLAGS_OF,
        EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF,
    };
    return reads[condition >> 1];
}

void maker_add_branch(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    unsigned condition = random_below(r, 16), at = m->program->count;
    unsigned count = 1 + random_below(r, one_in(r, 4) ? 20 : 4);
    if (one_in(r, 12) && !(m->kept & 1 << RCX)) {
        uint8_t loop[2] = { (uint8_t)(0xe0 + random_below(r, 4)) };
        struct item *i = maker_add(m, ITEM_BRANCH, loop, 2);
        i->only_short = true;
        i->reads = loop[0] < 0xe2 ? EFLAGS_ZF : 0;
        m->known &= (uint8_t) ~(1 << RCX);
        count = 1;
    } else {
        uint8_t jump[2] = { (uint8_t)(0x70 | condition) };
        maker_add(m, ITEM_BRANCH, jump, 2)->reads = condition_reads(condition);
    }
    struct maker before = *m;
    maker_add_block(m, count, depth + 1);
    merge(m, &before);
    m->program->items[at].target = (int16_t)m->program->count;
}

/* Over code that nobody reaches: by a jump, or by a register or memory that holds the address. */
void maker_add_skip(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    unsigned first = m->program->count, way = random_below(r, 3);
    static const uint8_t usable[] = { RAX, RCX, RDX, RBX, RBP, RSI, RDI };
    unsigned reg = usable[random_below(r, ARRAY_SIZE(usable))];
    if (m->kept >> reg & 1)
        way = 0;
    if (way == 1) {
        uint8_t load[5] = { (uint8_t)(0xb8 | reg) }, jump[2] = { 0xff, (uint8_t)(0xe0 | reg) };
        maker_add(m, ITEM_ADDRESS, load, 5)->address_at = 1;
        maker_add(m, ITEM_INDIRECT, jump, 2);
        m->known &= (uint8_t) ~(1 << reg);
    } else if (way == 2) {
        uint8_t store[10] = { 0xc7, 0x05 }, jump[6] = { 0xff, 0x25 };
        store_le32(store + 2, SLOTS);
        store_le32(jump + 2, SLOTS);
        maker_add(m, ITEM_ADDRESS, store, 10)->address_at = 6;
        maker_add(m, ITEM_INDIRECT, jump, 6);
    } else {
        ADD(m, ITEM_JUMP, "\xeb\x00");
    }
    unsigned end = m->program->count;
    struct maker before = *m;
    maker_add_block(m, random_below(r, 3), depth + 1);
    m->known = before.known;
    memcpy(m->value, before.value, sizeof m->value);
    for (unsigned n = first; n < end; n++)
        m->program->items[n].target = (int16_t)m->program->count;
}

/* The counter is in memory, or in a register that nothing else writes. */
void maker_add_loop(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    static const uint8_t usable[] = { RBX, RBP, RSI, RDI };
    unsigned reg = usable[random_below(r, ARRAY_SIZE(usable))], times = 1 + random_below(r, 12);
    uint8_t kept = m->kept;
    uint32_t slot = SLOTS + 8 + 4 * depth;
    bool in_register = one_in(r, 2) && !(m->kept >> reg & 1);
    if (in_register) {
        maker_load(m, reg, times);
        m->kept |= (uint8_t)(1 << reg);
    } else {
        uint8_t store[10] = { 0xc7, 0x05 };
        store_le32(store + 2, slot);
        store_le32(store + 6, times);
        maker_add(m, ITEM_PLAIN, store, 10);
    }
    unsigned head = m->program->count;
    m->program->items[head - 1].keep = true;
    m->known = 0;
    maker_add_block(m, 1 + random_below(r, 8), depth + 1);
    uint8_t one[1] = { (uint8_t)(0x48 | reg) }, memory[6] = { 0xff, 0x0d };
    store_le32(memory + 2, slot);
    struct item *i =
        in_register ? maker_add(m, ITEM_PLAIN, one, 1) : maker_add(m, ITEM_PLAIN, memory, 6);
    i->keep = true;
    i->defines = EFLAGS_ARITH & ~EFLAGS_CF;
    m->known &= (uint8_t) ~(in_register ? 1 << reg : 0);
    i = ADD(m, ITEM_BRANCH, "\x75\x00");
    i->target = (int16_t)head;
    i->reads = EFLAGS_ZF;
    m->kept = kept;
}

/* call f; jmp end; f: ...; ret; end: */
void maker_add_call(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    uint8_t kept = m->kept;
    bool indirect = one_in(r, 3) && !(m->kept & 1 << RDX);
    if (indirect) {
        ADD(m, ITEM_ADDRESS, "\xba\0\0\0\0")->address_at = 1;
        ADD(m, ITEM_INDIRECT, "\xff\xd2");
        m->known &= (uint8_t) ~(1 << RDX);
    } else {
        ADD(m, ITEM_CALL, "\xe8\x00");
    }
    unsigned call = m->program->count - 1;
    ADD(m, ITEM_JUMP, "\xeb\x00");
    for (unsigned n = call - indirect; n <= call; n++)
        m->program->items[n].target = (int16_t)m->program->count;
    bool stack = m->stack_is_kept;
    m->known &= (uint8_t) ~(1 << RSP);
    m->stack_is_kept = true;
    maker_add_block(m, 1 + random_below(r, 6), depth + 1);
    m->stack_is_kept = stack;
    ADD(m, ITEM_INDIRECT, "\xc3")->target = (int16_t)(call + 1);
    m->program->items[call + 1].target = (int16_t)m->program->count;
    m->kept = kept;
}
