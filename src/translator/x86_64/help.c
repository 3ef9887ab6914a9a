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
    asm_mov32_imm(&e->a, HOST_R13, e->index | (uint32_t)e->insn->op << HELP_OP_SHIFT);
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

/* ---- system ---------------------------------------------------------------------------------- */

/* The port into R9. */
static bool emit_port(struct emitter *e, const struct insn *i, unsigned operand, help_fn *help)
{
    if (insn_row(i)->operand[operand] == OPERAND_DX)
        asm_rr(&e->a, ASM_0F, 0xb7, HOST_R9, HOST_RDX); /* MOVZX */
    else
        asm_mov32_imm(&e->a, HOST_R9, i->imm & 0xff);
    emit_help(e, help);
    return true;
}

bool emit_in(struct emitter *e, const struct insn *i)
{
    return emit_port(e, i, 1, help_in);
}

bool emit_out(struct emitter *e, const struct insn *i)
{
    return emit_port(e, i, 0, help_out);
}

/* Behind these nothing is reached by falling through. */
static bool emit_transfer(struct emitter *e, help_fn *help)
{
    emit_help(e, help);
    e->ended = true;
    return true;
}

bool emit_sysenter(struct emitter *e, const struct insn *i)
{
    (void)i;
    return emit_transfer(e, help_sysenter);
}

bool emit_sysexit(struct emitter *e, const struct insn *i)
{
    (void)i;
    return emit_transfer(e, help_sysexit);
}

bool emit_int(struct emitter *e, const struct insn *i)
{
    asm_mov32_imm(&e->a, HOST_R9, i->imm & 0xff);
    return emit_transfer(e, help_int);
}

bool emit_iret(struct emitter *e, const struct insn *i)
{
    (void)i;
    return emit_transfer(e, help_iret);
}

bool emit_invlpg(struct emitter *e, const struct insn *i)
{
    if (e->mode & TRANSLATION_USER)
        return false;
    effective_address(e, i, HOST_R8);
    add_segment_base(e, i->seg, HOST_R8, HOST_R8);
    asm_mov32(&e->a, HOST_R9, HOST_R8);
    return emit_transfer(e, help_invlpg);
}

/* CR3 alone: others change what is translated at all. */
bool emit_mov_to_cr3(struct emitter *e, const struct insn *i)
{
    if (e->mode & TRANSLATION_USER)
        return false;
    asm_mov32(&e->a, HOST_R9, host_gpr(i->rm));
    return emit_transfer(e, help_load_cr3);
}

bool emit_cpuid(struct emitter *e, const struct insn *i)
{
    (void)i;
    emit_help(e, help_cpuid);
    return true;
}
