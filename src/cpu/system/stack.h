// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A stack being read or built before anything is committed: far transfers and interrupts.
#ifndef CPU_SYSTEM_STACK_H
#define CPU_SYSTEM_STACK_H

#include "cpu/system.h"

/*
 * Pushes and pops move only the cursor. stack_commit() gives ESP (or SP) its value once SS is the
 * one of the cursor. A limit violation raises #SS with error; the caller sets it to what the
 * transfer demands.
 */
struct stack {
    struct segment ss;
    uint32_t pointer;
    uint32_t mask;
    uint32_t error;
    bool user; /* access with CPL 3's rights; else as supervisor */
};

/* The current stack; and an inner one that is not loaded yet. */
struct stack stack_current(const struct cpu *cpu, uint32_t error);
struct stack stack_inner(const struct segment *ss, uint32_t esp, uint32_t error);
void stack_push(struct cpu *cpu, struct stack *st, unsigned size, uint32_t value);
uint32_t stack_pop(struct cpu *cpu, struct stack *st, unsigned size);
/* Raise what reading bytes from the top on would raise for the segment limit. */
void stack_check_read(struct cpu *cpu, const struct stack *st, unsigned bytes);
/* Raise what pushing count values of size would raise for the segment limit. */
void stack_check_push(struct cpu *cpu, const struct stack *st, unsigned size, unsigned count);
void stack_commit(struct cpu *cpu, const struct stack *st);

#endif
