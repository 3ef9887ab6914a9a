// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MMX and SSE instructions: the host's own, on the guest's state in the host's registers.
#include "base/bits.h"
#include "cpu/simd/simd.h"
#include "translator/x86_64/emit_functions.h"
#include "translator/x86_64/fpu_emit.h"

/*
 * MMX and XMM registers have the same numbers here and there. All exceptions are masked while these
 * run (jit.sse_closed). A 16-byte operand that is not aligned raises #GP on the host; the executor
 * then does the instruction, and raises it for the guest.
 */
static unsigned memory_size(const struct opcode *row)
{
    for (unsigned n = 0; n < ARRAY_SIZE(row->operand); n++)
        switch (row->operand[n]) {
        case OPERAND_Eb: return 1;
        case OPERAND_Ew:
        case OPERAND_Ww: return 2;
        case OPERAND_Ed:
        case OPERAND_Md:
        case OPERAND_Qd:
        case OPERAND_Wd: return 4;
        case OPERAND_Mq:
        case OPERAND_Qq:
        case OPERAND_Wq: return 8;
        case OPERAND_Mdq:
        case OPERAND_Wx: return 16;
        default: break;
        }
    return 0;
}

static bool has_operand(const struct opcode *row, enum operand operand)
{
    return row->operand[0] == operand || row->operand[1] == operand || row->operand[2] == operand;
}

static unsigned form_of(const struct opcode *row)
{
    static const uint8_t maps[MAP_COUNT] = { 0, ASM_0F, ASM_0F38, ASM_0F3A };
    static const uint8_t prefixes[] = {
        [PFX_ANY] = 0, [PFX_NP] = 0, [PFX_66] = ASM_66, [PFX_F3] = ASM_F3, [PFX_F2] = ASM_F2
    };
    return maps[row->map] | prefixes[row->prefix];
}

static unsigned modrm_reg(const struct opcode *row, const struct insn *i)
{
    return has_operand(row, OPERAND_Gd) ? host_gpr(i->reg) : i->reg;
}

/* Eb here is the low byte of a whole register: PEXTRB, PINSRB. */
static unsigned modrm_rm(const struct opcode *row, const struct insn *i)
{
    bool general = has_operand(row, OPERAND_Ed) || has_operand(row, OPERAND_Ew) ||
                   has_operand(row, OPERAND_Eb);
    return general ? host_gpr(i->rm) : i->rm;
}

bool emit_simd(struct emitter *e, const struct insn *i)
{
    const struct opcode *row = &opcode_table[i->op];
    enum access access = row->attributes & OP_MEM_WRITE ? ACCESS_STORE : ACCESS_LOAD;
    if (i->flags & INSN_MEMORY && memory_size(row) == 0)
        return false;
    if (i->flags & INSN_MEMORY) {
        struct host_memory m = memory_operand(e, i, memory_size(row), access);
        asm_rm(&e->a, form_of(row), row->opcode, modrm_reg(row, i), &m);
    } else {
        asm_rr(&e->a, form_of(row), row->opcode, modrm_reg(row, i), modrm_rm(row, i));
    }
    if (has_operand(row, OPERAND_Ib))
        asm_8(&e->a, (uint8_t)i->imm);
    return true;
}

bool emit_emms(struct emitter *e, const struct insn *i)
{
    static const uint8_t emms[] = { 0x0f, 0x77 };
    (void)i;
    asm_bytes(&e->a, emms, sizeof emms);
    return true;
}

/* A value that unmasks something or has a reserved bit set is the executor's, and all are where the
 * host's MXCSR has a bit that the model has not. */
bool emit_ldmxcsr(struct emitter *e, const struct insn *i)
{
    if (sse_mxcsr_mask(e->cpu) != MXCSR_MASK)
        return false;
    struct assembler *a = &e->a;
    struct host_memory word = host_cpu_field(jit.fpu_scratch);
    struct host_memory m = memory_operand(e, i, 4, ACCESS_LOAD);
    asm_load32(a, HOST_R8, &m);
    asm_store32(a, &word, HOST_R8);
    require_zero_above(e, HOST_R8, 16);
    fpu_require_masks(e, HOST_R8, 7);
    asm_rm(a, ASM_0F, 0xae, 2, &word);
    return true;
}
