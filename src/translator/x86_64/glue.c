// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The code between C and translations, emitted once at the cache's start.
#include "translator/x86_64/emitter.h"

#include "translator/internal.h"

/*
 * enter(cpu, code) is called by C with the System V convention; it keeps C's stack pointer in jit.host_stack, takes the
 * guest's registers and flags out of struct cpu, and jumps into a translation with RSP at the empty
 * return stack. exit and execute are its counterparts. Interrupts by other threads set `attention` first and
 * kick then: both ways into translations look at it last, and a kick that finds the host behind that
 * look (the races) sends it to the way out.
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

/* CMP DWORD attention, 0 */
static void emit_test_attention(struct assembler *a)
{
    struct host_memory attention = host_cpu_field(attention);
    asm_rm(a, 0, 0x83, 7, &attention);
    asm_8(a, 0);
}

/* Back to the caller of enter() with EAX; host_stack is RSP already. */
static void emit_return(struct assembler *a)
{
    emit_move_stack(a, 8);
    for (unsigned n = sizeof saved; n-- > 0;)
        emit_pop(a, saved[n]);
    asm_8(a, 0xc3);
}

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
    emit_test_attention(a);
    g->enter_race = a->p;
    struct asm_label leave = asm_jcc_forward(a, CC_NE);
    returns = host_cpu_field(jit.return_stack);
    asm_load64(a, HOST_RSP, &returns);
    emit_load_guest(a);
    asm_jmp_reg(a, HOST_R11);
    g->enter_race_end = a->p;
    g->enter_leave = a->p;
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

/*
 * A whole instruction's CALL is returned from, as what comes next is behind it. Elsewhere, as from
 * a probe, a RET would be predicted wrongly each time: its return address is dropped.
 */
static void emit_execute_glue(struct assembler *a, struct glue *g)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now), behind = host_at(HOST_RSP, 0);
    struct host_memory stack = host_cpu_field(jit.host_stack), eip = host_cpu_field(eip);
    g->execute_trapped = a->p;
    struct asm_label trapped = asm_call_forward(a);
    g->execute = a->p;
    asm_load64(a, HOST_R8, &behind);
    asm_bind(a, trapped);
    emit_save_guest(a);
    asm_store64(a, &now, HOST_RSP);
    asm_load64(a, HOST_RSP, &stack);
    asm_mov64(a, HOST_RDI, HOST_CPU);
    asm_mov64(a, HOST_RSI, HOST_R8);
    asm_mov64_imm(a, HOST_RAX, (uint64_t)(uintptr_t)translator_execute);
    asm_call_reg(a, HOST_RAX);
    asm_rr(a, ASM_W, 0x85, HOST_RAX, HOST_RAX);
    struct asm_label leave = asm_jcc_forward(a, CC_E);
    emit_test_attention(a);
    g->execute_race = a->p;
    struct asm_label leave_too = asm_jcc_forward(a, CC_NE);
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
    g->execute_race_end = a->p;
    g->execute_leave = a->p;
    asm_bind(a, leave);
    asm_bind(a, leave_too);
    emit_done(a);
}

/* R8 and R9D are translator_find()'s parameters. */
static void emit_find(struct assembler *a, struct glue *g)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now);
    struct host_memory stack = host_cpu_field(jit.host_stack);
    g->find_lookup = a->p;
    asm_mov32_imm(a, HOST_R9, EXIT_LOOKUP);
    struct asm_label find = asm_jmp_short(a);
    g->find_link = a->p;
    asm_mov32_imm(a, HOST_R9, EXIT_LINK);
    asm_bind(a, find);
    emit_save_guest(a);
    asm_store64(a, &now, HOST_RSP);
    asm_load64(a, HOST_RSP, &stack);
    asm_mov64(a, HOST_RDI, HOST_CPU);
    asm_mov64(a, HOST_RSI, HOST_R8);
    asm_mov32(a, HOST_RDX, HOST_R9);
    asm_mov64_imm(a, HOST_RAX, (uint64_t)(uintptr_t)translator_find);
    asm_call_reg(a, HOST_RAX);
    asm_rr(a, ASM_W, 0x85, HOST_RAX, HOST_RAX);
    struct asm_label leave = asm_jcc_forward(a, CC_E);
    emit_test_attention(a);
    g->find_race = a->p;
    struct asm_label leave_too = asm_jcc_forward(a, CC_NE);
    asm_mov64(a, HOST_R11, HOST_RAX);
    asm_load64(a, HOST_RSP, &now);
    emit_load_guest(a);
    asm_jmp_reg(a, HOST_R11);
    g->find_race_end = a->p;
    g->find_leave = a->p;
    asm_bind(a, leave);
    asm_bind(a, leave_too);
    emit_done(a);
}

/* The guest's state, but RSP, behind a helper. */
static void emit_resume(struct assembler *a)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now);
    asm_load64(a, HOST_RSP, &now);
    emit_load_guest(a);
}

