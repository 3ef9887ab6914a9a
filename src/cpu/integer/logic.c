// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// AND OR XOR TEST NOT: logical instructions (SDM 1, 7.3.4).
#include "cpu/integer/binary.h"

BINARY(and)
BINARY(or)
BINARY(xor)
COMPARE_E_G(test, and)
COMPARE_E_I(test, and)

/* NOT changes no flag. */
ALWAYS_INLINE uint64_t alu_not(struct cpu *cpu, unsigned size, uint64_t a)
{
    (void)cpu;
    return truncate(size, ~a);
}

UNARY(not )
