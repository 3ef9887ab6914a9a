// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The run loop: a pending exception, then pending events, then blocks until something asks for
// attention.
#include "cpu/block_store.h"
#include "cpu/execute.h"
#include "cpu/system.h"
#include "cpu/threading.h"
#include "cpu/x87/fpu.h"
#include "host/host.h"

#define DR6_BS (1u << 14)

static bool attention(const struct cpu *cpu, uint32_t bits)
{
    return __atomic_load_n(&cpu->attention, __ATOMIC_SEQ_CST) & bits;
}

/* What is set by others meanwhile may stay: it is looked at again. A locked instruction is dear, and
 * a page fault comes by here several times. */
static void clear_attention(struct cpu *cpu, uint32_t bits)
{
    if (attention(cpu, bits))
        __atomic_fetch_and(&cpu->attention, ~bits, __ATOMIC_SEQ_CST);
}

/* ---- executing ------------------------------------------------------------------------------- */

/* In a threaded build handlers go on by themselves and the loop turns once. */
static void run_from(struct cpu *cpu, const struct insn *i)
{
    while (i != NULL)
        i = i->fn(cpu, i);
}

static void execute_blocks(struct cpu *cpu)
{
    run_from(cpu, exec_dispatch(cpu));
}

static void stop_for_debugger(struct cpu *cpu)
{
    threading_request_park(cpu);
    fpu_sync(cpu);
    if (cpu->bus.debug_stop != NULL)
        cpu->bus.debug_stop(cpu->bus.opaque);
}

static bool must_step(const struct cpu *cpu)
{
    return cpu->eflags & EFLAGS_TF || debug_any_execute(cpu);
}

/*
 * INT n, INT3, INTO and INT1 clear TF before the trap of their own would be taken; INTO only where
 * it interrupts: overflow is OF before it. SDM 3A 17.3.1.4
 */
static bool software_interrupt(const struct insn *i, bool overflow)
{
    if (i->op == INSN_OP_UNDEFINED)
        return false;
    const struct opcode *row = &opcode_table[i->op];
    if (row->map != MAP_1B)
        return false;
    return row->opcode == 0xcc || row->opcode == 0xcd || row->opcode == 0xf1 ||
           (row->opcode == 0xce && overflow);
}

/* What can leave EIP where it was without being done: a repeated string instruction, and an x87 or
 * MMX instruction that waits for FERR# to be served. Anything else there is a jump to itself. */
static bool may_be_unfinished(const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return false;
    unsigned attributes = opcode_table[i->op].attributes;
    return attributes & (OP_X87 | OP_MMX) ||
           (attributes & OP_STRING && i->flags & (INSN_REP | INSN_REPNE));
}

/* Code breakpoints come before the instruction; not under the shadow of MOV SS, and not where RF is
 * set. */
static bool at_breakpoint(struct cpu *cpu, bool shadow)
{
    struct cpu_threading *t = cpu->threading;
    uint32_t linear = (uint32_t)cpu->seg[SEG_CS].base + (uint32_t)cpu->eip;
    bool skip = t->skip_breakpoint && t->skip_linear == linear;
    t->skip_breakpoint = false;
    if (shadow || !debug_any_execute(cpu))
        return false;
    if (skip) {
        debug_check_registers(cpu);
        return false;
    }
    if (!debug_check_execute(cpu))
        return false;
    t->skip_breakpoint = true;
    t->skip_linear = linear;
    return true;
}

/* One instruction, then the single-step trap that TF before it calls for. */
static void execute_one(struct cpu *cpu)
{
    uint32_t rf = cpu->eflags & EFLAGS_RF, start = (uint32_t)cpu->eip;
    bool trap = cpu->eflags & EFLAGS_TF, overflow = flag_of(cpu);
    cpu->current = NULL;
    cpu->block = NULL;
    __atomic_fetch_or(&cpu->attention, ATTENTION_STEP, __ATOMIC_SEQ_CST);
    const struct block *b = block_build_single(cpu);
    const struct insn first = b->insns[0];
    cpu->block = b;
    cpu->block_eip = cpu->eip;
    cpu->instructions++;
    /* RF lasts for one instruction, and until that is done. SDM 3A 17.3.1.1 */
    cpu->eflags &= ~rf;
    run_from(cpu, b->insns);
    if (rf && (uint32_t)cpu->eip == start && may_be_unfinished(&first))
        cpu->eflags |= EFLAGS_RF;
    clear_attention(cpu, ATTENTION_STEP);
    if (trap && !software_interrupt(&first, overflow) && !attention(cpu, ATTENTION_SHADOW_TRAPS)) {
        clear_attention(cpu, ATTENTION_SHADOWS); /* the trap is taken, and ends it */
        cpu->dr[6] |= DR6_BS;
        cpu->trap_pending = true;
        __atomic_fetch_or(&cpu->attention, ATTENTION_TRAP, __ATOMIC_SEQ_CST);
    }
}

