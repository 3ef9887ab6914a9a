// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOV in the forms without ModRM, LEA, XLAT, XCHG with the accumulator, BSWAP.
#include "translator/x86_64/integer.h"

#include "cpu/arch.h"

/* A0-A3; 64-bit code has no 32-bit offsets here. */
bool emit_mov_offset(struct emitter *e, const struct insn *i)
{
    uint8_t opcode = insn_row(i)->opcode;
    unsigned size = opcode & 1 ? operand_size(i) : 1;
    bool load = opcode < 0xa2;
    struct host_memory m = memory_operand(e, i, size, load ? ACCESS_LOAD : ACCESS_STORE);
    asm_rm(&e->a, size_form(size), sized_opcode(load ? 0x8a : 0x88, size), HOST_RAX, &m);
    return true;
}

/* Without REX the host's byte registers 4-7 are AH CH DH BH too. */
bool emit_mov_byte_immediate(struct emitter *e, const struct insn *i)
{
    asm_8(&e->a, 0xb0 | i->reg);
    asm_8(&e->a, (uint8_t)i->imm);
    return true;
}

bool emit_mov_immediate(struct emitter *e, const struct insn *i)
{
    unsigned to = host_gpr(i->reg);
    if (operand_size(i) == 4) {
        asm_mov32_imm(&e->a, to, i->imm);
    } else {
        asm_rr(&e->a, ASM_66, 0xc7, 0, to);
        asm_16(&e->a, (uint16_t)i->imm);
    }
    return true;
}

bool emit_lea(struct emitter *e, const struct insn *i)
{
    unsigned to = host_gpr(i->reg);
    if (operand_size(i) == 4 && i->addr_mask == 0xffffffff) {
        effective_address(e, i, to);
        return true;
    }
    effective_address(e, i, HOST_R11);
    asm_rr(&e->a, size_form(operand_size(i)), 0x8b, to, HOST_R11);
    return true;
}

bool emit_xlat(struct emitter *e, const struct insn *i)
{
    struct host_memory sum = { .base = HOST_RBX, .index = HOST_R12 };
    asm_rr(&e->a, ASM_0F, 0xb6, HOST_R12, HOST_RAX);
    asm_lea32(&e->a, HOST_R12, &sum);
    if (i->addr_mask == 0xffff)
        asm_rr(&e->a, ASM_0F, 0xb7, HOST_R12, HOST_R12);
    struct host_memory m = memory_at(e, i->seg, HOST_R12, 1, ACCESS_LOAD);
    asm_rm(&e->a, 0, 0x8a, HOST_RAX, &m);
    return true;
}

/* 90-97: NOP is the one without an operand. */
bool emit_xchg_accumulator(struct emitter *e, const struct insn *i)
{
    if (insn_row(i)->operand[0] != OPERAND_NONE)
        asm_rr(&e->a, size_form(operand_size(i)), 0x87, HOST_RAX, host_gpr(i->reg));
    return true;
}

/* Of 16 bits it is undefined; the executor knows what processors do. */
bool emit_bswap(struct emitter *e, const struct insn *i)
{
    unsigned to = host_gpr(i->reg);
    if (operand_size(i) == 2)
        return false;
    if (to & 8)
        asm_8(&e->a, 0x41);
    asm_8(&e->a, 0x0f);
    asm_8(&e->a, 0xc8 | (to & 7));
    return true;
}
