// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Tests in generated code that FPU instructions may run on the host's registers.
#include "translator/internal.h"
#include "translator/x86_64/fpu_emit.h"

unsigned fpu_kinds(const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return 0;
    const struct opcode *row = &opcode_table[i->op];
    bool environment = row->opcode == 0xd9 && !(i->flags & INSN_OSIZE16); /* FNSTENV, FLDENV */
    /* Whole states, whose operand is M too, are the executor's. */
    if ((row->operand[0] == OPERAND_M && !environment) || emitter_of(row) == NULL)
        return 0;
    return (row->attributes & (OP_X87 | OP_MMX) ? FPU_X87 : 0) |
           (row->attributes & OP_SSE ? FPU_SSE : 0);
}

/* Both bytes are one word. */
void fpu_guard(struct emitter *e, unsigned kinds)
{
    _Static_assert(offsetof(struct jit_state, sse_closed) ==
                       offsetof(struct jit_state, x87_closed) + 1,
                   "read together");
    struct assembler *a = &e->a;
    struct host_memory closed =
        kinds == FPU_SSE ? host_cpu_field(jit.sse_closed) : host_cpu_field(jit.x87_closed);
    if (kinds == 0)
        return;
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_rm(a, ASM_0F, kinds == (FPU_X87 | FPU_SSE) ? 0xb7 : 0xb6, HOST_RCX, &closed); /* MOVZX */
    require_rcx_zero(e, HOST_R9);
}

/* NOT, and a shift that leaves the masks alone in the upper six bits: neither changes flags. */
void fpu_require_masks(struct emitter *e, unsigned reg, unsigned shift)
{
    struct assembler *a = &e->a;
    asm_rr(a, 0, 0xf7, 2, reg); /* NOT */
    asm_mov32_imm(a, HOST_R9, 32 - 6 - shift);
    asm_shlx(a, 32, reg, reg, HOST_R9);
    asm_mov32_imm(a, HOST_R9, 32 - 6);
    asm_shrx(a, 32, reg, reg, HOST_R9);
    require_zero(e, reg);
}
