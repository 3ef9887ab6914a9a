// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The glue: code that is emitted once, at the cache's start. Here the ways between C and
// translations; those from one translation to another are in lookup.c.
#include "translator/x86_64/glue.h"

#include "translator/internal.h"
#include "translator/x86_64/emitter.h"

/*
 * enter(cpu, code) is called by C with the System V convention; it keeps C's stack pointer in
 * jit.host_stack, takes the guest's registers and flags out of struct cpu, and jumps into a
 * translation with RSP at the empty return stack. exit is its counterpart: it returns to the caller
 * of enter(). execute, find and helper call C in between.
 *
 * Interrupts by other threads set `attention` first and kick then: all ways from C into
 * translations look at it last. A kick that finds the host behind that look (the races) sends it
 * to the way out, or, where there is none, has it stepped on into the translation.
 */
enum { CC_E = 4, CC_NE = 5, CC_A = 7 };
static const uint8_t saved[] = { HOST_RBX, HOST_RBP, HOST_R12, HOST_R13, HOST_R14, HOST_R15 };

static struct host_memory guest_gpr(unsigned guest)
{
    return host_at(HOST_CPU, (int32_t)(offsetof(struct cpu, gpr) + guest * sizeof(uint64_t)));
}

static void emit_push(struct assembler *a, unsigned reg)
{
    if (reg >= 8)
        asm_8(a, 0x41);
    asm_8(a, (uint8_t)(0x50 | (reg & 7)));
}

static void emit_pop(struct assembler *a, unsigned reg)
{
    if (reg >= 8)
        asm_8(a, 0x41);
    asm_8(a, (uint8_t)(0x58 | (reg & 7)));
}

/* ADD RSP, bytes (negative: SUB); before any guest flag is in RFLAGS. */
static void emit_move_stack(struct assembler *a, int8_t bytes)
{
    struct host_memory m = host_at(HOST_RSP, bytes);
    asm_lea64(a, HOST_RSP, &m);
}

static void emit_load_guest(struct assembler *a)
{
    for (unsigned guest = RAX; guest <= RDI; guest++) {
        struct host_memory m = guest_gpr(guest);
        if (guest != RAX)
            asm_load32(a, host_gpr(guest), &m);
    }
    /* AL becomes 80H, with OF, if it was 1: then SAHF gives the other five. */
    struct host_memory image = host_cpu_field(jit.flags_image);
    asm_rm(a, ASM_0F, 0xb7, HOST_RAX, &image);
    asm_8(a, 0x04);
    asm_8(a, 0x7f);
    asm_8(a, 0x9e);
    struct host_memory m = guest_gpr(RAX);
    asm_load32(a, HOST_RAX, &m);
}

/* Clobbers RAX. */
static void emit_save_guest(struct assembler *a)
{
    for (unsigned guest = RAX; guest <= RDI; guest++) {
        struct host_memory m = guest_gpr(guest);
        asm_store64(a, &m, host_gpr(guest));
    }
    asm_8(a, 0x9f);                       /* LAHF */
    asm_rr(a, ASM_0F, 0x90, 0, HOST_RAX); /* SETO AL */
    struct host_memory image = host_cpu_field(jit.flags_image);
    asm_rm(a, ASM_66, 0x89, HOST_RAX, &image);
}

/*
 * The guest's state is in struct cpu, RSP is C's, and the first parameter is struct cpu: the others
 * and the CALL follow. Clobbers RAX; R8-R13 are as they were.
 */
static void emit_to_c(struct assembler *a)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now);
    struct host_memory stack = host_cpu_field(jit.host_stack);
    emit_save_guest(a);
    asm_store64(a, &now, HOST_RSP);
    asm_load64(a, HOST_RSP, &stack);
    asm_mov64(a, HOST_RDI, HOST_CPU);
}

static void emit_call_c(struct assembler *a, uintptr_t function)
{
    asm_mov64_imm(a, HOST_RAX, function);
    asm_call_reg(a, HOST_RAX);
}

/* The guest's state, and RSP as it was. */
static void emit_from_c(struct assembler *a)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now);
    asm_load64(a, HOST_RSP, &now);
    emit_load_guest(a);
}

