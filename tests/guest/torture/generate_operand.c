// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs: bytes, registers, memory operands, flags.
#include "generate.h"

void put8(struct program *p, unsigned v)
{
    if (p->size < p->room)
        p->code[p->size++] = (uint8_t)v;
}

void put16(struct program *p, unsigned v)
{
    put8(p, v);
    put8(p, v >> 8);
}

void put32(struct program *p, uint32_t v)
{
    put16(p, v);
    put16(p, v >> 16);
}

void put_size(struct program *p, unsigned bytes, uint32_t v)
{
    for (unsigned n = 0; n < bytes; n++)
        put8(p, v >> (8 * n));
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* An instruction starts here: what is undefined if it faults. */
void mark(struct program *p)
{
    if (p->mark_count == MARKS)
        return;
    p->marks[p->mark_count].offset = (uint16_t)p->size;
    p->marks[p->mark_count++].pending = (uint16_t)p->pending;
    p->cost += p->repeat;
}

/* CMP, or TEST EAX,EAX where AF may stay undefined. */
void need_flags(struct program *p, uint32_t flags)
{
    if (!(p->pending & flags))
        return;
    mark(p);
    put8(p, 0x39);
    put8(p, 0xc0 | random_below(&p->random, 64));
    p->pending = 0;
}

void flags_done(struct program *p, uint32_t defined, uint32_t undefined)
{
    p->pending = (p->pending & ~defined) | undefined;
}

/* ---- registers ------------------------------------------------------------------------------- */

unsigned any_register(struct program *p)
{
    return random_below(&p->random, 8);
}

bool is_free(const struct program *p, unsigned reg)
{
    return !(p->reserved >> reg & 1);
}

int free_register(struct program *p, uint8_t allowed)
{
    unsigned first = random_below(&p->random, 8);
    for (unsigned n = 0; n < 8; n++) {
        unsigned reg = (first + n) & 7;
        if ((allowed >> reg & 1) && is_free(p, reg))
            return (int)reg;
    }
    return -1;
}

void load_immediate(struct program *p, unsigned reg, uint32_t v)
{
    mark(p);
    put_operand_size(p, 4);
    put8(p, 0xb8 | reg);
    put32(p, v);
}

/* ---- memory ---------------------------------------------------------------------------------- */

uint32_t data_address(struct program *p, unsigned alignment)
{
    uint32_t offset = 0x1000 + random_below(&p->random, 0x6000);
    if (chance(&p->random, 10)) /* about a page's end */
        offset = ((offset + 0xfff) & ~0xfffu) - random_below(&p->random, 16);
    return p->data_base + (offset & ~(alignment - 1));
}

static void bytes(struct operand *o, unsigned count, uint32_t v)
{
    for (unsigned n = 0; n < count; n++)
        o->bytes[o->count++] = (uint8_t)(v >> (8 * n));
}

/* Any 16-bit address is a good one. */
static void operand16(struct program *p, struct operand *o, unsigned alignment)
{
    unsigned form = random_below(&p->random, 3), rm = random_below(&p->random, 8);
    if (alignment > 1) {
        form = 0;
        rm = 6;
    }
    bytes(o, 1, form << 6 | rm);
    if (form == 1)
        bytes(o, 1, random32(&p->random));
    else if (form == 2 || rm == 6)
        bytes(o, 2, data_address(p, alignment));
}

/* MOVZX: a 32-bit register gets a small value, and flags stay. */
static int small_value(struct program *p, unsigned bits)
{
    int reg = free_register(p, 0xff);
    if (reg < 0)
        return reg;
    mark(p);
    put_operand_size(p, 4);
    put8(p, 0x0f);
    put8(p, bits == 8 ? 0xb6 : 0xb7);
    put8(p, 0xc0 | (unsigned)reg << 3 | random_below(&p->random, 8));
    return reg;
}

/* Base, perhaps an index, a displacement that keeps within 128 KiB. */
static void based(struct program *p, struct operand *o, unsigned base, uint32_t add)
{
    bool wide = add != 0 || chance(&p->random, 30), index = chance(&p->random, 30);
    int reg = index && base != RSP ? small_value(p, 8) : -1;
    uint32_t displacement = add + random_below(&p->random, 128);
    unsigned mod = wide ? 0x80 : 0x40;
    if (reg == (int)base || (reg >= 0 && (p->pointers >> base & 1) == 0))
        reg = -1;
    if (base == RSP)
        bytes(o, 2, 0x24 << 8 | mod | 4);
    else if (reg >= 0)
        bytes(o, 2, (random_below(&p->random, 4) << 6 | (unsigned)reg << 3 | base) << 8 | mod | 4);
    else if (base != RBP && chance(&p->random, 20)) {
        bytes(o, 1, base);
        return;
    } else
        bytes(o, 1, mod | base);
    bytes(o, wide ? 4 : 1, displacement);
}

static void operand32(struct program *p, struct operand *o, unsigned alignment)
{
    unsigned kind = random_below(&p->random, 10);
    int reg;
    if (alignment == 1 && kind < 6) {
        do
            reg = (int)random_below(&p->random, 8);
        while (!(p->pointers >> reg & 1));
        based(p, o, (unsigned)reg, 0);
    } else if (alignment == 1 && kind < 8 && (reg = small_value(p, 16)) >= 0) {
        based(p, o, (unsigned)reg, chance(&p->random, 50) ? p->data_base : 0);
    } else if (alignment == 1 && kind == 8) {
        based(p, o, RSP, 0);
    } else {
        bytes(o, 1, 5);
        bytes(o, 4, data_address(p, alignment));
    }
}

/* May emit an instruction that makes a register fit. */
void memory_operand(struct program *p, struct operand *o, unsigned alignment)
{
    static const uint8_t segments[] = { 0x26, 0x36, 0x3e, 0x64, 0x65 };
    bool address16 = chance(&p->random, p->code16 ? 85 : 8);
    *o = (struct operand){ .other_size = address16 != p->code16 };
    if (chance(&p->random, 12))
        o->segment = segments[random_below(&p->random, 5)];
    if (alignment > 1 && (p->mode == BASED_USER || p->mode == BASED_KERNEL))
        o->segment = 0; /* FS and GS have odd bases */
    if (address16)
        operand16(p, o, alignment);
    else
        operand32(p, o, alignment);
}

void put_operand(struct program *p, const struct operand *o, unsigned reg)
{
    put8(p, o->bytes[0] | reg << 3);
    for (unsigned n = 1; n < o->count; n++)
        put8(p, o->bytes[n]);
}

void put_prefixes(struct program *p, const struct operand *o)
{
    if (o->segment)
        put8(p, o->segment);
    if (o->other_size)
        put8(p, 0x67);
}

void put_operand_size(struct program *p, unsigned size)
{
    if (size > 1 && (size == 2) != p->code16)
        put8(p, 0x66);
}
