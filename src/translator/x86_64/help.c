// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Calls of helpers, and the instructions that need nothing else.
#include "cpu/arch.h"
#include "translator/internal.h"
#include "translator/x86_64/integer.h"

void emit_help(struct emitter *e, help_fn *help)
{
    asm_mov64_imm(&e->a, HOST_R8, (uint64_t)(uintptr_t)help);
    asm_mov64_imm(&e->a, HOST_R12, (uint64_t)(uintptr_t)e->t);
    asm_mov32_imm(&e->a, HOST_R13, e->index);
    asm_call(&e->a, translator_of(e->cpu)->glue.helper);
}

bool emit_mov_to_segment(struct emitter *e, const struct insn *i)
{
    if (i->flags & INSN_MEMORY) {
        struct host_memory m = memory_operand(e, i, 2, ACCESS_LOAD);
        asm_rm(&e->a, ASM_0F, 0xb7, HOST_R9, &m);
    } else {
        asm_rr(&e->a, ASM_0F, 0xb7, HOST_R9, host_gpr(i->rm));
    }
    emit_help(e, help_load_segment);
    return true;
}

/* The helper moves the stack pointer. */
static void emit_pop_help(struct emitter *e, const struct insn *i, help_fn *help)
{
    unsigned size = operand_size(i);
    struct host_memory m =
        memory_based(e, SEG_SS, HOST_R14, 0, !(e->mode & TRANSLATION_STACK32), size, ACCESS_LOAD);
    asm_rm(&e->a, size_form(size), 0x8b, HOST_R9, &m);
    emit_help(e, help);
}

bool emit_pop_segment(struct emitter *e, const struct insn *i)
{
    emit_pop_help(e, i, help_pop_segment);
    return true;
}

bool emit_popf(struct emitter *e, const struct insn *i)
{
    emit_pop_help(e, i, help_popf);
    return true;
}

bool emit_rdtsc(struct emitter *e, const struct insn *i)
{
    (void)i;
    emit_help(e, help_rdtsc);
    return true;
}
