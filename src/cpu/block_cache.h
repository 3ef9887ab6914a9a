// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Decoded blocks: found by physical address, run, dropped when their bytes change.
#ifndef CPU_BLOCK_CACHE_H
#define CPU_BLOCK_CACHE_H

#include "cpu/cpu.h"
#include "cpu/insn.h"

#define BLOCK_MAX_INSNS 48

/* Blocks are known by the host address of their bytes: the same RAM seen through two physical
 * addresses is one. */
struct block {
    const uint8_t *host; /* the first byte */
    const uint8_t
        *second_page; /* host page of the last byte, where it differs from the first's; else NULL */
    struct block *hash_next, *page_next, *page_next2;
    uint16_t length;     /* bytes */
    uint8_t count;       /* instructions, without the final stop marker */
    uint8_t mode;        /* MODE_* it was decoded for */
    bool dropped;        /* its bytes changed: it is left at the next instruction border */
    uint32_t entries;    /* counted until the engine takes notice of it */
    exec_fn *first_fn;   /* insns[0]'s handler where the engine has put its own in place */
    void *translations;  /* the engine's own */
    uint64_t slow_sites; /* bit n: instruction n met devices or code pages: the engine's own */
    struct insn insns[]; /* count + 1: the last one goes on to the following block */
};

struct block_cache;
struct block_cache *block_cache_create(struct cpu *cpu);
void block_cache_destroy(struct block_cache *cache);
/* Bytes [physical, physical + length) of RAM changed: drop the blocks made from them. A dropped
 * block that is running stops before its next instruction. */
void block_cache_invalidate(struct cpu *cpu, struct ram_block *ram, uint64_t offset,
                            uint64_t length);
/* The running block stops before its next instruction: a data breakpoint was hit. */
void block_cache_stop(struct cpu *cpu);
/* Linear addresses mean something else now (TLB flush, A20, mode): forget the linear look-up. */
void block_cache_flush_linear(struct cpu *cpu);
/* Drop everything. */
void block_cache_flush(struct cpu *cpu);
void block_cache_counts(const struct cpu *cpu, uint64_t *blocks, uint64_t *decoded,
                        uint64_t *dropped);

#endif
