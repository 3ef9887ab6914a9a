// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The processor's state in words, for logs and monitors.
#ifndef CPU_PRINT_H
#define CPU_PRINT_H

#include "cpu/cpu.h"

/* Calls line() with one line of text (no newline) after another. */
void cpu_print(const struct cpu *cpu, void (*line)(void *opaque, const char *text), void *opaque);
/* The same into the log. */
void cpu_log_state(const struct cpu *cpu);

#endif
