// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The way to the next block where it was taken before, inline in the handlers that take it most.
#ifndef CPU_DISPATCH_H
#define CPU_DISPATCH_H

#include "cpu/block_store.h"
#include "cpu/execute.h"

#if EXEC_THREADED
#define EXEC_ENTER(first) return (first)->fn(cpu, (first))
#else
#define EXEC_ENTER(first) return (first)
#endif

/* Everything that the jump cache does not answer. */
const struct insn *exec_dispatch_slow(struct cpu *cpu);

static inline const struct insn *dispatch_enter(struct cpu *cpu, const struct block *b)
{
    cpu->block = b;
    cpu->block_eip = cpu->eip;
    cpu->instructions += b->count;
    return b->entry;
}

static inline bool dispatch_within_limit(const struct cpu *cpu, const struct block *b)
{
    return likely((uint64_t)(uint32_t)cpu->eip + b->length - 1 <= cpu->seg[SEG_CS].limit);
}

/* exec_dispatch() itself, for a handler's end: each has its own indirect jump, which the host
 * predicts by itself. */
static inline __attribute__((always_inline)) const struct insn *dispatch_here(struct cpu *cpu)
{
    uint32_t linear = (uint32_t)cpu->seg[SEG_CS].base + (uint32_t)cpu->eip;
    const struct jump_entry *e = jump_entry(cpu, linear);
    if (likely(e->key == jump_key(cpu, linear) &&
               __atomic_load_n(&cpu->attention, __ATOMIC_RELAXED) == 0 &&
               dispatch_within_limit(cpu, e->block))) {
        const struct insn *first = dispatch_enter(cpu, e->block);
        EXEC_ENTER(first);
    }
    return exec_dispatch_slow(cpu);
}

#endif
