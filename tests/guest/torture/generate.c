// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs: control flow, the whole, and the machine's state that it starts from.
#include "generate.h"

/* Executions of one instruction by nested loops, and of a whole loop with what it calls. */
enum { MOST_REPEATED = 48, MOST_COST = 3000 };

const char *const program_mode_names[PROGRAM_MODES] = { "flat-3",  "flat-0",  "based-3",
                                                        "based-0", "small-3", "v86" };

/* ---- control flow ---------------------------------------------------------------------------- */

static void patch32(struct program *p, unsigned at, uint32_t v)
{
    for (unsigned n = 0; n < 4 && at + n < p->room; n++)
        p->code[at + n] = (uint8_t)(v >> (8 * n));
}

/* Near jumps to a place yet unknown: rel16 or rel32 by mode. Returns where it is to be patched. */
static unsigned put_forward(struct program *p, unsigned opcode)
{
    mark(p);
    if (opcode >> 8)
        put8(p, opcode >> 8);
    put8(p, opcode);
    put_size(p, p->code16 ? 2 : 4, 0);
    return p->size - (p->code16 ? 2 : 4);
}

static void land_here(struct program *p, unsigned at)
{
    unsigned bytes = p->code16 ? 2 : 4;
    for (unsigned n = 0; n < bytes && at + n < p->room; n++)
        p->code[at + n] = (uint8_t)((p->size - at - bytes) >> (8 * n));
}

static void put_relative(struct program *p, unsigned opcode, unsigned to)
{
    mark(p);
    if (opcode >> 8)
        put8(p, opcode >> 8);
    put8(p, opcode);
    put_size(p, p->code16 ? 2 : 4, to - (p->size + (p->code16 ? 2 : 4)));
}

/* A condition, JCXZ or JMP over some instructions; short where they may be. */
static void put_branch(struct program *p)
{
    need_flags(p, FLAGS_ARITH);
    if (chance(&p->random, 60)) {
        mark(p);
        put8(p, chance(&p->random, 10) ? 0xe3 : 0x70 | random_below(&p->random, 16));
        put8(p, 0);
        unsigned at = p->size;
        put_integer(p);
        put_integer(p);
        need_flags(p, FLAGS_ARITH);
        p->code[at - 1] = (uint8_t)(p->size - at);
        return;
    }
    unsigned opcode = chance(&p->random, 15) ? 0xe9 : 0x0f80 | random_below(&p->random, 16);
    unsigned at = put_forward(p, opcode);
    put_items(p, 1 + random_below(&p->random, 6));
    need_flags(p, FLAGS_ARITH);
    land_here(p, at);
}

/* A counter that nothing in the loop writes, then DEC, SUB or LOOP. */
static void put_loop(struct program *p)
{
    if (p->loops == 2 || p->in_subroutine)
        return;
    unsigned counter = p->counters[p->loops], outer = p->repeat;
    unsigned times = 1 + random_below(&p->random, MOST_REPEATED / outer);
    if (times > 12 && !chance(&p->random, 20))
        times = 2 + times % 10;
    load_immediate(p, counter, times);
    need_flags(p, FLAGS_ARITH);
    unsigned top = p->size, room = p->reserved;
    p->reserved |= (uint8_t)(1 << counter);
    p->repeat *= times;
    p->loops++;
    put_items(p, 1 + random_below(&p->random, 8));
    p->loops--;
    need_flags(p, FLAGS_ARITH);
    mark(p);
    put_operand_size(p, 4);
    if (chance(&p->random, 60)) {
        put8(p, 0x48 | counter);
    } else {
        put16(p, 0xe883 | counter << 8);
        put8(p, 1);
    }
    put_relative(p, 0x0f85, top);
    p->repeat = outer;
    p->reserved = (uint8_t)room;
}

