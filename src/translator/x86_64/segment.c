// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Selectors out of segment registers.
#include "translator/x86_64/integer.h"

static struct host_memory selector_field(unsigned seg)
{
    return host_at(HOST_CPU, (int32_t)(offsetof(struct cpu, seg) + seg * sizeof(struct segment) +
                                       offsetof(struct segment, selector)));
}

/* To memory always 16 bits. */
bool emit_mov_from_segment(struct emitter *e, const struct insn *i)
{
    struct host_memory selector = selector_field(insn_row(i)->operand[1] - OPERAND_ES);
    if (i->flags & INSN_MEMORY) {
        struct host_memory m = memory_operand(e, i, 2, ACCESS_STORE);
        asm_rm(&e->a, ASM_0F, 0xb7, HOST_R11, &selector);
        asm_rm(&e->a, ASM_66, 0x89, HOST_R11, &m);
    } else if (operand_size(i) == 4) {
        asm_rm(&e->a, ASM_0F, 0xb7, host_gpr(i->rm), &selector);
    } else {
        asm_rm(&e->a, ASM_66, 0x8b, host_gpr(i->rm), &selector);
    }
    return true;
}

/*
 * ESP moves by the operand size, but two bytes are written, as on the P6 and later (SDM 2 "PUSH").
 */
bool emit_push_segment(struct emitter *e, const struct insn *i)
{
    int32_t below = -(int32_t)operand_size(i);
    struct host_memory selector = selector_field(insn_row(i)->operand[0] - OPERAND_ES);
    struct host_memory m =
        memory_based(e, SEG_SS, HOST_R14, below, !(e->mode & TRANSLATION_STACK32), 2, ACCESS_STORE);
    asm_rm(&e->a, ASM_0F, 0xb7, HOST_R11, &selector);
    asm_rm(&e->a, ASM_66, 0x89, HOST_R11, &m);
    adjust_stack(e, below);
    return true;
}