/* The linear address of the EIP in R8D; clobbers R9. */
static void emit_linear(struct assembler *a, unsigned to)
{
    struct host_memory base = host_cpu_field(seg[SEG_CS].base);
    struct host_memory sum = { .base = HOST_R8, .index = HOST_R9 };
    asm_load32(a, HOST_R9, &base);
    asm_lea32(a, to, &sum);
}

static void emit_shared_lookup(struct assembler *a, uint8_t *exit)
{
    struct host_memory code;
    emit_linear(a, HOST_R13);
    struct asm_label hit = emit_table_probe(a, HOST_R13, &code);
    asm_jmp(a, exit);
    asm_bind(a, hit);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_jmp_mem(a, &code);
}

/* Called by generated code: the way into C and back costs less than the executor's. Results: enum
 * helped. Of those that do not return, the return address is dropped. */
static void emit_helper(struct assembler *a, struct glue *g)
{
    struct host_memory now = host_cpu_field(jit.return_stack_now);
    struct host_memory stack = host_cpu_field(jit.host_stack), eip = host_cpu_field(eip);
    g->helper = a->p;
    emit_save_guest(a);
    asm_store64(a, &now, HOST_RSP);
    asm_load64(a, HOST_RSP, &stack);
    asm_mov64(a, HOST_RDI, HOST_CPU);
    asm_mov64(a, HOST_RSI, HOST_R12);
    asm_mov32(a, HOST_RDX, HOST_R13);
    asm_mov32(a, HOST_RCX, HOST_R9);
    asm_mov64_imm(a, HOST_RAX, (uint64_t)(uintptr_t)translator_help);
    asm_call_reg(a, HOST_RAX);
    asm_mov32(a, HOST_R10, HOST_RAX);
    asm_rr(a, 0, 0x85, HOST_RAX, HOST_RAX);
    struct asm_label not_done = asm_jcc_forward(a, CC_E);
    emit_test_attention(a);
    g->to_code = a->p;
    struct asm_label leave = asm_jcc_forward(a, CC_NE);
    _Static_assert(HELPED < HELPED_JUMP && HELPED_JUMP < HELPED_LEAVE, "compared below");
    asm_rr(a, 0, 0x83, 7, HOST_R10);
    asm_8(a, HELPED_JUMP);
    struct asm_label jump = asm_jcc_forward(a, CC_E);
    struct asm_label leave_too = asm_jcc_forward(a, CC_A);
    emit_resume(a);
    asm_8(a, 0xc3);
    /* The mode is another one now: calls that are open must not be returned to in the old one's code. */
    asm_bind(a, jump);
    emit_resume(a);
    struct host_memory empty = host_cpu_field(jit.return_stack);
    asm_load64(a, HOST_RSP, &empty);
    asm_load32(a, HOST_R8, &eip);
    struct asm_label lookup = asm_jmp_forward(a);
    asm_bind(a, leave);
    asm_bind(a, leave_too);
    emit_resume(a);
    asm_load32(a, HOST_R8, &eip);
    asm_jmp(a, g->exit_lookup);
    asm_bind(a, not_done);
    emit_resume(a);
    asm_jmp(a, g->execute);
    asm_bind(a, lookup);
    emit_shared_lookup(a, g->find_lookup);
}

/* Exits, for C to link it; or on by the table, where that cannot be. */
static uint8_t *emit_link(const struct translator *tr, struct assembler *a, struct glue *g)
{
    struct host_memory in_data = { .base = HOST_R9, .index = HOST_R8, .scale = 2 };
    struct host_memory by_table = host_at(HOST_R8, (int32_t)offsetof(struct link, by_table));
    struct host_memory eip = host_at(HOST_R8, (int32_t)offsetof(struct link, target_eip));
    g->link = a->p;
    asm_mov64_imm(a, HOST_R9, (uint64_t)(uintptr_t)tr->data);
    asm_lea64(a, HOST_R8, &in_data);
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_rm(a, ASM_0F, 0xb6, HOST_RCX, &by_table); /* MOVZX */
    struct asm_label exit = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R9);
    asm_load32(a, HOST_R8, &eip);
    struct asm_label lookup = asm_jmp_forward(a);
    asm_bind(a, exit);
    asm_mov64(a, HOST_RCX, HOST_R9);
    uint8_t *exit_link = a->p;
    asm_mov32_imm(a, HOST_R10, EXIT_LINK);
    asm_jmp(a, g->exit);
    asm_bind(a, lookup);
    emit_shared_lookup(a, g->find_lookup);
    return exit_link;
}

