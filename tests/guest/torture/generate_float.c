// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs: MMX, SSE and x87 instructions.
#include "generate.h"

enum feature { MMX, SSE, SSE2, SSE3, SSSE3, SSE41, SSE42 };
enum {
    IMM = 1,
    MEM = 2, /* memory only */
    REG = 4, /* registers only */
    ALIGNED = 8,
    GPR = 0x10,         /* the first operand is a general register, and written */
    GPR_READ = 0x20,    /* ... and read */
    GPR_RM = 0x40,      /* the second operand may be a general register */
    WRITES = 0x80,      /* ... which is written */
    GPR_RM_READ = 0x40, /* ... which is read */
    FLAGS = 0x100,
    WRITES_ECX = 0x200
};

static const struct row {
    uint8_t feature, prefix, map, first, last;
    uint16_t attributes;
} rows[] = {
#define ROW(...) { __VA_ARGS__ },
#include "generate_simd.inc"
};

static bool has(const struct program *p, unsigned feature)
{
    static const struct {
        bool ecx;
        uint8_t bit;
    } bits[] = { { false, 23 }, { false, 25 }, { false, 26 }, { true, 0 },
                 { true, 9 },   { true, 19 },  { true, 20 } };
    uint32_t features = bits[feature].ecx ? p->ecx_features : p->edx_features;
    return features >> bits[feature].bit & 1;
}

static bool pick_registers(struct program *p, unsigned attributes, bool memory, unsigned *reg,
                           unsigned *rm)
{
    int got;
    *reg = random_below(&p->random, 8);
    *rm = random_below(&p->random, 8);
    if ((attributes & WRITES_ECX) && !is_free(p, RCX))
        return false;
    if (attributes & GPR) {
        if ((got = free_register(p, 0xff)) < 0)
            return false;
        *reg = (unsigned)got;
    }
    if (!memory && (attributes & WRITES)) {
        if ((got = free_register(p, 0xff)) < 0)
            return false;
        *rm = (unsigned)got;
    }
    return true;
}

void put_simd(struct program *p)
{
    const struct row *row = &rows[random_below(&p->random, ARRAY_SIZE(rows))];
    unsigned a = row->attributes, reg, rm;
    bool memory = !(a & REG) && ((a & MEM) || chance(&p->random, 45));
    struct operand o;
    if (!has(p, row->feature) || !pick_registers(p, a, memory, &reg, &rm))
        return;
    if (memory)
        memory_operand(p, &o, a & ALIGNED ? 16 : 1);
    mark(p);
    if (memory)
        put_prefixes(p, &o);
    if (row->prefix)
        put8(p, row->prefix);
    put8(p, 0x0f);
    if (row->map != 0x0f)
        put8(p, row->map);
    put8(p, row->first + random_below(&p->random, row->last - row->first + 1u));
    if (memory)
        put_operand(p, &o, reg);
    else
        put8(p, 0xc0 | reg << 3 | rm);
    if (a & IMM) /* comparisons have eight kinds, EXTRACT and ROUND few */
        put8(p, random32(&p->random) & (row->map == 0x0f && row->first == 0xc2 ? 7 : 0x3f));
    if (a & FLAGS)
        flags_done(p, FLAGS_ARITH, 0);
}

/* ---- x87 ------------------------------------------------------------------------------------- */

/* First byte, then the range of the second. All exceptions are masked. */
static const struct {
    uint8_t first, low, high;
} registers[] = {
    { 0xd8, 0xc0, 0xff }, { 0xd9, 0xc0, 0xd0 }, { 0xd9, 0xe0, 0xe1 }, { 0xd9, 0xe4, 0xe5 },
    { 0xd9, 0xe8, 0xee }, { 0xd9, 0xe8, 0xee }, { 0xd9, 0xf0, 0xff }, { 0xda, 0xc0, 0xdf },
    { 0xda, 0xe9, 0xe9 }, { 0xdb, 0xc0, 0xdf }, { 0xdb, 0xe2, 0xe3 }, { 0xdb, 0xe8, 0xf7 },
    { 0xdc, 0xc0, 0xcf }, { 0xdc, 0xe0, 0xff }, { 0xdd, 0xc0, 0xc7 }, { 0xdd, 0xd0, 0xef },
    { 0xde, 0xc0, 0xcf }, { 0xde, 0xd9, 0xd9 }, { 0xde, 0xe0, 0xff }, { 0xdf, 0xe0, 0xe0 },
    { 0xdf, 0xe8, 0xf7 },
};