/* Jumps if there is attention; a kick that comes from then on finds the host in the race. */
static struct asm_label emit_last_look(struct assembler *a, struct glue_range *race)
{
    struct host_memory attention = host_cpu_field(attention);
    asm_rm(a, 0, 0x83, 7, &attention); /* CMP */
    asm_8(a, 0);
    race->begin = a->p;
    return asm_jcc_forward(a, CC_NE);
}

/* Back to the caller of enter() with EAX; host_stack is RSP already. */
static void emit_return(struct assembler *a)
{
    emit_move_stack(a, 8);
    for (unsigned n = sizeof saved; n-- > 0;)
        emit_pop(a, saved[n]);
    asm_8(a, 0xc3);
}

/* The way out, where C has done all. */
static void emit_done(struct assembler *a)
{
    struct host_memory stack = host_cpu_field(jit.host_stack);
    asm_load64(a, HOST_RSP, &stack);
    asm_mov32_imm(a, HOST_RAX, EXIT_DONE);
    emit_return(a);
}

static void emit_enter(struct assembler *a, struct glue *g)
{
    struct host_memory stack, returns;
    g->enter = a->p;
    for (unsigned n = 0; n < sizeof saved; n++)
        emit_push(a, saved[n]);
    emit_move_stack(a, -8);
    asm_mov64(a, HOST_CPU, HOST_RDI);
    asm_mov64(a, HOST_R11, HOST_RSI);
    stack = host_cpu_field(jit.host_stack);
    asm_store64(a, &stack, HOST_RSP);
    struct asm_label leave = emit_last_look(a, &g->enter_race);
    returns = host_cpu_field(jit.return_stack);
    asm_load64(a, HOST_RSP, &returns);
    emit_load_guest(a);
    asm_jmp_reg(a, HOST_R11);
    g->enter_race.end = a->p;
    asm_bind(a, leave);
    emit_done(a);
}

static void emit_exit(struct assembler *a, struct glue *g)
{
    g->exit = a->p;
    emit_save_guest(a);
    struct host_memory value = host_cpu_field(jit.exit_value);
    asm_store64(a, &value, HOST_R8);
    struct host_memory stack = host_cpu_field(jit.host_stack);
    asm_load64(a, HOST_RSP, &stack);
    asm_mov32(a, HOST_RAX, HOST_R10);
    emit_return(a);
}

/* With R8 as the value. */
static void emit_exit_lookup(struct assembler *a, struct glue *g)
{
    g->exit_lookup = a->p;
    asm_mov32_imm(a, HOST_R10, EXIT_LOOKUP);
    asm_jmp(a, g->exit);
}

/*
 * A whole instruction's CALL is returned from, as what comes next is behind it. Elsewhere, as from
 * a probe, a RET would be predicted wrongly each time: its return address is dropped.
 */
static void emit_execute_glue(struct assembler *a, struct glue *g)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now), behind = host_at(HOST_RSP, 0);
    struct host_memory eip = host_cpu_field(eip);
    g->execute_trapped = a->p;
    struct asm_label trapped = asm_call_forward(a);
    g->execute = a->p;
    asm_load64(a, HOST_R8, &behind);
    asm_bind(a, trapped);
    emit_to_c(a);
    asm_mov64(a, HOST_RSI, HOST_R8);
    emit_call_c(a, (uintptr_t)translator_execute);
    asm_rr(a, ASM_W, 0x85, HOST_RAX, HOST_RAX); /* TEST */
    struct asm_label leave = asm_jcc_forward(a, CC_E);
    struct asm_label leave_too = emit_last_look(a, &g->execute_race);
    asm_load32(a, HOST_R8, &eip); /* where it leads to the look-up */
    asm_load64(a, HOST_RSP, &now);
    asm_rm(a, ASM_W, 0x3b, HOST_RAX, &behind); /* CMP */
    struct asm_label elsewhere = asm_jcc_forward(a, CC_NE);
    emit_load_guest(a);
    asm_8(a, 0xc3);
    asm_bind(a, elsewhere);
    asm_mov64(a, HOST_R11, HOST_RAX);
    emit_move_stack(a, 8);
    emit_load_guest(a);
    asm_jmp_reg(a, HOST_R11);
    g->execute_race.end = a->p;
    asm_bind(a, leave);
    asm_bind(a, leave_too);
    emit_done(a);
}

