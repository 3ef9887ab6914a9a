// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The top of the stack, for PUSH, POP, CALL and RET.
#ifndef CPU_INTEGER_STACK_H
#define CPU_INTEGER_STACK_H

#include "cpu/integer/operand.h"

/* Offset in SS of the top, and of what a push of size bytes writes. */
ALWAYS_INLINE uint32_t stack_top(const struct cpu *cpu)
{
    return reg32(cpu, RSP) & cpu->stack_mask;
}

ALWAYS_INLINE uint32_t stack_below(const struct cpu *cpu, unsigned size)
{
    return (reg32(cpu, RSP) - size) & cpu->stack_mask;
}

#endif
