// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Registers and memory that an instruction uses without naming them, or only with values that make
// sense.
#include "prepare.h"

#include <string.h>

#include "base/bits.h"
#include "rows.h"
#include "values.h"

static uint32_t *gpr(struct encoder *e, unsigned r)
{
    return &e->c->in.gpr[r];
}

static void fix(struct encoder *e, unsigned r, uint32_t value)
{
    *gpr(e, r) = value;
    e->fixed |= (uint8_t)(1 << r);
    e->used |= (uint8_t)(1 << r);
}

static uint32_t base_of(const struct encoder *e, unsigned segment)
{
    return layout_base(e->c->in.segment[segment]);
}

/* Writable memory only. */
static void put32(struct encoder *e, uint32_t linear, uint32_t value)
{
    unsigned page = layout_page_of(linear);
    if (!e->in_program && page < ARENA_PAGES && layout_page_kind(page) == PAGE_WRITABLE &&
        layout_page_of(linear + 3) == page)
        store_le32(case_patch(e->c, linear, 4), value);
}

/* ---- what may be jumped to ------------------------------------------------------------------- */

uint32_t prepare_code_place(struct encoder *e)
{
    switch (random_below(e->random, 16)) {
    case 0: return ARENA + random_below(e->random, ARENA_SIZE);
    case 1: return random_value(e->random);
    default: return CODE + random_below(e->random, CODE_SIZE);
    }
}

/* Not 33h: 64-bit code. Not 7Bh: its limit is the number of the processor. */
uint16_t prepare_selector(struct random *r, bool code)
{
    static const uint16_t data[] = { 0,    3,    0x0b, 0x18, 0x1b, 0x20, 0x23,   0x28,
                                     0x2b, 0x2a, 0x43, 0x53, 0x63, 0x83, 0x1000, 0xffff };
    static const uint16_t codes[] = { FLAT_CODE, FLAT_CODE, 0x20, 0, FLAT_DATA, 0x0b, 0x1b, 0x83 };
    if (one_in(r, 2))
        return (uint16_t)(layout_selector(random_below(r, layout_segment_count + 1)) ^
                          (one_in(r, 8) ? random_below(r, 4) : 0));
    return code ? codes[random_below(r, ARRAY_SIZE(codes))]
                : data[random_below(r, ARRAY_SIZE(data))];
}

/* ---- the stack ------------------------------------------------------------------------------- */

static uint32_t stack_place(struct encoder *e)
{
    struct random *r = e->random;
    switch (e->in_program ? 3 : random_below(r, 4)) {
    case 0: return operand_place(r, 32);
    case 1: return STACK + random_below(r, 64) - 32;
    default: return STACK + 0x400 + (random_below(r, 0x800) & ~3u);
    }
}

/* What is popped: flags, selectors, addresses of code. */
static void prepare_popped(struct encoder *e, uint32_t linear)
{
    const struct opcode *row = e->row;
    unsigned o = row->opcode;
    bool selector = row->map == MAP_0F || (o < 0x20 && (o & 7) == 7);
    uint32_t code = prepare_code_place(e) - base_of(e, SEG_CS);
    if (selector)
        put32(e, linear, prepare_selector(e->random, false));
    else if (o == 0x9d)
        put32(e, linear, random32(e->random));
    else if (o == 0xc2 || o == 0xc3)
        put32(e, linear, code);
    else if (o == 0xcf || o == 0xca || o == 0xcb) {
        put32(e, linear, code);
        if (!e->osize16)
            put32(e, linear + 4, prepare_selector(e->random, true));
        put32(e, linear + 8, random32(e->random));
    }
}

static void prepare_stack(struct encoder *e)
{
    struct random *r = e->random;
    const struct opcode *row = e->row;
    bool stack16 = e->c->in.segment[SEG_SS] == layout_selector(ENTRY_ARENA16);
    uint32_t high = stack16 ? random32(r) & 0xffff0000 : 0;
    uint32_t linear = stack_place(e), esp = linear - base_of(e, SEG_SS);
    fix(e, RSP, stack16 ? (esp & 0xffff) | high : esp);
    if (row_is_frame(row)) {
        esp = stack_place(e) - base_of(e, SEG_SS);
        fix(e, RBP, stack16 ? (esp & 0xffff) | high : esp);
    }
    prepare_popped(e, linear);
}

/* ---- strings and other implied memory -------------------------------------------------------- */

static void prepare_string(struct encoder *e)
{
    struct random *r = e->random;
    unsigned source = e->segment != SEG_NONE ? e->segment : SEG_DS;
    uint32_t from = operand_choose(e, 64), to = operand_choose(e, 64);
    uint32_t count = one_in(r, 16) && !e->in_program ? random_below(r, 3000) : random_below(r, 64);
    if (one_in(r, 2)) /* overlapping */
        to = from + random_below(r, 40) - 20;
    uint32_t si = from - base_of(e, source), di = to - base_of(e, SEG_ES);
    uint32_t high = e->asize16 ? random32(r) & 0xffff0000 : 0;
    if (e->asize16)
        si &= 0xffff, di &= 0xffff;
    fix(e, RSI, si | high);
    fix(e, RDI, di | high);
    fix(e, RCX, count | high);
}

