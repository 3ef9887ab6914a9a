// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Instructions that the host executes as they are: the same opcode with operands mapped.
#include "translator/x86_64/emitter.h"

#include "base/bits.h"

/*
 * AH, CH, DH and BH cannot be named beside a REX prefix. Where the memory operand needs one, a byte
 * register of these goes through R10B: it is loaded, or copied by a rotation that leaves flags
 * alone; an operation on it is done while its register is rotated by 8, so that it is the low byte.
 */
static bool is_high_byte(unsigned operand, unsigned reg)
{
    return (operand == OPERAND_Gb || operand == OPERAND_Eb) && reg >= 4;
}

static bool needs_rex(const struct host_memory *m)
{
    return (m->base != HOST_NONE && m->base >= 8) || (m->index != HOST_NONE && m->index >= 8);
}

static bool is_general(unsigned operand)
{
    switch (operand) {
    case OPERAND_Eb:
    case OPERAND_Ew:
    case OPERAND_Ed:
    case OPERAND_Ev:
    case OPERAND_Gb:
    case OPERAND_Gw:
    case OPERAND_Gd:
    case OPERAND_Gv:
    case OPERAND_Ey:
    case OPERAND_Rd: return true;
    default: return false;
    }
}

static bool in_modrm_reg(unsigned operand)
{
    switch (operand) {
    case OPERAND_Gb:
    case OPERAND_Gw:
    case OPERAND_Gd:
    case OPERAND_Gv:
    case OPERAND_Pq:
    case OPERAND_Pd:
    case OPERAND_Vx:
    case OPERAND_Vd:
    case OPERAND_Vq: return true;
    default: return false;
    }
}

static bool in_modrm_rm(unsigned operand)
{
    return (operand >= OPERAND_Eb && operand <= OPERAND_Ev) || operand == OPERAND_Ey ||
           (operand >= OPERAND_M && operand <= OPERAND_Ms) || operand == OPERAND_Rd ||
           (operand >= OPERAND_Nq && operand <= OPERAND_Qd) ||
           (operand >= OPERAND_Ux && operand <= OPERAND_Ww);
}

/* The row's operand of this kind. */
static unsigned find_operand(const struct opcode *row, bool (*is)(unsigned operand))
{
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++)
        if (is(row->operand[n]))
            return row->operand[n];
    return OPERAND_NONE;
}

static unsigned memory_size(const struct insn *i, unsigned operand)
{
    switch (operand) {
    case OPERAND_Eb:
    case OPERAND_Mb: return 1;
    case OPERAND_Ew:
    case OPERAND_Mw:
    case OPERAND_Ww: return 2;
    case OPERAND_Ev: return i->flags & INSN_OSIZE16 ? 2 : 4;
    case OPERAND_Ed:
    case OPERAND_Ey:
    case OPERAND_Md:
    case OPERAND_Qd:
    case OPERAND_Wd: return 4;
    case OPERAND_Mq:
    case OPERAND_Qq:
    case OPERAND_Wq: return 8;
    case OPERAND_Mdq:
    case OPERAND_Wx: return 16;
    case OPERAND_Mt: return 10;
    default: return 0;
    }
}

static bool takes_operand_size(const struct opcode *row)
{
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++)
        if (row->operand[n] == OPERAND_Ev || row->operand[n] == OPERAND_Gv ||
            row->operand[n] == OPERAND_rAX || row->operand[n] == OPERAND_Iz)
            return true;
    return false;
}

static unsigned form_of(const struct opcode *row, const struct insn *i)
{
    static const uint8_t maps[] = { 0, ASM_0F, ASM_0F38, ASM_0F3A };
    unsigned form = maps[row->map];
    if (row->prefix == PFX_66 || (i->flags & INSN_OSIZE16 && takes_operand_size(row)))
        form |= ASM_66;
    if (row->prefix == PFX_F3)
        form |= ASM_F3;
    if (row->prefix == PFX_F2)
        form |= ASM_F2;
    return form | (i->flags & INSN_LOCK ? ASM_LOCK : 0);
}

