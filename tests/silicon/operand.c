// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Memory operands: where they are, and every way to say so.
#include "operand.h"

#include <string.h>

#include "base/bits.h"
#include "values.h"

/* ---- places ---------------------------------------------------------------------------------- */

uint32_t operand_place(struct random *r, unsigned size)
{
    static const uint8_t good[] = { 0, 1, 2, 3, 6, 7, 8, 9, 11, 12, 13, 14, 15 };
    uint32_t page = ARENA + good[random_below(r, ARRAY_SIZE(good))] * LAYOUT_PAGE;
    unsigned most = LAYOUT_PAGE - 64 - size;
    switch (random_below(r, 16)) {
    case 0: /* across the border of any two pages */
        return ARENA + random_below(r, ARENA_PAGES + 1) * LAYOUT_PAGE - random_below(r, size + 1);
    case 1: /* anywhere, nothing at all or the read-only page */
        return one_in(r, 4) ? random_value(r) : ARENA + random_below(r, ARENA_SIZE);
    case 2:
    case 3:
    case 4: /* not aligned */ return page + 32 + random_below(r, most);
    default: return page + 64 + (random_below(r, most) & ~63u);
    }
}

/*
 * Runs of writable pages: 0-3, 6-9, 11-15. Page 8 has the stack: who writes over a return address
 * goes where
 * nobody knows what flags are undefined. The last bytes of all are the programs' own.
 */
static uint32_t safe_place(struct random *r, unsigned size)
{
    static const uint8_t crossed[] = { 1, 2, 3, 7, 12, 13, 14, 15 };
    static const uint8_t pages[] = { 0, 1, 2, 6, 7, 9, 12, 13 };
    if (one_in(r, 12))
        return ARENA + crossed[random_below(r, ARRAY_SIZE(crossed))] * LAYOUT_PAGE -
               random_below(r, size + 1);
    uint32_t page = ARENA + pages[random_below(r, ARRAY_SIZE(pages))] * LAYOUT_PAGE;
    uint32_t offset = 64 + random_below(r, LAYOUT_PAGE - 128 - size);
    return page + (size >= 16 || one_in(r, 2) ? offset & ~15u : offset);
}

uint32_t operand_choose(struct encoder *e, unsigned size)
{
    return e->in_program && !one_in(e->random, 200) ? safe_place(e->random, size)
                                                    : operand_place(e->random, size);
}

