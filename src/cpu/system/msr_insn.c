// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// RDMSR WRMSR RDTSC RDPMC CPUID.
#include "cpu/handlers.h"
#include "cpu/system/internal.h"
#include "cpu/x87/fpu.h"
#include "host/host.h"

OUT_OF_LINE void rdmsr(struct cpu *cpu, const struct insn *i)
{
    uint64_t value;
    require_cpl0(cpu, i);
    if (!msr_read(cpu, reg32(cpu, RCX), &value))
        cpu_raise_error(cpu, EXC_GP, 0);
    set_reg32(cpu, RAX, (uint32_t)value);
    set_reg32(cpu, RDX, (uint32_t)(value >> 32));
}

EXEC(exec_rdmsr)
{
    rdmsr(cpu, i);
    EXEC_NEXT;
}

EXEC(exec_wrmsr)
{
    require_cpl0(cpu, i);
    if (!msr_write(cpu, reg32(cpu, RCX), (uint64_t)reg32(cpu, RDX) << 32 | reg32(cpu, RAX)))
        cpu_raise_error(cpu, EXC_GP, 0);
    cpu->eip = insn_next_eip(cpu, i);
    EXEC_JUMP;
}

/*
 * On a busy host the event loop's thread may wait while this one runs. Linux counts timer interrupts
 * for so many TSC ticks when it starts, and gives up where there are too few.
 */
static uint64_t tsc_with_timers(struct cpu *cpu)
{
    uint64_t value;
    if (cpu_tsc_in_time(cpu, &value))
        return value;
    fpu_sync(cpu);
    host_lock_acquire(cpu->bus.lock);
    clock_run(cpu->bus.clock);
    host_lock_release(cpu->bus.lock);
    return cpu_tsc(cpu);
}

OUT_OF_LINE void rdtsc(struct cpu *cpu)
{
    uint64_t value = tsc_with_timers(cpu);
    set_reg32(cpu, RAX, (uint32_t)value);
    set_reg32(cpu, RDX, (uint32_t)(value >> 32));
}

EXEC(exec_rdtsc)
{
    if ((cpu->cr4 & CR4_TSD) && cpu->cpl != 0)
        exec_raise_error(cpu, i, EXC_GP, 0);
    rdtsc(cpu);
    EXEC_NEXT;
}

/* No performance counters (CPUID leaf 0AH says so): every index is out of range. */
EXEC(exec_rdpmc)
{
    exec_raise_error(cpu, i, EXC_GP, 0);
}

OUT_OF_LINE void cpuid(struct cpu *cpu)
{
    uint32_t out[4];
    cpuid_read(cpu, reg32(cpu, RAX), reg32(cpu, RCX), out);
    set_reg32(cpu, RAX, out[0]);
    set_reg32(cpu, RBX, out[1]);
    set_reg32(cpu, RCX, out[2]);
    set_reg32(cpu, RDX, out[3]);
}

EXEC(exec_cpuid)
{
    cpuid(cpu);
    EXEC_NEXT;
}