/* ---- events between instructions ------------------------------------------------------------- */

static void wake(struct cpu *cpu)
{
    cpu->halted = false;
    clear_attention(cpu, ATTENTION_HALT);
}

/* Take an edge, or keep it for when its mask is lifted. */
static bool take(struct cpu *cpu, uint32_t bit, bool masked)
{
    if (!attention(cpu, bit))
        return false;
    clear_attention(cpu, bit);
    if (masked)
        cpu->latched |= bit;
    else
        cpu->latched &= ~bit;
    return !masked;
}

static void reset_machine(struct cpu *cpu)
{
    clear_attention(cpu, ATTENTION_RESET);
    fpu_sync(cpu);
    host_lock_acquire(cpu->bus.lock);
    if (cpu->bus.reset != NULL)
        cpu->bus.reset(cpu->bus.opaque);
    else
        cpu_reset(cpu, false);
    host_lock_release(cpu->bus.lock);
}

static void init(struct cpu *cpu)
{
    wake(cpu);
    cpu_reset(cpu, true);
    if (cpu->bus.init == NULL)
        return;
    fpu_sync(cpu);
    host_lock_acquire(cpu->bus.lock);
    cpu->bus.init(cpu->bus.opaque);
    host_lock_release(cpu->bus.lock);
}

/* INTR is a level: the controller may have withdrawn it before INTA. */
static bool deliver_interrupt(struct cpu *cpu)
{
    clear_attention(cpu, ATTENTION_INTR);
    if (cpu->hold_interrupts || !(cpu->eflags & EFLAGS_IF) ||
        !__atomic_load_n(&cpu->intr_level, __ATOMIC_SEQ_CST))
        return false;
    fpu_sync(cpu);
    host_lock_acquire(cpu->bus.lock);
    int vector = cpu->bus.acknowledge != NULL ? cpu->bus.acknowledge(cpu->bus.opaque) : -1;
    host_lock_release(cpu->bus.lock);
    if (vector < 0)
        return false;
    wake(cpu);
    cpu->jit.interrupts++;
    interrupt_deliver(cpu, (unsigned)vector, INTERRUPT_EXTERNAL, 0, (uint32_t)cpu->eip);
    return true;
}

/*
 * One event in the order of SDM 3A table 6-2; true if there was one. SMI and INIT wait for a trap
 * of the previous instruction: they are asynchronous, and the trap is not lost that way. After STI
 * and MOV SS nothing is taken before one more instruction.
 */
static bool deliver_event(struct cpu *cpu)
{
    if (attention(cpu, ATTENTION_RESET)) {
        reset_machine(cpu);
        return true;
    }
    if (attention(cpu, ATTENTION_SHADOW))
        return false;
    clear_attention(cpu, ATTENTION_TRAP);
    if (cpu->trap_pending) {
        wake(cpu);
        debug_deliver_trap(cpu);
        return true;
    }
    if (take(cpu, ATTENTION_SMI, cpu->smi_masked)) {
        clear_attention(cpu, ATTENTION_HALT);
        smm_enter(cpu);
        return true;
    }
    if (take(cpu, ATTENTION_INIT, cpu->smi_masked)) {
        init(cpu);
        return true;
    }
    if (take(cpu, ATTENTION_NMI, cpu->nmi_masked)) {
        wake(cpu);
        cpu->nmi_masked = true;
        interrupt_deliver(cpu, EXC_NMI, INTERRUPT_EXTERNAL, 0, (uint32_t)cpu->eip);
        return true;
    }
    return deliver_interrupt(cpu);
}

