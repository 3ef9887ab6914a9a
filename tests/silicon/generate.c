// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Cases of one instruction, by rows of the opcode table.
#include "generate.h"

#include <stddef.h>
#include <string.h>

#include "base/bits.h"
#include "encode.h"
#include "random_state.h"
#include "rows.h"
#include "undefined.h"
#include "values.h"

/* ---- where ----------------------------------------------------------------------------------- */

static uint16_t random_data_segment(struct random *r)
{
    static const uint8_t entries[] = { ENTRY_ARENA,     ENTRY_ARENA16,   ENTRY_BASED,
                                       ENTRY_SHORT,     ENTRY_READ_ONLY, ENTRY_EXPAND_DOWN,
                                       ENTRY_EXPAND16,  ENTRY_WRAP,      ENTRY_CODE,
                                       ENTRY_CODE_BASED };
    if (one_in(r, 12))
        return 0;
    if (one_in(r, 3))
        return FLAT_DATA;
    unsigned entry = entries[random_below(r, ARRAY_SIZE(entries))];
    return layout_selector(entry);
}

static void choose_segments(struct random *r, struct silicon_state *s)
{
    static const uint8_t stacks[] = { ENTRY_ARENA, ENTRY_ARENA16, ENTRY_ARENA16, ENTRY_BASED,
                                      ENTRY_EXPAND_DOWN };
    static const uint8_t codes[] = { ENTRY_CODE, ENTRY_CODE_BASED, ENTRY_CODE16, ENTRY_CODE16,
                                     ENTRY_EXECUTE_ONLY };
    static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
    for (unsigned n = 0; n < ARRAY_SIZE(data); n++)
        if (one_in(r, 2))
            s->segment[data[n]] = random_data_segment(r);
    if (one_in(r, 3))
        s->segment[SEG_SS] = layout_selector(stacks[random_below(r, ARRAY_SIZE(stacks))]);
    if (one_in(r, 3))
        s->segment[SEG_CS] = layout_selector(codes[random_below(r, ARRAY_SIZE(codes))]);
}

/* Linear; sometimes across pages, or across the end of all code. */
static uint32_t random_code_address(struct random *r)
{
    switch (random_below(r, 16)) {
    case 0: return CODE + LAYOUT_PAGE * (1 + random_below(r, CODE_PAGES - 1)) - random_below(r, 12);
    case 1: return one_in(r, 8) ? CODE + CODE_SIZE - 1 - random_below(r, 12) : CODE + 0x800;
    default: return CODE + random_below(r, CODE_SIZE - 64);
    }
}

/* ---- the case -------------------------------------------------------------------------------- */

static void begin(struct silicon_case *c, const struct opcode *row, uint64_t seed, uint64_t number)
{
    c->row = row;
    c->seed = seed;
    c->number = number;
    memset(&c->undefined, 0, offsetof(struct silicon_undefined, point));
    c->patch_count = c->byte_count = 0;
}

/* The code comes first; its place among the patches was kept. */
static void put_code(struct silicon_case *c, const struct encoder *e, uint32_t linear)
{
    unsigned room = CODE + CODE_SIZE - linear;
    c->patches[0].length = (uint16_t)MIN(e->length, room);
    memcpy(c->bytes, e->bytes, e->length);
}

static void note_undefined(struct silicon_case *c, const struct encoder *e, bool code16)
{
    struct insn insn;
    int length = insn_decode(&insn, e->bytes, sizeof e->bytes, code16 ? 0 : MODE_CS32, NULL);
    if (length > 0)
        undefined_after(&insn, &c->in, &c->undefined);
}

/* The executor does not check the alignment of an image's parts as silicon does. */
static bool has_image(const struct opcode *row)
{
    return row_has(row, OPERAND_M);
}

void generate_case(struct silicon_case *c, const struct opcode *row, uint64_t seed, uint64_t number,
                   bool segments)
{
    struct random r = random_begin(seed + ((uint64_t)(row - opcode_table) << 32), number);
    struct encoder e = { .random = &r, .c = c, .row = row, .segment = SEG_NONE };
    begin(c, row, seed, number);
    random_state_fill(&r, &c->in, false);
    if (segments && one_in(&r, 4))
        choose_segments(&r, &c->in);
    if (one_in(&r, 40) && !has_image(row))
        c->in.eflags |= EFLAGS_AC;
    bool code16 = c->in.segment[SEG_CS] == layout_selector(ENTRY_CODE16);
    e.segments = segments;
    e.osize16 = code16;
    if (row->prefix == PFX_66 ||
        ((row->prefix == PFX_ANY || row->prefix >= PFX_F3) && one_in(&r, 3)))
        e.osize16 = !code16;
    e.asize16 = code16 != one_in(&r, 8);
    if (one_in(&r, 6))
        e.segment = random_below(&r, SEGMENTS);
    uint32_t linear = random_code_address(&r);
    case_patch(c, linear, sizeof e.bytes);
    c->in.eip = linear - layout_base(c->in.segment[SEG_CS]);
    encode(&e, c->in.eip);
    put_code(c, &e, linear);
    note_undefined(c, &e, code16);
}