static void emit_immediate(struct emitter *e, const struct opcode *row, const struct insn *i)
{
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++)
        switch (row->operand[n]) {
        case OPERAND_Ib:
        case OPERAND_sIb: asm_8(&e->a, (uint8_t)i->imm); break;
        case OPERAND_Iw: asm_16(&e->a, (uint16_t)i->imm); break;
        case OPERAND_Iz:
        case OPERAND_Iv:
            if (i->flags & INSN_OSIZE16)
                asm_16(&e->a, (uint16_t)i->imm);
            else
                asm_32(&e->a, i->imm);
            break;
        default: break;
        }
}

static unsigned immediate_size(const struct opcode *row)
{
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++)
        if (row->operand[n] >= OPERAND_Ib && row->operand[n] <= OPERAND_Iv)
            return 1;
    return 0;
}

/* Eb,Gb and Gb,Eb with a high byte beside a REX prefix. Flags are the host's own instruction's. */
static bool emit_high_byte(struct emitter *e, const struct opcode *row, const struct insn *i,
                           unsigned form, const struct host_memory *m)
{
    struct assembler *a = &e->a;
    unsigned reg = i->reg & 3;
    if (row->operand[0] != OPERAND_Gb) {
        asm_rorx(a, 32, HOST_R10, reg, 8);
        asm_rm(a, form | ASM_BYTE_REG, row->opcode, HOST_R10, m);
        return true;
    }
    asm_rm(a, ASM_0F, 0xb6, HOST_R10, m);
    asm_rorx(a, 32, reg, reg, 8);
    asm_rr(a, form | ASM_BYTE_REG | ASM_BYTE_RM, row->opcode, reg, HOST_R10);
    asm_rorx(a, 32, reg, reg, 24);
    return true;
}

static enum access access_of(const struct opcode *row)
{
    return (row->attributes & OP_MEM_READ ? ACCESS_LOAD : 0) |
           (row->attributes & OP_MEM_WRITE ? ACCESS_STORE : 0);
}

static unsigned reg_field(const struct opcode *row, const struct insn *i, struct pass how)
{
    if (row->reg != REG_ANY)
        return row->reg;
    unsigned operand = find_operand(row, in_modrm_reg);
    return is_general(operand) && !how.vector_reg && operand != OPERAND_Gb ? host_gpr(i->reg)
                                                                           : i->reg;
}

static bool emit_pass_memory(struct emitter *e, const struct opcode *row, const struct insn *i,
                             struct pass how)
{
    unsigned size = how.size ? how.size : memory_size(i, find_operand(row, in_modrm_rm));
    enum access access = access_of(row);
    unsigned reg_operand = find_operand(row, in_modrm_reg);
    bool high = is_high_byte(reg_operand, i->reg);
    if (size == 0 || access == 0)
        return false;
    /* Rows that change both operands, or with a third one, are not worth the detour. */
    bool simple = row->map == MAP_1B && immediate_size(row) == 0 && (row->opcode & 0xfe) != 0x86;
    if (high && !simple)
        return false;
    struct host_memory m = memory_operand(e, i, size, access);
    unsigned form = form_of(row, i);
    if (high && needs_rex(&m))
        return emit_high_byte(e, row, i, form, &m);
    asm_rm(&e->a, form, row->opcode, reg_field(row, i, how), &m);
    emit_immediate(e, row, i);
    return true;
}

/* A byte register 0-3 is the same with and without REX; a high one stands beside none. */
static bool emit_pass_registers(struct emitter *e, const struct opcode *row, const struct insn *i,
                                struct pass how)
{
    unsigned rm_operand = find_operand(row, in_modrm_rm);
    bool general = is_general(rm_operand) && rm_operand != OPERAND_Eb && !how.vector_rm;
    unsigned rm = general ? host_gpr(i->rm) : i->rm, reg = reg_field(row, i, how);
    bool high =
        is_high_byte(find_operand(row, in_modrm_reg), i->reg) || is_high_byte(rm_operand, i->rm);
    if (high && (rm >= 8 || reg >= 8))
        return false; /* MOVZX ESP, AH */
    asm_rr(&e->a, form_of(row, i), row->opcode, reg, rm);
    emit_immediate(e, row, i);
    return true;
}

bool emit_pass(struct emitter *e, const struct insn *i, struct pass how)
{
    const struct opcode *row = &opcode_table[i->op];
    if (i->flags & INSN_MEMORY)
        return emit_pass_memory(e, row, i, how);
    return emit_pass_registers(e, row, i, how);
}