void operand_fill(struct encoder *e, uint32_t linear, unsigned size)
{
    uint8_t bytes[64];
    if (e->in_program)
        return;
    if (size > sizeof bytes)
        size = sizeof bytes;
    random_bytes(e->random, bytes, size);
    for (unsigned n = 0; n < size;) {
        unsigned page = layout_page_of(linear + n);
        unsigned here = MIN(size - n, LAYOUT_PAGE - ((linear + n) & (LAYOUT_PAGE - 1)));
        if (page < ARENA_PAGES && layout_page_kind(page) == PAGE_WRITABLE)
            memcpy(case_patch(e->c, linear + n, here), bytes + n, here);
        n += here;
    }
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint32_t *gpr(struct encoder *e, unsigned r)
{
    e->used |= (uint8_t)(1 << r);
    return &e->c->in.gpr[r];
}

static bool may_set(const struct encoder *e, unsigned r)
{
    return !(e->fixed >> r & 1);
}

static uint32_t default_base(const struct encoder *e, bool stack)
{
    unsigned segment = e->segment != SEG_NONE ? e->segment : stack ? SEG_SS : SEG_DS;
    return layout_base(e->c->in.segment[segment]);
}

/* ---- 32-bit addresses ------------------------------------------------------------------------ */

static uint32_t random_displacement(struct random *r, unsigned mod)
{
    return mod == 0 ? 0 : mod == 1 ? (uint32_t)(int8_t)random32(r) : random_value(r);
}

/* The displacement that gives the offset with the registers as they are. */
static void emit_displacement(struct encoder *e, unsigned mod, uint32_t displacement)
{
    if (mod != 0)
        emit(e, displacement, mod == 1 ? 1 : 4);
}

static void emit_sib(struct encoder *e, unsigned reg, uint32_t linear)
{
    struct random *r = e->random;
    unsigned mod = random_below(r, 3), scale = random_below(r, 4), index = random_below(r, 8),
             base = random_below(r, 8);
    bool no_base = mod == 0 && base == RBP;
    uint32_t offset = linear - default_base(e, !no_base && (base == RSP || base == RBP));
    uint32_t displacement = random_displacement(r, mod);
    uint32_t factor = index == RSP ? 0 : 1u << scale;
    uint32_t added = factor != 0 ? *gpr(e, index) * factor : 0;
    /* Base and index in one register, or nothing that may be set: the displacement has to do it. */
    if (!no_base && (!may_set(e, base) || (base == index && factor != 0)))
        mod = 2;
    emit(e, mod << 6 | reg << 3 | 4, 1);
    emit(e, scale << 6 | index << 3 | base, 1);
    if (no_base) {
        emit(e, offset - added, 4);
        return;
    }
    if (mod == 2)
        displacement = offset - *gpr(e, base) - added;
    else
        *gpr(e, base) = offset - displacement - added;
    emit_displacement(e, mod, displacement);
}

static void emit_memory32(struct encoder *e, unsigned reg, uint32_t linear)
{
    struct random *r = e->random;
    unsigned mod = random_below(r, 3), base = random_below(r, 8);
    if (base == RSP) {
        emit_sib(e, reg, linear);
    } else if (mod == 0 && base == RBP) {
        emit(e, reg << 3 | RBP, 1);
        emit(e, linear - default_base(e, false), 4);
    } else {
        uint32_t offset = linear - default_base(e, base == RBP);
        if (!may_set(e, base))
            mod = 2;
        uint32_t displacement = random_displacement(r, mod);
        if (may_set(e, base))
            *gpr(e, base) = offset - displacement;
        else
            displacement = offset - *gpr(e, base);
        emit(e, mod << 6 | reg << 3 | base, 1);
        emit_displacement(e, mod, displacement);
    }
}

/* ---- 16-bit addresses ------------------------------------------------------------------------ */

/* The high halves of registers play no part. */
static void set_low(struct encoder *e, unsigned r, uint32_t value)
{
    *gpr(e, r) = (*gpr(e, r) & 0xffff0000) | (value & 0xffff);
}

static void emit_memory16(struct encoder *e, unsigned reg, uint32_t linear)
{
    static const uint8_t bases[8] = { RBX, RBX, RBP, RBP, RSI, RDI, RBP, RBX };
    static const uint8_t indices[8] = {
        RSI, RDI, RSI, RDI, REG_ZERO, REG_ZERO, REG_ZERO, REG_ZERO
    };
    struct random *r = e->random;
    unsigned mod = random_below(r, 3), rm = random_below(r, 8);
    bool no_base = mod == 0 && rm == 6;
    uint32_t offset = linear - default_base(e, bases[rm] == RBP && !no_base);
    if (!no_base && !may_set(e, bases[rm]))
        mod = 2;
    uint32_t displacement = random_displacement(r, mod);
    uint32_t index = indices[rm] == REG_ZERO ? 0 : *gpr(e, indices[rm]);
    emit(e, mod << 6 | reg << 3 | rm, 1);
    if (no_base) {
        emit(e, offset, 2);
        return;
    }
    if (may_set(e, bases[rm]))
        set_low(e, bases[rm], offset - displacement - index);
    else
        displacement = offset - *gpr(e, bases[rm]) - index;
    if (mod != 0)
        emit(e, displacement, mod);
}

void operand_emit_memory(struct encoder *e, unsigned reg, uint32_t linear)
{
    if (e->asize16)
        emit_memory16(e, reg, linear);
    else
        emit_memory32(e, reg, linear);
}
