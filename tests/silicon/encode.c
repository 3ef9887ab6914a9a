// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A row of the opcode table with random operands, as bytes.
#include "encode.h"

#include "base/bits.h"
#include "prepare.h"
#include "rows.h"
#include "values.h"

static const uint8_t segment_prefixes[SEGMENTS] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65 };

/* ---- prefixes -------------------------------------------------------------------------------- */

/* Does a row with this mandatory prefix exist, or does one of silicon's own newer instructions? */
static bool prefix_means_something(const struct opcode *row)
{
    return row->map != MAP_1B || row->attributes & (OP_STRING | OP_X87) || row->opcode == 0x90 ||
           (row->opcode & 0xfc) == 0xe0; /* LOOPcc: they change the condition */
}

static void emit_prefixes(struct encoder *e, bool lock)
{
    static const uint8_t mandatory[] = { [PFX_66] = 0x66, [PFX_F3] = 0xf3, [PFX_F2] = 0xf2 };
    uint8_t list[8];
    unsigned count = 0;
    bool code16 = e->c->in.segment[SEG_CS] == layout_selector(ENTRY_CODE16);
    if (e->osize16 != code16 && e->row->prefix != PFX_66 && e->row->prefix != PFX_NP)
        list[count++] = 0x66;
    if (e->asize16 != code16)
        list[count++] = 0x67;
    if (e->segment != SEG_NONE)
        list[count++] = segment_prefixes[e->segment];
    if (lock)
        list[count++] = 0xf0;
    if (e->row->prefix == PFX_ANY && !prefix_means_something(e->row) && one_in(e->random, 32))
        list[count++] = one_in(e->random, 2) ? 0xf2 : 0xf3;
    if (e->row->prefix > PFX_NP)
        list[count++] = mandatory[e->row->prefix];
    while (count > 0) { /* in any order */
        unsigned n = random_below(e->random, count);
        emit(e, list[n], 1);
        list[n] = list[--count];
    }
}

static bool choose_lock(struct encoder *e, bool memory)
{
    if (e->row->attributes & OP_LOCK && memory)
        return one_in(e->random, 3);
    /* #UD; but AMD's LOCK MOV CR0 is another name of CR8. */
    return !(e->row->attributes & OP_BASE_REG32) && !e->in_program && one_in(e->random, 100);
}

/* ---- operands -------------------------------------------------------------------------------- */

static uint32_t random_immediate(struct encoder *e)
{
    return random_value(e->random);
}

/* Not back into itself: it would never end. */
static void emit_jump(struct encoder *e, unsigned size, uint32_t eip)
{
    uint32_t target = prepare_code_place(e) - layout_base(e->c->in.segment[SEG_CS]);
    uint32_t next = eip + e->length + size;
    uint32_t displacement = size == 1 ? (uint32_t)(int8_t)random32(e->random) : target - next;
    if (displacement + 16 < 16)
        displacement += 16;
    emit(e, displacement, size);
}

static void emit_immediates(struct encoder *e, uint32_t linear, uint32_t eip)
{
    unsigned size = e->osize16 ? 2 : 4;
    for (unsigned n = 0; n < 3; n++) {
        switch (e->row->operand[n]) {
        case OPERAND_Ib:
        case OPERAND_sIb: emit(e, prepare_immediate(e, random_immediate(e)), 1); break;
        case OPERAND_Iw: emit(e, random_below(e->random, 0x300), 2); break;
        case OPERAND_Iz:
        case OPERAND_Iv: emit(e, random_immediate(e), size); break;
        case OPERAND_Jb: emit_jump(e, 1, eip); break;
        case OPERAND_Jz: emit_jump(e, size, eip); break;
        case OPERAND_Ap:
            emit(e, prepare_code_place(e), size);
            emit(e, prepare_selector(e->random, true), 2);
            break;
        case OPERAND_Ob:
        case OPERAND_Ov: {
            unsigned seg = e->segment != SEG_NONE ? e->segment : SEG_DS;
            emit(e, linear - layout_base(e->c->in.segment[seg]), e->asize16 ? 2 : 4);
            break;
        }
        default: break;
        }
    }
}

static void emit_modrm(struct encoder *e, bool memory, uint32_t linear, unsigned reg)
{
    const struct opcode *row = e->row;
    if (memory) {
        operand_emit_memory(e, reg, linear);
        return;
    }
    unsigned rm = row->rm != RM_ANY ? row->rm : random_below(e->random, 8);
    emit(e, 0xc0 | reg << 3 | rm, 1);
    prepare_register(e, rm);
}

void encode(struct encoder *e, uint32_t eip)
{
    static const char *const maps[] = { "", "\x0f", "\x0f\x38", "\x0f\x3a" };
    const struct opcode *row = e->row;
    struct random *r = e->random;
    bool memory = row->modrm && (row->mod == MOD_MEM || (row->mod == MOD_ANY && !one_in(r, 3)));
    if (row->attributes & OP_BASE_REG32)
        memory = false;
    bool offset = row_has(row, OPERAND_Ob) || row_has(row, OPERAND_Ov);
    unsigned reg = row->reg != REG_ANY ? row->reg : random_below(r, 8);
    uint32_t linear = operand_choose(e, row_operand_size(row));
    prepare(e, memory, reg);
    if (memory || offset)
        linear = prepare_memory(e, linear);
    emit_prefixes(e, choose_lock(e, memory));
    for (const char *m = maps[row->map]; *m; m++)
        emit(e, (uint8_t)*m, 1);
    bool in_opcode = row->operand[0] == OPERAND_Zv || row->operand[0] == OPERAND_Zb;
    bool nop = row->map == MAP_1B && row->opcode == 0x90 && !in_opcode;
    emit(e, row->opcode | (in_opcode && !nop ? random_below(r, 8) : 0), 1);
    if (row->modrm)
        emit_modrm(e, memory, linear, reg);
    emit_immediates(e, linear, eip);
}
