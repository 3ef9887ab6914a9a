// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Decoded blocks: found by physical address, run, dropped when their bytes change.
#ifndef CPU_BLOCK_CACHE_H
#define CPU_BLOCK_CACHE_H

#include "cpu/cpu.h"
#include "cpu/insn.h"

#define BLOCK_MAX_INSNS 48

/* A block by its place in the array of all, from 1 on; 0: none. */
typedef uint32_t block_ref;

/*
 * Blocks are known by the host address of their bytes: the same RAM seen through two physical
 * addresses is one. Its decoded instructions lie elsewhere and may be forgotten at any time between
 * blocks: its bytes say the same again (block_insns()).
 */
struct block {
    const uint8_t *host;        /* the first byte */
    const uint8_t *second_page; /* host page of the last byte; NULL: the first's */
    block_ref hash_next, page_next, page_next2;
    uint32_t translations;    /* the engine's own */
    const struct insn *entry; /* run first: insns, or what counts, decodes or translates them */
    /* count + 1: the last one goes on to the following block; NULL: forgotten. */
    struct insn *insns;
    uint64_t slow_sites;        /* bit n: instruction n met devices or code pages: the engine's */
    uint16_t length;            /* bytes */
    uint8_t count;              /* instructions, without the final stop marker */
    uint8_t mode;               /* MODE_* it was decoded for */
    uint32_t entries : 24;      /* since the engine made something of it last */
    uint32_t uses_gs : 1;       /* an instruction's memory operand may be in GS */
    uint32_t target_varies : 1; /* of the computed jump that ends it: the engine's own */
    uint32_t dropped : 1;       /* its bytes changed: it is left at the next instruction border */
};

/* The block's instructions, decoded anew if they were forgotten. Only while no other block runs in
 * the executor: theirs may be forgotten for it. */
const struct insn *block_insns(struct cpu *cpu, struct block *b);
/* One of them, of which only the place in the block is known. Changes nothing: for traps. Where
 * the bytes are others by now it may be any, or undefined. */
void block_decode_one(const struct cpu *cpu, const struct block *b, unsigned offset,
                      struct insn *insn);

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
