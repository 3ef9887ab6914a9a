// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Tests that keep the flags: on if something holds, else the executor does the instruction.
#include "translator/x86_64/emitter.h"

/* JRCXZ alone tests without flags. */
void require_rcx_zero(struct emitter *e, unsigned kept)
{
    struct assembler *a = &e->a;
    struct asm_label zero = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, kept);
    slow_path(e);
    asm_bind(a, zero);
    asm_mov64(a, HOST_RCX, kept);
}

void require_zero(struct emitter *e, unsigned reg)
{
    asm_mov64(&e->a, HOST_R9, HOST_RCX);
    asm_mov32(&e->a, HOST_RCX, reg);
    require_rcx_zero(e, HOST_R9);
}

void require_zero_above(struct emitter *e, unsigned reg, unsigned bit)
{
    asm_mov64(&e->a, HOST_R9, HOST_RCX);
    asm_mov32_imm(&e->a, HOST_RCX, bit);
    asm_shrx(&e->a, 32, HOST_RCX, reg, HOST_RCX);
    require_rcx_zero(e, HOST_R9);
}

void require_not_negative(struct emitter *e, unsigned reg)
{
    asm_mov32_imm(&e->a, HOST_R11, 63);
    asm_shrx(&e->a, 64, reg, reg, HOST_R11);
    asm_mov64(&e->a, HOST_R11, HOST_RCX);
    asm_mov64(&e->a, HOST_RCX, reg);
    require_rcx_zero(e, HOST_R11);
}
