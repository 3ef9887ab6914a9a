// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Single instructions of a random program, and what follows what.
#include "maker.h"

#include <string.h>

#include "base/bits.h"
#include "effects.h"
#include "encode.h"
#include "generate.h"
#include "rows.h"
#include "values.h"

struct item *maker_add(struct maker *m, enum item_kind kind, const void *bytes, unsigned length)
{
    struct program *p = m->program;
    struct item *item = &p->items[p->count++];
    *item = (struct item){ .kind = kind, .target = -1, .length = (uint8_t)length };
    memcpy(item->bytes, bytes, length);
    return item;
}

void maker_load(struct maker *m, unsigned r, uint32_t value)
{
    uint8_t bytes[5] = { (uint8_t)(0xb8 | r) };
    store_le32(bytes + 1, value);
    maker_add(m, ITEM_PLAIN, bytes, sizeof bytes);
    m->value[r] = value;
    m->known |= (uint8_t)(1 << r);
}

static bool has_room(const struct maker *m)
{
    return m->program->count + 24 < PROGRAM_ITEMS - 100;
}

/* ---- single instructions --------------------------------------------------------------------- */

static const struct opcode *random_row(struct maker *m)
{
    for (;;) {
        const struct opcode *row = &opcode_table[random_below(m->random, opcode_count)];
        if (row_group(row) & m->groups)
            return row;
    }
}

static void begin_encoder(struct maker *m, struct encoder *e, const struct opcode *row)
{
    struct random *r = m->random;
    *e = (struct encoder){ .random = r, .c = m->c, .row = row, .segment = SEG_NONE };
    e->in_program = true;
    e->fixed = m->known | m->kept | 1 << RSP;
    if (m->stack_is_kept)
        e->fixed |= 1 << RSP;
    bool size16 = row->prefix == PFX_66 ||
                  ((row->prefix == PFX_ANY || row->prefix >= PFX_F3) && one_in(r, 4));
    e->osize16 = size16;
    if (one_in(r, 6))
        e->segment = random_below(r, SEGMENTS);
    if (e->segment == SEG_CS && row->attributes & OP_MEM_WRITE && !one_in(r, 50))
        e->segment = SEG_NONE; /* #GP */
    if (m->segments && !(row->attributes & OP_STRING) && one_in(r, 8)) {
        e->segment = one_in(r, 2) ? SEG_FS : SEG_GS;
        e->asize16 = layout_base(m->c->in.segment[e->segment]) == ARENA && one_in(r, 3);
    }
    for (unsigned n = 0; n < 8; n++)
        m->c->in.gpr[n] = m->known >> n & 1 ? m->value[n] : random_value(r);
}

/* The instruction may not be wanted: false, try another. */
static bool accept(struct maker *m, const struct encoder *e, const struct insn *i)
{
    const struct opcode *row = &opcode_table[i->op];
    uint8_t written = effects_written(i), set = 0;
    bool stack = row_uses_stack(row) || written & 1 << RSP;
    for (unsigned n = 0; n < 8; n++)
        if (e->used >> n & 1 && !(m->known >> n & 1))
            set |= (uint8_t)(1 << n);
    if ((written | set) & m->kept || (m->stack_is_kept && (stack || set & 1 << RSP)))
        return false;
    /* ESP as any other register: seldom, for it ends most programs. */
    if (written & 1 << RSP && !row_uses_stack(row) && !one_in(m->random, 24))
        return false;
    if (row->map == MAP_1B && (row->opcode & 0xfe) == 0xf6 && row->reg >= 6)
        return one_in(m->random, 6);
    return true;
}

static bool try_instruction(struct maker *m)
{
    struct encoder e;
    struct insn insn;
    begin_encoder(m, &e, random_row(m));
    encode(&e, 0);
    if (insn_decode(&insn, e.bytes, e.length, MODE_CS32, NULL) != (int)e.length ||
        !effects_allowed(&insn) || !accept(m, &e, &insn))
        return false;
    for (unsigned n = 0; n < 8; n++)
        if (e.used >> n & 1 && (!(m->known >> n & 1) || m->value[n] != m->c->in.gpr[n]))
            maker_load(m, n, m->c->in.gpr[n]);
    struct item *item = maker_add(m, ITEM_PLAIN, e.bytes, e.length);
    effects_flags(&insn, item);
    m->known &= (uint8_t)~effects_written(&insn);
    return true;
}

void maker_add_instruction(struct maker *m)
{
    while (!try_instruction(m))
        ;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

void maker_add_block(struct maker *m, unsigned count, unsigned depth)
{
    struct random *r = m->random;
    while (count > 0 && m->room > 0 && has_room(m)) {
        count--;
        m->room--;
        unsigned way = depth < 4 ? random_below(r, 60) : 60;
        if (way < 6)
            maker_add_branch(m, depth);
        else if (way < 8)
            maker_add_skip(m, depth);
        else if (way < 11 && depth < 3)
            maker_add_loop(m, depth);
        else if (way < 13)
            maker_add_call(m, depth);
        else if (way < 15 && m->changes_itself)
            maker_add_self_change(m, depth);
        else
            maker_add_instruction(m);
    }
}
