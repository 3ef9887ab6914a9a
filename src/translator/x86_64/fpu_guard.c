// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Tests in generated code that FPU instructions may run on the host's registers.
#include "translator/x86_64/fpu_emit.h"

/* To the slow path unless RCX, whose own value is in R9, is zero: JRCXZ alone tests without flags. */
static void require_zero(struct emitter *e)
{
    struct assembler *a = &e->a;
    struct asm_label zero = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R9);
    slow_path(e, asm_jmp_forward(a));
    asm_bind(a, zero);
    asm_mov64(a, HOST_RCX, HOST_R9);
}

/*
 * Once in a block is enough: whatever closes the FPU is C code that an instruction of the block calls,
 * and that does not come back into the block when it did.
 */
void fpu_guard(struct emitter *e, bool sse)
{
    struct assembler *a = &e->a;
    bool *checked = sse ? &e->sse_checked : &e->x87_checked;
    struct host_memory closed =
        sse ? host_cpu_field(jit.sse_closed) : host_cpu_field(jit.x87_closed);
    if (*checked)
        return;
    *checked = true;
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_rm(a, ASM_0F, 0xb6, HOST_RCX, &closed); /* MOVZX */
    require_zero(e);
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
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_mov32(a, HOST_RCX, reg);
    require_zero(e);
}

void fpu_require_zero_above(struct emitter *e, unsigned reg, unsigned bit)
{
    struct assembler *a = &e->a;
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_mov32_imm(a, HOST_RCX, bit);
    asm_shrx(a, 32, HOST_RCX, reg, HOST_RCX);
    require_zero(e);
}