/* A watchpoint was hit by the last instruction. */
static bool watchpoint_hit(struct cpu *cpu)
{
    enum debug_kind kind;
    uint32_t linear;
    return attention(cpu, ATTENTION_TRAP) && cpu_debug_hit(cpu, &kind, &linear) &&
           kind != DEBUG_EXECUTE;
}

static void execute_stepping(struct cpu *cpu)
{
    uint32_t shadows = cpu->attention & ATTENTION_SHADOWS;
    clear_attention(cpu, ATTENTION_SHADOWS);
    if (at_breakpoint(cpu, shadows & ATTENTION_SHADOW_TRAPS)) {
        /* The instruction has not run yet: interrupts still wait for it. */
        __atomic_fetch_or(&cpu->attention, shadows, __ATOMIC_SEQ_CST);
        stop_for_debugger(cpu);
        return;
    }
    cpu_debug_clear_hit(cpu);
    execute_one(cpu);
    if (watchpoint_hit(cpu))
        stop_for_debugger(cpu);
}

/* What has to happen before the next block. False: leave the loop. */
static bool prepare(struct cpu *cpu)
{
    for (;;) {
        changes_apply(cpu);
        if (attention(cpu, ATTENTION_STOP | ATTENTION_EXIT) && threading_should_leave(cpu))
            return false;
        if (watchpoint_hit(cpu)) {
            clear_attention(cpu, ATTENTION_TRAP);
            stop_for_debugger(cpu);
            continue;
        }
        if (deliver_event(cpu))
            continue;
        clear_attention(cpu, ATTENTION_HALT);
        if (cpu->halted)
            threading_sleep(cpu);
        else if (attention(cpu, ATTENTION_SHADOW) || must_step(cpu))
            execute_stepping(cpu);
        else
            break;
    }
    /* A repeated string instruction that goes on, with nobody there to ask for RF. */
    cpu->eflags &= ~EFLAGS_RF;
    return true;
}

/* ---- exceptions ------------------------------------------------------------------------------ */

/* A block counts its instructions when it is entered; the one that faulted and those behind it did
 * not retire. */
static void uncount(struct cpu *cpu)
{
    if (cpu->block != NULL && cpu->current != NULL) {
        uint64_t index = (uint64_t)(cpu->current - cpu->block->insns);
        if (index < cpu->block->count)
            cpu->instructions -= cpu->block->count - index;
    }
    cpu->block = NULL;
    cpu->current = NULL;
}

static void exception(struct cpu *cpu)
{
    clear_attention(cpu, ATTENTION_STEP);
    cpu->code_generation &= ~GENERATION_SINGLE;
    __atomic_store_n(&cpu->jit.in_code, false, __ATOMIC_RELAXED);
    uncount(cpu);
    exception_deliver_pending(cpu);
}

/*
 * cpu_raise() lands behind the setjmp, also from within exception() itself: a second fault during
 * delivery is delivered by the next turn. Nothing but the parameter lives across, and it does not
 * change.
 */
static __attribute__((noinline)) void run_loop(struct cpu *cpu)
{
    if (__builtin_setjmp(cpu->jump) != 0)
        exception(cpu);
    while (prepare(cpu))
        execute_blocks(cpu);
}

static __attribute__((noinline)) void step_once(struct cpu *cpu)
{
    if (__builtin_setjmp(cpu->jump) != 0) {
        exception(cpu);
        /* No jump in place of that call: a second fault comes back to this frame. */
        __asm__ volatile("" : : : "memory");
        return;
    }
    changes_apply(cpu);
    cpu_debug_clear_hit(cpu);
    if (deliver_event(cpu) || cpu->halted)
        return;
    bool shadow = attention(cpu, ATTENTION_SHADOW_TRAPS);
    clear_attention(cpu, ATTENTION_SHADOWS);
    cpu->threading->skip_breakpoint = true;
    cpu->threading->skip_linear = (uint32_t)cpu->seg[SEG_CS].base + (uint32_t)cpu->eip;
    at_breakpoint(cpu, shadow);
    execute_one(cpu);
    if (cpu->trap_pending)
        debug_deliver_trap(cpu);
}

void cpu_step(struct cpu *cpu)
{
    threading_enter(cpu);
    step_once(cpu);
    threading_leave(cpu);
}

void cpu_run(struct cpu *cpu)
{
    while (threading_wait(cpu)) {
        threading_enter(cpu);
        run_loop(cpu);
        threading_leave(cpu);
    }
}