static void prepare_pointer(struct encoder *e, unsigned r, unsigned size, uint32_t less)
{
    unsigned segment = e->segment != SEG_NONE ? e->segment : SEG_DS;
    uint32_t linear = operand_choose(e, size);
    operand_fill(e, linear, size);
    fix(e, r, linear - base_of(e, segment) - less);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Quotients that fit, mostly. */
static void prepare_division(struct encoder *e)
{
    if (one_in(e->random, 4))
        return;
    *gpr(e, RDX) = one_in(e->random, 2) ? 0 : (uint32_t)((int32_t)*gpr(e, RAX) >> 31);
    e->fixed |= 1 << RDX;
    if (e->row->opcode == 0xf6)
        fix(e, RAX,
            one_in(e->random, 2) ? *gpr(e, RAX) & 0xff : (uint32_t)(int8_t)*gpr(e, RAX) & 0xffff);
}

void prepare(struct encoder *e, bool memory, unsigned reg)
{
    const struct opcode *row = e->row;
    if (row->attributes & OP_STRING)
        prepare_string(e);
    else if (row_uses_stack(row) && (!e->in_program || row_is_frame(row) || one_in(e->random, 12)))
        prepare_stack(e);
    else if (row_named(row, "xlat"))
        prepare_pointer(e, RBX, 1, *gpr(e, RAX) & 0xff);
    else if (row_named(row, "maskmovq") || row_named(row, "maskmovdqu"))
        prepare_pointer(e, RDI, 16, 0);
    else if (row->map == MAP_1B && (row->opcode & 0xfe) == 0xf6 && row->reg >= 6)
        prepare_division(e);
    else if (row->map == MAP_1B && row->opcode >= 0xe0 && row->opcode <= 0xe3)
        *gpr(e, RCX) = one_in(e->random, 2) ? random_below(e->random, 3) : *gpr(e, RCX);
    if (row_is_bit_string(row) && memory && !one_in(e->random, 8))
        fix(e, reg, (uint32_t)(int16_t)(random_value(e->random) << 1));
    if (row_named(row, "cmpxchg") || row_named(row, "cmpxchg8b"))
        e->fixed |= 1 << RAX | 1 << RDX;
}

/* What is compared is equal in every second case; addresses are addresses. */
static bool special_memory(struct encoder *e, uint32_t linear)
{
    const struct opcode *row = e->row;
    struct random *r = e->random;
    if (row_named(row, "cmpxchg8b") || row_named(row, "cmpxchg")) {
        put32(e, linear, *gpr(e, RAX));
        put32(e, linear + 4, *gpr(e, RDX));
        return one_in(r, 2);
    }
    if (row_is(row, MAP_1B, 0xff) && (row->reg == 2 || row->reg == 4)) {
        put32(e, linear, prepare_code_place(e) - base_of(e, SEG_CS));
        return true;
    }
    if (row_has(row, OPERAND_Mp)) {
        bool code = row_is(row, MAP_1B, 0xff);
        put32(e, linear, code ? prepare_code_place(e) : random32(r));
        put32(e, linear + (e->osize16 ? 2 : 4), prepare_selector(r, code));
        return true;
    }
    if (row_group_selector(row)) {
        put32(e, linear, prepare_selector(r, false));
        return true;
    }
    if (row_named(row, "ldmxcsr")) {
        put32(e, linear, one_in(r, 8) ? random32(r) : random32(r) & 0xffff);
        return true;
    }
    if (row_named(row, "bound")) {
        put32(e, linear, random_value(r) & 0x8000ffff);
        put32(e, linear + 4, random_value(r) | 0x40000000);
        return true;
    }
    return false;
}

/* FLDENV, FRSTOR, FXRSTOR: an image with all kinds of tags; FXRSTOR's reserved bits mostly clear.
 */
static void prepare_image(struct encoder *e, uint32_t linear)
{
    struct random *r = e->random;
    bool fx = row_named(e->row, "fxrstor");
    unsigned size = fx ? 512 : 108;
    uint8_t *image = case_patch(e->c, linear, size);
    for (unsigned n = 0; n < size; n += 4)
        store_le32(image + n, random32(r));
    if (fx) {
        store_le32(image + 24, one_in(r, 8) ? random32(r) : random32(r) & 0xffff);
        for (unsigned n = 0; n < 8; n++) {
            struct f80 v = random_f80(r);
            memcpy(image + 32 + 16 * n, &v, 10);
        }
    }
}

uint32_t prepare_memory(struct encoder *e, uint32_t linear)
{
    if (row_has(e->row, OPERAND_M) && e->row->attributes & OP_MEM_READ && !e->in_program) {
        linear = ARENA + LAYOUT_PAGE * (1 + random_below(e->random, 2)) +
                 (random_below(e->random, 0x800) & (one_in(e->random, 8) ? ~0u : ~15u));
        prepare_image(e, linear);
        return linear;
    }
    if (!special_memory(e, linear))
        operand_fill(e, linear, row_operand_size(e->row));
    return linear;
}

void prepare_register(struct encoder *e, unsigned rm)
{
    const struct opcode *row = e->row;
    if (row_named(row, "cmpxchg") && one_in(e->random, 2) && !(e->fixed >> rm & 1))
        *gpr(e, rm) = *gpr(e, RAX);
    else if (row_is(row, MAP_1B, 0xff) && (row->reg == 2 || row->reg == 4) && rm != RSP)
        *gpr(e, rm) = prepare_code_place(e) - base_of(e, SEG_CS);
    else if (row_group_selector(row))
        *gpr(e, rm) = prepare_selector(e->random, false) | (*gpr(e, rm) & 0xffff0000);
}

/* INT 80h would be a system call. */
uint32_t prepare_immediate(struct encoder *e, uint32_t value)
{
    if (row_is(e->row, MAP_1B, 0xcd) && (value & 0xff) == 0x80)
        return 0x81;
    return value;
}
