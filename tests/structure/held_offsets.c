// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// For general_registers.py: where struct cpu says that the FPU state is not in memory.
#include <stdio.h>

#include "cpu/cpu.h"

int main(void)
{
    printf("%zx %zx %zx\n", offsetof(struct cpu, jit.x87_held), offsetof(struct cpu, jit.sse_held),
           offsetof(struct cpu, jit.fpu_live));
    return 0;
}
