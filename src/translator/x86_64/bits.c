// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// BT BTS BTR BTC with a bit string in memory.
#include "translator/x86_64/integer.h"

#include "cpu/arch.h"

/*
 * The index is signed and reaches the whole string: the operand that holds the bit is at the
 * address plus index / bits * bytes. Into R12, by instructions that keep the flags: the upper bits
 * of a rotation fall off.
 */
static void bit_string_offset(struct emitter *e, const struct insn *i, unsigned size)
{
    struct host_memory sum = { .base = HOST_R11, .index = HOST_R12, .scale = size == 2 ? 1 : 2 };
    unsigned index = host_gpr(i->reg);
    effective_address(e, i, HOST_R11);
    if (size == 2)
        asm_rr(&e->a, ASM_0F | ASM_W, 0xbf, HOST_R12, index);
    else
        asm_rr(&e->a, ASM_W, 0x63, HOST_R12, index);
    asm_rorx(&e->a, 64, HOST_R12, HOST_R12, size == 2 ? 4 : 5);
    asm_lea32(&e->a, HOST_R12, &sum);
}

/* Into R13 the index within the operand, flags kept. */
static void bit_in_operand(struct emitter *e, const struct insn *i, unsigned size)
{
    unsigned width = size == 2 ? 4 : 5;
    asm_rorx(&e->a, 32, HOST_R13, host_gpr(i->reg), width);
    asm_mov32_imm(&e->a, HOST_R10, 32 - width);
    asm_shrx(&e->a, 32, HOST_R13, HOST_R13, HOST_R10);
}

/* A bit below the operand's size needs one access, so the host does the same as in a register. */
bool emit_bit_string(struct emitter *e, const struct insn *i)
{
    const struct opcode *row = insn_row(i);
    unsigned size = operand_size(i), form = ASM_0F | size_form(size);
    if (!(i->flags & INSN_MEMORY))
        return emit_pass(e, i, (struct pass){ 0 });
    if (i->addr_mask == 0xffff)
        return false;
    bool change = row->opcode != 0xa3;
    bit_string_offset(e, i, size);
    struct host_memory m =
        memory_at(e, i->seg, HOST_R12, size, change ? ACCESS_MODIFY : ACCESS_LOAD);
    if (change) {
        bit_in_operand(e, i, size);
        asm_rm(&e->a, form | (i->flags & INSN_LOCK ? ASM_LOCK : 0), row->opcode, HOST_R13, &m);
    } else {
        asm_rm(&e->a, size_form(size), 0x8b, HOST_R13, &m);
        asm_rr(&e->a, form, row->opcode, host_gpr(i->reg), HOST_R13);
    }
    return true;
}
