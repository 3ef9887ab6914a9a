// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The shadow of STI, MOV SS and POP SS: one more instruction before any event.
#ifndef CPU_SYSTEM_SHADOW_H
#define CPU_SYSTEM_SHADOW_H

#include "cpu/block_store.h"
#include "cpu/system/internal.h"

/*
 * Events are looked at between blocks alone. Where the next instruction follows within the block
 * and nothing asks for attention yet, it runs before any event, and nothing has to be done.
 * Elsewhere the run loop is told to execute one instruction first: `shadows` are ATTENTION_SHADOW,
 * or both ATTENTION_SHADOWS. SDM 3A 6.8.1, 6.8.3
 */
static inline __attribute__((always_inline)) const struct insn *
shadow_next(struct cpu *cpu, const struct insn *i, uint32_t shadows)
{
    exec_fn *next = (i + 1)->fn;
    if (likely(__atomic_load_n(&cpu->attention, __ATOMIC_SEQ_CST) == 0 && next != exec_block_end &&
               next != exec_dropped))
        EXEC_NEXT;
    /* The block counted all its instructions when it was entered. */
    cpu->instructions -= cpu->block->count - (uint64_t)(i + 1 - cpu->block->insns);
    cpu_note(cpu, shadows);
    cpu->eip = insn_next_eip(cpu, i);
    EXEC_JUMP;
}

#endif
