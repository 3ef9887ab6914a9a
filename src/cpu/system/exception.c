// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Pending exceptions: contributory ones make a double fault, a failing double fault shuts down.
#include "cpu/system/internal.h"
#include "cpu/x87/fpu.h"

#include "host/host.h"

/* SDM 3A 6.15, tables 6-4 and 6-5. */
enum fault_class { BENIGN, CONTRIBUTORY, PAGE_FAULT };

static enum fault_class fault_class(int vector)
{
    switch (vector) {
    case EXC_DE:
    case EXC_TS:
    case EXC_NP:
    case EXC_SS:
    case EXC_GP: return CONTRIBUTORY;
    case EXC_PF: return PAGE_FAULT;
    default: return BENIGN;
    }
}

enum outcome { SERIAL, DOUBLE_FAULT, SHUTDOWN };

static enum outcome combine(int first, int second)
{
    enum fault_class a = fault_class(first), b = fault_class(second);
    if (first == EXC_DF)
        return b == BENIGN ? SERIAL : SHUTDOWN;
    if ((a == CONTRIBUTORY && b == CONTRIBUTORY) || (a == PAGE_FAULT && b != BENIGN))
        return DOUBLE_FAULT;
    return SERIAL;
}

/*
 * Shutdown state: nothing but RESET, INIT, SMI and NMI ends it. What a board does about it is its
 * own affair.
 */
void cpu_shutdown(struct cpu *cpu)
{
    cpu->pending.vector = -1;
    cpu->pending.delivering = -1;
    cpu->trap_pending = false;
    cpu->eflags &= ~EFLAGS_IF;
    cpu->halted = true;
    cpu_note(cpu, ATTENTION_HALT);
    fpu_sync(cpu);
    host_lock_acquire(cpu->bus.lock);
    if (cpu->bus.triple_fault)
        cpu->bus.triple_fault(cpu->bus.opaque);
    host_lock_release(cpu->bus.lock);
}

void exception_deliver_pending(struct cpu *cpu)
{
    int vector = cpu->pending.vector, first = cpu->pending.delivering;
    uint32_t error = cpu->pending.has_error ? cpu->pending.error : 0;
    if (vector < 0)
        return;
    /* The instruction did not complete: its data breakpoints will hit again. */
    cpu->trap_pending = false;
    if (vector == EXC_PF)
        cpu->cr2 = cpu->pending.linear;
    if (first >= 0) {
        enum outcome outcome = combine(first, vector);
        LOG(cpu->bus.log, INT, "exception %02x during delivery of %02x%s\n", (unsigned)vector,
            (unsigned)first,
            outcome == SERIAL     ? ""
            : outcome == SHUTDOWN ? ": triple fault"
                                  : ": double fault");
        if (outcome == SHUTDOWN) {
            cpu_shutdown(cpu);
            return;
        }
        if (outcome == DOUBLE_FAULT) {
            vector = EXC_DF;
            error = 0;
        }
    }
    cpu->pending.vector = -1;
    interrupt_deliver(cpu, (unsigned)vector, INTERRUPT_EXCEPTION, error, (uint32_t)cpu->eip);
}
