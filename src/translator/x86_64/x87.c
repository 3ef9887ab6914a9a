// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// x87 instructions: the host's own, on the guest's state in the host's registers.
#include "translator/x86_64/emit_functions.h"
#include "translator/x86_64/fpu_emit.h"

/*
 * All exceptions are masked while these run (jit.x87_closed), so that no host instruction raises
 * one but for its memory operand, and FWAIT has nothing to wait for.
 */
bool emit_fwait(struct emitter *e, const struct insn *i)
{
    (void)e;
    (void)i;
    return true;
}

static unsigned memory_size(const struct opcode *row)
{
    switch (row->operand[0]) {
    case OPERAND_Mw: return 2;
    case OPERAND_Md: return 4;
    case OPERAND_Mq: return 8;
    case OPERAND_Mt: return 10;
    default: return 0; /* FNSAVE, FRSTOR: the executor's */
    }
}

static bool emit_memory(struct emitter *e, const struct opcode *row, const struct insn *i)
{
    unsigned size = memory_size(row);
    if (row->opcode == 0xd9 && row->reg >= 4 && row->reg <= 6)
        return row->reg == 4   ? emit_fldenv(e, i)
               : row->reg == 5 ? emit_fldcw(e, i)
                               : emit_fnstenv(e, i);
    if (size == 0)
        return false;
    struct host_memory m =
        memory_operand(e, i, size, row->attributes & OP_MEM_WRITE ? ACCESS_STORE : ACCESS_LOAD);
    asm_rm(&e->a, 0, row->opcode, row->reg, &m);
    return true;
}

bool emit_x87(struct emitter *e, const struct insn *i)
{
    const struct opcode *row = &opcode_table[i->op];
    if (i->flags & INSN_MEMORY)
        return emit_memory(e, row, i);
    asm_rr(&e->a, 0, row->opcode, i->reg, i->rm);
    return true;
}
