// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the manual leaves undefined after an instruction, and where silicon is known to differ from
// it.
#include "undefined.h"

#include "cpu/x87/fpu.h"
#include "rows.h"

/* Bits of the count that the instruction takes. */
static unsigned shift_count(const struct insn *i, uint32_t ecx)
{
    const struct opcode *row = &opcode_table[i->op];
    unsigned count = row_has(row, OPERAND_CL) ? ecx : row_has(row, OPERAND_I1) ? 1 : i->imm;
    return count & 31;
}

static void undefined_shift(const struct insn *i, uint32_t ecx, struct silicon_undefined *u)
{
    const struct opcode *row = &opcode_table[i->op];
    unsigned count = shift_count(i, ecx);
    bool is_double = row->map == MAP_0F;
    uint32_t flags = row->flags_undefined;
    if (count == 0)
        return;
    if (count == 1)
        flags &= ~EFLAGS_OF;
    /* SDM 2 "SHLD": beyond the operand's size, result and flags are undefined. */
    if (is_double && i->flags & INSN_OSIZE16 && count > 16)
        u->everything = true;
    /* SDM 2 "SAL/SAR/SHL/SHR": CF of SHL and SHR for counts from the operand's size on. */
    bool byte = row_has(row, OPERAND_Eb);
    unsigned size = byte ? 8 : i->flags & INSN_OSIZE16 ? 16 : 32;
    if (row->map == MAP_1B && (row->reg == 4 || row->reg == 5 || row->reg == 6) && count >= size)
        flags |= EFLAGS_CF;
    u->flags |= flags;
}

/*
 * SDM 2 "PUSH": a segment register is pushed zero-extended, or its two bytes alone are written,
 * "and the upper
 * portion of the stack location is unmodified". The former here, the latter on Intel's.
 */
static void undefined_push(const struct silicon_state *in, struct silicon_undefined *u)
{
    bool stack16 = in->segment[SEG_SS] == layout_selector(ENTRY_ARENA16);
    uint32_t esp = in->gpr[RSP] - 4;
    u->memory = layout_base(in->segment[SEG_SS]) + (stack16 ? esp & 0xffff : esp) + 2;
    u->memory_length = 2;
    if (in->eflags & EFLAGS_AC)
        u->everything = true; /* nor how many bytes are to be aligned */
    if (u->memory % LAYOUT_PAGE > LAYOUT_PAGE - 4 || u->memory % LAYOUT_PAGE < 4)
        u->everything = true; /* nor which page faults */
}

static bool is_push_segment(const struct opcode *row)
{
    return row_named(row, "push") && row->operand[0] >= OPERAND_ES && row->operand[0] <= OPERAND_GS;
}

void undefined_after(const struct insn *i, const struct silicon_state *in,
                     struct silicon_undefined *u)
{
    if (i->op == INSN_OP_UNDEFINED)
        return;
    const struct opcode *row = &opcode_table[i->op];
    if (row_shifts(row)) {
        undefined_shift(i, in->gpr[RCX], u);
        return;
    }
    u->flags |= row->flags_undefined;
    /* SDM 2 "BSWAP": with a 16-bit register. */
    if (row_named(row, "bswap") && i->flags & INSN_OSIZE16)
        u->gpr |= (uint8_t)(1 << i->reg), u->gpr_bits = ~0u;
    /* SDM 2 "LAR": bits 16 to 19. */
    if (row_named(row, "lar") && !(i->flags & INSN_OSIZE16))
        u->gpr |= (uint8_t)(1 << i->reg), u->gpr_bits = 0xf0000;
    /* The permission of REP INS and OUTS is checked here though nothing is to be done. */
    bool count = (in->gpr[RCX] & (i->flags & INSN_ASIZE16 ? 0xffff : ~0u)) != 0;
    if (row->attributes & OP_STRING && row_has(row, OPERAND_DX) && !count &&
        i->flags & (INSN_REP | INSN_REPNE))
        u->everything = true;
    if (is_push_segment(row) && !(i->flags & INSN_OSIZE16))
        undefined_push(in, u);
    /* SDM 2 "FCOMI": C1 is cleared; AMD leaves it. */
    if (row_named(row, "fcomi") || row_named(row, "fcomip") || row_named(row, "fucomi") ||
        row_named(row, "fucomip"))
        u->x87_status |= X87_C1;
}
