// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What an instruction of a program does to registers and flags, as far as its generator has to
// know.
#include "effects.h"

#include "base/bits.h"
#include "generate.h"
#include "rows.h"
#include "undefined.h"

static bool named_one_of(const struct opcode *row, const char *const *names, unsigned count)
{
    for (unsigned n = 0; n < count; n++)
        if (row_named(row, names[n]))
            return true;
    return false;
}

bool effects_allowed(const struct insn *i)
{
    static const char *const not_here[] = {
        "fcomi",    "fcomip",     "fucomi",  "fucomip", /* AMD leaves C1 */
        "maskmovq", "maskmovdqu", "popa",    "ud0",     "ud1", "ud2", "ldmxcsr", "fxrstor",
        "fldenv",   "frstor",     "fnstenv", "fnsave",  "in",  "out", "bound",   "clflush",
    };
    if (i->op == INSN_OP_UNDEFINED)
        return false;
    const struct opcode *row = &opcode_table[i->op];
    bool pushf = row_named(row, "pushf");
    if (row_left_out(row) != NULL || (row_group(row) & GROUP_SYSTEM && !pushf) ||
        (row->attributes & OP_END && !(row->attributes & OP_STRING)) || row->attributes & OP_JUMP ||
        named_one_of(row, not_here, ARRAY_SIZE(not_here)))
        return false;
    if (row->attributes & OP_STRING && row_has(row, OPERAND_DX))
        return false;
    bool size16 = i->flags & INSN_OSIZE16;
    if (row_named(row, "bswap") && size16)
        return false;
    return !(row_shifts(row) && row->map == MAP_0F && size16);
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint8_t implicit(const struct opcode *row)
{
    enum { A = 1 << RAX, C = 1 << RCX, D = 1 << RDX, SP = 1 << RSP, BP = 1 << RBP };
    uint8_t written = 0;
    if (row->attributes & OP_STRING)
        written |= A | C | 1 << RSI | 1 << RDI;
    if (row_uses_stack(row))
        written |= SP;
    if (row_named(row, "enter") || row_named(row, "leave"))
        written |= SP | BP;
    if (!row->modrm && row->operand[0] != OPERAND_Zv && row->operand[0] != OPERAND_Zb)
        written |= A | D;
    if (row->map == MAP_1B && (row->opcode & 0xfe) == 0xf6)
        written |= A | D;
    if (row_named(row, "cmpxchg") || row_named(row, "cmpxchg8b") || row_has(row, OPERAND_rAX))
        written |= A | D;
    if (row->map == MAP_0F3A && row->opcode >= 0x60 && row->opcode <= 0x63)
        written |= C;
    return written;
}

static uint8_t named(const struct insn *i, enum operand operand)
{
    bool memory = i->flags & INSN_MEMORY;
    switch (operand) {
    case OPERAND_Eb: /* AH is in EAX; but PEXTRB writes all of a register */
        return memory ? 0 : (uint8_t)(1 << (i->rm & 3) | 1 << (i->rm & 7));
    case OPERAND_Ew:
    case OPERAND_Ed:
    case OPERAND_Ev:
    case OPERAND_Ey: return memory ? 0 : (uint8_t)(1 << (i->rm & 7));
    case OPERAND_Gb:
    case OPERAND_Zb: return (uint8_t)(1 << (i->reg & 3));
    case OPERAND_Gw:
    case OPERAND_Gd:
    case OPERAND_Gv:
    case OPERAND_Zv: return (uint8_t)(1 << (i->reg & 7));
    default: return 0;
    }
}

/* Too many is no harm. */
uint8_t effects_written(const struct insn *i)
{
    const struct opcode *row = &opcode_table[i->op];
    uint8_t written = implicit(row);
    bool compares = row_named(row, "cmp") || row_named(row, "test") || row_named(row, "push");
    for (unsigned n = 0; n < 2 && !compares; n++)
        written |= named(i, row->operand[n]);
    return written;
}

/* ---- flags ----------------------------------------------------------------------------------- */

/* The count decides: none leaves all flags, and that in CL is known to nobody. */
static void shift_flags(const struct insn *i, struct item *item)
{
    const struct opcode *row = &opcode_table[i->op];
    struct silicon_undefined u = { 0 };
    bool rotates_carry = row->map == MAP_1B && (row->reg == 2 || row->reg == 3);
    item->reads = rotates_carry ? EFLAGS_CF : 0;
    if (row_has(row, OPERAND_CL)) {
        item->undefines =
            row->flags_undefined |
            (row_has(row, OPERAND_Eb) || i->flags & INSN_OSIZE16 ? row->flags_written & EFLAGS_CF
                                                                 : 0);
        return;
    }
    static const struct silicon_state none;
    undefined_after(i, &none, &u);
    bool count = row_has(row, OPERAND_I1) || i->imm & 31;
    item->defines = count ? row->flags_written : 0;
    item->undefines = (uint16_t)u.flags;
}

void effects_flags(const struct insn *i, struct item *item)
{
    const struct opcode *row = &opcode_table[i->op];
    item->reads = item->defines = item->undefines = 0;
    if (row_shifts(row)) {
        shift_flags(i, item);
        return;
    }
    if (row->attributes & OP_STRING && i->flags & (INSN_REP | INSN_REPNE))
        return; /* nothing is compared where the count is 0 */
    item->reads = row->flags_read & EFLAGS_ARITH;
    item->defines = row->flags_written;
    item->undefines = row->flags_undefined;
}
