// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Arithmetic, logic and shifts: most of it goes to the host as it is.
#include "translator/x86_64/integer.h"

#include "cpu/arch.h"

void immediate_bytes(struct emitter *e, unsigned size, uint32_t v)
{
    if (size == 1)
        asm_8(&e->a, (uint8_t)v);
    else if (size == 2)
        asm_16(&e->a, (uint16_t)v);
    else
        asm_32(&e->a, v);
}

bool emit_modrm(struct emitter *e, const struct insn *i)
{
    return emit_pass(e, i, (struct pass){ 0 });
}

/* AL,Ib and eAX,Iz. */
bool emit_accumulator(struct emitter *e, const struct insn *i)
{
    const struct opcode *row = insn_row(i);
    unsigned size = row->operand[1] == OPERAND_Ib ? 1 : operand_size(i);
    if (size == 2)
        asm_8(&e->a, 0x66);
    asm_8(&e->a, row->opcode);
    immediate_bytes(e, size, i->imm);
    return true;
}

/* No operands but implied ones: CBW CWD CLC STC CMC SAHF LAHF. */
bool emit_implied(struct emitter *e, const struct insn *i)
{
    if (i->flags & INSN_OSIZE16)
        asm_8(&e->a, 0x66);
    asm_8(&e->a, insn_row(i)->opcode);
    return true;
}

/* 40-4F are REX prefixes on the host. */
bool emit_inc_dec(struct emitter *e, const struct insn *i)
{
    unsigned extension = insn_row(i)->opcode == 0x48;
    asm_rr(&e->a, size_form(operand_size(i)), 0xff, extension, host_gpr(i->reg));
    return true;
}

/* EDX:EAX and ECX:EBX are the host's own. */
bool emit_cmpxchg8b(struct emitter *e, const struct insn *i)
{
    struct host_memory m = memory_operand(e, i, 8, ACCESS_MODIFY);
    asm_rm(&e->a, ASM_0F | (i->flags & INSN_LOCK ? ASM_LOCK : 0), 0xc7, 1, &m);
    return true;
}