/* What far_link_fill() does, which is left to C where there is no room for one more. */
static void emit_far_link(const struct translator *tr, struct assembler *a, struct glue *g,
                          const uint8_t *exit_link)
{
    struct host_memory code, eip = host_at(HOST_R13, (int32_t)offsetof(struct link, target_eip));
    struct host_memory slot = host_at(HOST_R13, (int32_t)offsetof(struct link, slot));
    struct host_memory free = host_cpu_field(jit.links_free);
    struct host_memory filled = host_cpu_field(jit.links_filled), less = host_at(HOST_RCX, -1);
    struct host_memory in_data = { .base = HOST_R13, .index = HOST_R8, .scale = 2 };
    g->far_link = a->p;
    asm_mov64_imm(a, HOST_R13, (uint64_t)(uintptr_t)tr->data);
    asm_lea64(a, HOST_R13, &in_data);
    asm_load32(a, HOST_R8, &eip);
    emit_linear(a, HOST_R8);
    struct asm_label hit = emit_table_probe(a, HOST_R8, &code);
    asm_mov64(a, HOST_R8, HOST_R13);
    asm_jmp(a, g->find_link);
    asm_bind(a, hit);
    asm_load64(a, HOST_R11, &code);
    asm_load64(a, HOST_RCX, &free);
    struct asm_label full = asm_jrcxz(a);
    asm_lea64(a, HOST_RCX, &less);
    asm_store64(a, &free, HOST_RCX);
    asm_load64(a, HOST_R9, &filled);
    struct host_memory entry = { .base = HOST_R9, .index = HOST_RCX, .scale = 3 };
    asm_store64(a, &entry, HOST_R13);
    asm_load32(a, HOST_R9, &slot);
    asm_mov64_imm(a, HOST_RCX, (uint64_t)(uintptr_t)tr->cache);
    struct host_memory at_slot = { .base = HOST_RCX, .index = HOST_R9, .scale = 3 };
    asm_store64(a, &at_slot, HOST_R11);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_jmp_reg(a, HOST_R11);
    asm_bind(a, full);
    asm_mov64(a, HOST_RCX, HOST_R12);
    asm_mov64(a, HOST_R8, HOST_R13);
    asm_jmp(a, exit_link);
}

/*
 * A landing was returned to that is not for the EIP in R8D. If one of the next few entries is, the
 * return goes on there, entry by entry, so that the processor's own stack stays in step. Else the
 * entry is put back, by a CALL for the same reason, and the target looked up: control comes here
 * next.
 */
static void emit_return_mismatch(struct assembler *a, struct glue *g)
{
    struct asm_label found[RETURN_SEARCH];
    struct host_memory sum = { .base = HOST_R8, .index = HOST_R10 };
    struct host_memory eip = host_at(HOST_R9, LANDING_EIP), popped = host_at(HOST_RSP, -8);
    struct host_memory entry = host_at(HOST_RSP, 0);
    g->return_mismatch = a->p;
    asm_mov64(a, HOST_R13, HOST_RCX);
    for (unsigned n = 0; n < RETURN_SEARCH; n++) {
        struct host_memory next = host_at(HOST_RSP, (int32_t)(n * sizeof(uint64_t)));
        asm_load64(a, HOST_R9, &next);
        asm_load32(a, HOST_R10, &eip);
        asm_lea32(a, HOST_RCX, &sum);
        found[n] = asm_jrcxz(a);
    }
    asm_mov64(a, HOST_RCX, HOST_R13);
    asm_load64(a, HOST_R9, &popped);
    struct asm_label put_back = asm_call_forward(a);
    for (unsigned n = 0; n < RETURN_SEARCH; n++)
        asm_bind(a, found[n]);
    asm_mov64(a, HOST_RCX, HOST_R13);
    asm_8(a, 0xc3);
    g->return_bottom = a->p;
    emit_landing_test(a, 0);
    asm_mov64(a, HOST_RCX, HOST_R9);
    struct host_memory bottom = host_at(HOST_RSP, -8);
    asm_lea64(a, HOST_RSP, &bottom);
    struct asm_label lookup = asm_jmp_short(a);
    asm_bind(a, put_back);
    asm_store64(a, &entry, HOST_R9);
    asm_bind(a, lookup);
}

/* With R8 as the value. */
static void emit_exit_lookup(struct assembler *a, struct glue *g)
{
    g->exit_lookup = a->p;
    asm_mov32_imm(a, HOST_R10, EXIT_LOOKUP);
    asm_jmp(a, g->exit);
}

uint8_t *emit_glue(struct translator *tr, uint8_t *code, uint8_t *end)
{
    struct assembler a = { .p = code, .start = code, .end = end };
    emit_enter(&a, &tr->glue);
    emit_exit(&a, &tr->glue);
    emit_execute_glue(&a, &tr->glue);
    emit_find(&a, &tr->glue);
    emit_exit_lookup(&a, &tr->glue);
    emit_helper(&a, &tr->glue);
    const uint8_t *exit_link = emit_link(tr, &a, &tr->glue);
    emit_far_link(tr, &a, &tr->glue, exit_link);
    emit_computed_glue(tr, &a, &tr->glue);
    emit_return_mismatch(&a, &tr->glue);
    tr->glue.lookup = a.p;
    emit_shared_lookup(&a, tr->glue.find_lookup);
    emit_shared_probes(&a, &tr->glue);
    tr->glue.end = tr->glue.to_code_end = a.p;
    host_assert(!a.overflow, "glue does not fit into the code cache");
    return a.p;
}