/* Written where it is first met, jumped over, called from anywhere behind. */
static void put_subroutine(struct program *p)
{
    if (p->subroutine_count == SUBROUTINES || p->in_subroutine || p->repeat > 1)
        return;
    need_flags(p, FLAGS_ARITH);
    unsigned at = put_forward(p, 0xe9), before = p->cost;
    struct subroutine *s = &p->subroutines[p->subroutine_count];
    uint8_t reserved = p->reserved;
    s->offset = p->size;
    s->far = !program_in_kernel(p->mode) && chance(&p->random, 20);
    p->in_subroutine = true;
    p->reserved |= (uint8_t)(1 << p->counters[0] | 1 << p->counters[1]);
    put_items(p, 1 + random_below(&p->random, 8));
    need_flags(p, FLAGS_ARITH);
    mark(p);
    put8(p, s->far ? 0xcb : 0xc3);
    p->reserved = reserved;
    p->in_subroutine = false;
    s->cost = p->cost - before;
    p->cost = before;
    p->subroutine_count++;
    land_here(p, at);
}

static void put_call(struct program *p)
{
    if (p->subroutine_count == 0) {
        put_subroutine(p);
        return;
    }
    const struct subroutine *s = &p->subroutines[random_below(&p->random, p->subroutine_count)];
    int reg = free_register(p, 0xff);
    if (s->cost * p->repeat > MOST_COST)
        return;
    need_flags(p, FLAGS_ARITH);
    if (s->far) {
        mark(p);
        put8(p, 0x0e); /* PUSH CS */
        put_relative(p, 0xe8, s->offset);
    } else if (reg >= 0 && chance(&p->random, 40)) {
        load_immediate(p, (unsigned)reg, p->origin + s->offset);
        mark(p);
        put8(p, 0xff);
        put8(p, 0xd0 | (unsigned)reg);
    } else {
        put_relative(p, 0xe8, s->offset);
    }
    p->cost += s->cost * p->repeat;
}

/* JMP reg, or PUSH and RET, over some instructions. */
static void put_indirect(struct program *p)
{
    int reg = free_register(p, 0xff);
    unsigned at;
    need_flags(p, FLAGS_ARITH);
    if (reg >= 0 && chance(&p->random, 60)) {
        load_immediate(p, (unsigned)reg, 0);
        at = p->size - 4;
        mark(p);
        put8(p, 0xff);
        put8(p, 0xe0 | (unsigned)reg);
    } else {
        mark(p);
        put_operand_size(p, 4);
        put8(p, 0x68);
        put32(p, 0);
        at = p->size - 4;
        mark(p);
        put_operand_size(p, 4);
        put8(p, 0xc3);
    }
    put_integer(p);
    put_integer(p);
    need_flags(p, FLAGS_ARITH);
    patch32(p, at, p->origin + p->size);
}

/* AND reg,3; JMP [table+reg*4]; four ways that meet again. */
static void put_switch(struct program *p)
{
    int reg = free_register(p, 0xff);
    unsigned ends[4], table;
    if (reg < 0)
        return;
    mark(p);
    put_operand_size(p, 4);
    put16(p, 0xe083 | (unsigned)reg << 8);
    put8(p, 3);
    flags_done(p, FLAGS_ARITH, FLAG_AF);
    need_flags(p, FLAGS_ARITH);
    mark(p);
    put8(p, 0x2e); /* CS */
    if (p->code16)
        put16(p, 0x6667);
    put16(p, 0x24ff);
    put8(p, 0x85 | (unsigned)reg << 3);
    put32(p, p->origin + p->size + 4);
    table = p->size;
    for (unsigned n = 0; n < 4; n++)
        put32(p, 0);
    for (unsigned n = 0; n < 4; n++) {
        patch32(p, table + n * 4, p->origin + p->size);
        put_integer(p);
        put_integer(p);
        need_flags(p, FLAGS_ARITH);
        ends[n] = put_forward(p, 0xe9);
    }
    for (unsigned n = 0; n < 4; n++)
        land_here(p, ends[n]);
}