/* R8 and R9D are translator_find()'s parameters. */
static void emit_find(struct assembler *a, struct glue *g)
{
    g->find_lookup = a->p;
    asm_mov32_imm(a, HOST_R9, EXIT_LOOKUP);
    struct asm_label find = asm_jmp_short(a);
    g->find_link = a->p;
    asm_mov32_imm(a, HOST_R9, EXIT_LINK);
    asm_bind(a, find);
    emit_to_c(a);
    asm_mov64(a, HOST_RSI, HOST_R8);
    asm_mov32(a, HOST_RDX, HOST_R9);
    emit_call_c(a, (uintptr_t)translator_find);
    asm_rr(a, ASM_W, 0x85, HOST_RAX, HOST_RAX); /* TEST */
    struct asm_label leave = asm_jcc_forward(a, CC_E);
    struct asm_label leave_too = emit_last_look(a, &g->find_race);
    asm_mov64(a, HOST_R11, HOST_RAX);
    emit_from_c(a);
    asm_jmp_reg(a, HOST_R11);
    g->find_race.end = a->p;
    asm_bind(a, leave);
    asm_bind(a, leave_too);
    emit_done(a);
}

/*
 * Called by generated code: the way into C and back costs less than the executor's. Results: enum
 * helped. Of those that do not return, the return address is dropped.
 */
static void emit_helper(struct assembler *a, struct glue *g)
{
    struct host_memory eip = host_cpu_field(eip);
    g->helper = a->p;
    emit_to_c(a);
    asm_mov64(a, HOST_RSI, HOST_R12);
    asm_mov32(a, HOST_RDX, HOST_R13);
    asm_mov32(a, HOST_RCX, HOST_R9);
    emit_call_c(a, (uintptr_t)translator_help);
    asm_mov32(a, HOST_R10, HOST_RAX);
    asm_rr(a, 0, 0x85, HOST_RAX, HOST_RAX); /* TEST */
    struct asm_label not_done = asm_jcc_forward(a, CC_E);
    struct asm_label leave = emit_last_look(a, &g->to_code);
    _Static_assert(HELPED < HELPED_JUMP && HELPED_JUMP < HELPED_LEAVE, "compared below");
    asm_rr(a, 0, 0x83, 7, HOST_R10); /* CMP */
    asm_8(a, HELPED_JUMP);
    struct asm_label jump = asm_jcc_forward(a, CC_E);
    struct asm_label leave_too = asm_jcc_forward(a, CC_A);
    emit_from_c(a);
    asm_8(a, 0xc3);
    /* The mode is another one now: calls that are open must not be returned to in the old one's
     * code. */
    asm_bind(a, jump);
    emit_from_c(a);
    struct host_memory empty = host_cpu_field(jit.return_stack);
    asm_load64(a, HOST_RSP, &empty);
    asm_load32(a, HOST_R8, &eip);
    struct asm_label lookup = asm_jmp_forward(a);
    asm_bind(a, leave);
    asm_bind(a, leave_too);
    emit_from_c(a);
    asm_load32(a, HOST_R8, &eip);
    asm_jmp(a, g->exit_lookup);
    asm_bind(a, not_done);
    emit_from_c(a);
    asm_jmp(a, g->execute);
    asm_bind(a, lookup);
    emit_shared_lookup(a, g);
}

uint8_t *emit_glue(struct translator *tr, uint8_t *code, uint8_t *end)
{
    struct assembler a = { .p = code, .start = code, .end = end };
    struct glue *g = &tr->glue;
    emit_enter(&a, g);
    emit_exit(&a, g);
    emit_execute_glue(&a, g);
    emit_find(&a, g);
    emit_exit_lookup(&a, g);
    emit_helper(&a, g);
    emit_link_glue(tr, &a, g);
    emit_computed_glue(tr, &a, g);
    emit_return_glue(&a, g);
    emit_shared_probes(&a, g);
    g->end = g->to_code.end = a.p;
    host_assert(!a.overflow, "glue does not fit into the code cache");
    return a.p;
}
