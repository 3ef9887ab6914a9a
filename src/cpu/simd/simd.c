// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SIMD floating-point exceptions, MXCSR and the fences.
#include "cpu/simd/simd.h"

#include "cpu/handlers.h"

void sse_exceptions(struct cpu *cpu, const struct insn *i, uint32_t flags)
{
    uint32_t unmasked = ~cpu->fpu.mxcsr >> MXCSR_MASKS_SHIFT;
    if (flags & unmasked & (MXCSR_IE | MXCSR_DE | MXCSR_ZE))
        flags &= MXCSR_IE | MXCSR_DE | MXCSR_ZE;
    cpu->fpu.mxcsr |= flags;
    if (unlikely(flags & unmasked))
        exec_raise(cpu, i, cpu->cr4 & CR4_OSXMMEXCPT ? EXC_XM : EXC_UD);
}

void sse_load_mxcsr(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    if (value & ~sse_mxcsr_mask(cpu))
        exec_raise_error(cpu, i, EXC_GP, 0);
    cpu->fpu.mxcsr = value;
}

EXEC(ldmxcsr)
{
    SSE_BEGIN;
    sse_load_mxcsr(cpu, i, exec_load32(cpu, i, i->seg, exec_ea(cpu, i)));
    EXEC_NEXT;
}

EXEC(stmxcsr)
{
    SSE_BEGIN;
    exec_store32(cpu, i, i->seg, exec_ea(cpu, i), cpu->fpu.mxcsr);
    EXEC_NEXT;
}

/* One processor sees its own accesses in order; other threads see guest memory only under locks. */
EXEC(fence)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    EXEC_NEXT;
}

/* No cache is modelled; but the line has to be there. */
EXEC(clflush)
{
    exec_probe_line(cpu, i, i->seg, exec_ea(cpu, i));
    EXEC_NEXT;
}