void put_items(struct program *p, unsigned items)
{
    for (; items > 0 && p->size + 400 < p->room; items--) {
        unsigned kind = random_below(&p->random, 100);
        if (kind < 58)
            put_integer(p);
        else if (kind < 66)
            put_special(p);
        else if (kind < 71)
            p->has_float ? put_simd(p) : put_integer(p);
        else if (kind < 74)
            p->has_float ? put_x87(p) : put_integer(p);
        else if (kind < 79)
            put_string(p);
        else if (kind < 86)
            put_branch(p);
        else if (kind < 90)
            put_loop(p);
        else if (kind < 96)
            put_call(p);
        else if (kind < 98)
            put_indirect(p);
        else
            put_switch(p);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static uint32_t origin_of(enum program_mode mode)
{
    return mode == FLAT_USER || mode == FLAT_KERNEL ? PROGRAM : 0;
}

/* Two registers hold data addresses, two count loops; the others are free. */
static void share_registers(struct program *p)
{
    static const uint8_t pairs[][2] = { { RSI, RDI }, { RSI, RDI }, { RBX, RDI }, { RSI, RBP },
                                        { RBX, RBP }, { RDI, RDX }, { RBX, RAX } };
    const uint8_t *pair = pairs[random_below(&p->random, ARRAY_SIZE(pairs))];
    p->pointers = (uint8_t)(1 << pair[0] | 1 << pair[1]);
    p->reserved = p->pointers | 1 << RSP;
    for (unsigned n = 0; n < 2; n++) {
        p->counters[n] = (uint8_t)free_register(p, 0xff);
        p->reserved |= (uint8_t)(1 << p->counters[n]);
    }
    p->reserved = p->pointers | 1 << RSP;
}

void program_generate(struct program *p, uint32_t seed, unsigned items, enum program_mode mode)
{
    memset(p, 0, sizeof *p);
    p->random.state = seed;
    p->mode = mode;
    p->code16 = mode == SMALL_USER || mode == V86;
    p->data_base = mode == FLAT_USER || mode == FLAT_KERNEL ? ARENA : 0;
    p->ecx_features = cpuid_ecx();
    p->edx_features = cpuid_edx();
    p->repeat = 1;
    p->has_float = option("float", 1);
    /* Often so that it crosses into another page soon. */
    unsigned start = chance(&p->random, 50) ? random_below(&p->random, 64)
                                            : 0xf00 + random_below(&p->random, 0x100);
    p->code = (uint8_t *)CODE_FRAMES + start;
    p->room = CODE_SIZE - 0x1000 - 64;
    p->origin = origin_of(mode) + start;
    share_registers(p);
    put_items(p, items);
    need_flags(p, FLAGS_ARITH);
    mark(p);
    put8(p, 0xcc);
}

uint32_t program_undefined(const struct program *p, const struct state *s)
{
    uint32_t offset = s->eip - p->origin, pending = 0;
    for (unsigned n = 0; n < p->mark_count && p->marks[n].offset <= offset; n++)
        pending = p->marks[n].pending;
    return pending;
}

uint32_t program_memory_digest(const struct program *p, const struct state *s, uint32_t so_far)
{
    so_far = digest_memory(so_far, (void *)ARENA_FRAMES, ARENA_SIZE);
    if (program_in_kernel(p->mode))
        return digest_memory(so_far, (void *)(s->esp & ~3u), STACK_SIZE / 2);
    return digest_memory(so_far, (void *)STACK_FRAMES, STACK_SIZE);
}

/* ---- where it runs --------------------------------------------------------------------------- */

static void map_repeatedly(uint32_t linear, unsigned pages, uint32_t frames, unsigned modulo)
{
    for (unsigned n = 0; n < pages; n++)
        *map_entry(linear + n * 4096) = (frames + n % modulo * 4096) | PTE_P | PTE_W | PTE_U;
}

void program_segments(enum program_mode mode)
{
    bool small = mode == SMALL_USER, flat = mode == FLAT_USER || mode == FLAT_KERNEL;
    unsigned size = small ? SEGMENT_16 : SEGMENT_32;
    uint32_t limit = small ? 0xffff : 0x1ffff;
    set_segment(CODE_TEST, PROGRAM, CODE_SIZE - 1, ACCESS_CODE3, size);
    set_segment(CODE0_TEST, PROGRAM, CODE_SIZE - 1, ACCESS_CODE0, size);
    set_segment(DATA_TEST, ARENA, limit, ACCESS_DATA3, size);
    set_segment(DATA0_TEST, ARENA, limit, ACCESS_DATA0, size);
    set_segment(STACK_TEST, STACK, limit, ACCESS_DATA3, size);
    unsigned wide = flat ? SEGMENT_32 | SEGMENT_PAGES : size;
    set_segment(FS_TEST, flat ? 0x1230 : ARENA + 0x123, flat ? 0xfffff : limit, ACCESS_DATA3, wide);
    set_segment(GS_TEST, flat ? 0x3450 : ARENA + 0x2345, flat ? 0xfffff : 0xfffe, ACCESS_DATA3,
                wide);
}

void program_map(enum program_mode mode)
{
    map_repeatedly(ARENA, 64, ARENA_FRAMES, 2);
    map_repeatedly(STACK, 64, STACK_FRAMES, 2);
    map_repeatedly(PROGRAM, CODE_SIZE / 4096, CODE_FRAMES, CODE_SIZE / 4096);
    map_repeatedly(LOW_ARENA, 32, ARENA_FRAMES, 2);
    map_repeatedly(LOW_STACK, 17, STACK_FRAMES, 2);
    map_repeatedly(LOW_CODE, CODE_SIZE / 4096, CODE_FRAMES, CODE_SIZE / 4096);
    set_cr3(cr3());
    program_segments(mode);
}

static void start_segments(const struct program *p, struct state *s)
{
    s->fs = FS_TEST;
    s->gs = GS_TEST;
    switch (p->mode) {
    case BASED_KERNEL: s->ds = s->es = DATA0_TEST; break;
    case BASED_USER:
    case SMALL_USER:
        s->ds = s->es = DATA_TEST;
        s->ss = STACK_TEST;
        break;
    case V86:
        s->ds = LOW_ARENA;
        s->es = 0x123;
        s->fs = 0xabc;
        s->gs = 0xfff;
        s->ss = LOW_STACK >> 4;
        s->eflags |= FLAG_VM | 0x3000;
        break;
    default: break;
    }
}

static void start_float(struct random *r, struct state *s)
{
    for (unsigned n = 160; n < 288; n++)
        s->fx[n] = (uint8_t)random32(r);
    s->fx[1] = 3 | (random32(r) & 0xc); /* rounding */
    s->fx[25] = 0x1f | (random32(r) & 0x60);
    s->fx[4] = chance(r, 50) ? 0xff : 0; /* tags: all in use, or all empty */
    for (unsigned n = 0; n < 8; n++)
        for (unsigned k = 0; k < 10; k++)
            s->fx[32 + n * 16 + k] = (uint8_t)(k == 9   ? 0x3f + random_below(r, 2)
                                               : k == 7 ? 0x80 | random32(r)
                                                        : random32(r));
}

void program_start(const struct program *p, struct state *s)
{
    struct random r = { p->random.state ^ 0x5bd1e995 };
    bool kernel = program_in_kernel(p->mode);
    bool flat_stack = kernel || p->mode == FLAT_USER;
    state_init(s, (void *)p->origin, (flat_stack ? STACK : 0) + 0x4800, kernel ? 0 : 3);
    for (uint32_t *reg = &s->edi; reg <= &s->eax; reg++)
        if (reg != &s->esp)
            *reg = random32(&r);
    static const uint8_t order[] = { RDI, RSI, RBP, RSP, RBX, RDX, RCX, RAX };
    for (unsigned n = 0; n < 8; n++)
        if (p->pointers >> order[n] & 1)
            (&s->edi)[n] = p->data_base + 0x1000 + random_below(&r, 0x5000);
    s->eflags = 2 | (random32(&r) & FLAGS_ARITH);
    if (p->mode == BASED_USER || p->mode == SMALL_USER)
        s->cs = CODE_TEST;
    else if (p->mode == BASED_KERNEL)
        s->cs = CODE0_TEST;
    else if (p->mode == V86)
        s->cs = LOW_CODE >> 4;
    start_segments(p, s);
    start_float(&r, s);
}
