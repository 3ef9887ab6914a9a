// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Raising: an exception is noted and the run loop entered again.
#include "cpu/execute.h"

static _Noreturn void leave(struct cpu *cpu)
{
    __builtin_longjmp(cpu->jump, 1);
}

static void note(struct cpu *cpu, enum exception vector, bool has_error, uint32_t error)
{
    cpu->pending.vector = (int16_t)vector;
    cpu->pending.has_error = has_error;
    cpu->pending.error = error;
}

void cpu_raise(struct cpu *cpu, enum exception vector)
{
    note(cpu, vector, false, 0);
    leave(cpu);
}

void cpu_raise_error(struct cpu *cpu, enum exception vector, uint32_t error)
{
    note(cpu, vector, true, error);
    leave(cpu);
}

void cpu_raise_page_fault(struct cpu *cpu, uint32_t linear, uint32_t error)
{
    cpu->pending.linear = linear;
    note(cpu, EXC_PF, true, error);
    leave(cpu);
}

void exec_raise(struct cpu *cpu, const struct insn *i, enum exception vector)
{
    exec_sync(cpu, i);
    cpu_raise(cpu, vector);
}

void exec_raise_error(struct cpu *cpu, const struct insn *i, enum exception vector, uint32_t error)
{
    exec_sync(cpu, i);
    cpu_raise_error(cpu, vector, error);
}

EXEC(exec_undefined)
{
    exec_raise(cpu, i, EXC_UD);
}