static const struct {
    uint8_t opcode, digit;
    bool sse3;
} memories[] = {
    { 0xd8, 0, 0 }, { 0xd8, 1, 0 }, { 0xd8, 2, 0 }, { 0xd8, 3, 0 }, { 0xd8, 4, 0 }, { 0xd8, 5, 0 },
    { 0xd8, 6, 0 }, { 0xd8, 7, 0 }, { 0xdc, 0, 0 }, { 0xdc, 1, 0 }, { 0xdc, 2, 0 }, { 0xdc, 3, 0 },
    { 0xdc, 4, 0 }, { 0xdc, 6, 0 }, { 0xda, 0, 0 }, { 0xda, 1, 0 }, { 0xda, 3, 0 }, { 0xda, 6, 0 },
    { 0xde, 0, 0 }, { 0xde, 1, 0 }, { 0xde, 2, 0 }, { 0xde, 5, 0 }, { 0xd9, 0, 0 }, { 0xd9, 0, 0 },
    { 0xd9, 2, 0 }, { 0xd9, 3, 0 }, { 0xdd, 0, 0 }, { 0xdd, 0, 0 }, { 0xdd, 2, 0 }, { 0xdd, 3, 0 },
    { 0xdb, 0, 0 }, { 0xdb, 2, 0 }, { 0xdb, 3, 0 }, { 0xdb, 5, 0 }, { 0xdb, 7, 0 }, { 0xdf, 0, 0 },
    { 0xdf, 2, 0 }, { 0xdf, 3, 0 }, { 0xdf, 5, 0 }, { 0xdf, 6, 0 }, { 0xdf, 7, 0 }, { 0xd9, 7, 0 },
    { 0xdd, 7, 0 }, { 0xdd, 1, 1 }, { 0xdb, 1, 1 }, { 0xdf, 1, 1 },
};

static void put_x87_memory(struct program *p)
{
    unsigned n = random_below(&p->random, ARRAY_SIZE(memories));
    struct operand o;
    if (memories[n].sse3 && !has(p, SSE3))
        return;
    memory_operand(p, &o, 1);
    mark(p);
    put_prefixes(p, &o);
    put8(p, memories[n].opcode);
    put_operand(p, &o, memories[n].digit);
}

/* FCMOVcc reads flags, FCOMI and its kin write three of them. */
static void put_x87_register(struct program *p)
{
    unsigned n = random_below(&p->random, ARRAY_SIZE(registers)), first = registers[n].first,
             low = registers[n].low,
             second = low + random_below(&p->random, registers[n].high - low + 1u);
    bool moves = (first == 0xda || first == 0xdb) && second < 0xe0;
    bool compares = (first == 0xdb || first == 0xdf) && second >= 0xe8;
    if (first == 0xdf && second == 0xe0 && !is_free(p, RAX))
        return;
    if (moves)
        need_flags(p, FLAG_CF | FLAG_ZF | FLAG_PF);
    mark(p);
    put8(p, first);
    put8(p, second);
    if (!compares)
        return;
    flags_done(p, FLAG_CF | FLAG_ZF | FLAG_PF, FLAG_OF | FLAG_SF | FLAG_AF);
    mark(p);
    put16(p, 0xe1d9); /* FABS: the manual says that FCOMI clears C1, AMD's leave it */
}

void put_x87(struct program *p)
{
    for (unsigned n = 1 + random_below(&p->random, 4); n > 0; n--)
        if (chance(&p->random, 45))
            put_x87_memory(p);
        else
            put_x87_register(p);
    if (chance(&p->random, 3)) { /* EMMS */
        mark(p);
        put16(p, 0x770f);
    }
}
