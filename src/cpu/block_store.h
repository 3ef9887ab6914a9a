// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The block cache's inside: shared by block_cache.c, block_build.c and dispatch.c.
#ifndef CPU_BLOCK_STORE_H
#define CPU_BLOCK_STORE_H

#include "cpu/block_cache.h"
#include "cpu/tlb.h"
#include "cpu/tunables.h"

/* A page that blocks were made from. */
struct code_page {
    const uint8_t *host; /* page address */
    struct ram_block *ram;
    uint64_t ram_page;
    block_ref blocks;
    uint64_t granules; /* bit n: bytes 64n to 64n+63 belong to a block: stores elsewhere are data */
    struct code_page *next; /* of the same hash, or free */
};

/* Linear address, mode and privilege to block; see jump_key(). */
struct jump_entry {
    uint64_t key;
    const struct block *block;
};
#define JUMP_CACHE_SIZE (1u << JUMP_CACHE_BITS)

_Static_assert(sizeof(struct block) == 64, "there are many of them, each in one cache line");

struct block_cache {
    struct jump_entry jump[JUMP_CACHE_SIZE];
    block_ref hash[1u << BLOCK_HASH_BITS];
    struct code_page *pages[1u << CODE_PAGE_HASH_BITS];
    struct block_room *room;
    struct block *array; /* the room's: of all blocks */
    struct code_page *page_store;
    unsigned pages_used;
    struct code_page *free_pages; /* of those used once: by `next` */
    unsigned swept;               /* of page_store: where the next sweep begins */
    bool flushed; /* nothing in the room is reachable any more but the running block */
    uint64_t blocks, decoded, dropped;
    struct block *single; /* one instruction that is not kept: code outside RAM, limits, stepping */
};

static inline struct block *block_at(const struct block_cache *cache, block_ref ref)
{
    return ref != 0 ? &cache->array[ref - 1] : NULL;
}
static inline block_ref block_ref_of(const struct block_cache *cache, const struct block *b)
{
    return (block_ref)(b - cache->array) + 1;
}

/* Everything that makes the same linear address different code. */
static inline uint64_t jump_key(const struct cpu *cpu, uint32_t linear)
{
    uint16_t cpl_and_mode;
    _Static_assert(offsetof(struct cpu, mode) == offsetof(struct cpu, cpl) + 1,
                   "cpl and mode are read together");
    __builtin_memcpy(&cpl_and_mode, &cpu->cpl, sizeof cpl_and_mode);
    return linear | (uint64_t)cpl_and_mode << 32 | cpu->code_generation;
}

static inline struct jump_entry *jump_entry(const struct cpu *cpu, uint32_t linear)
{
    return &cpu->blocks->jump[(linear ^ linear >> JUMP_CACHE_BITS) & (JUMP_CACHE_SIZE - 1)];
}

/* block_cache.c: room for a block, and at its insns for the most instructions (valid until the next
 * call); keep it: length and count are set. */
struct block *block_reserve(struct cpu *cpu);
/* The same for the instructions of a block that has forgotten them. */
struct insn *block_insns_reserve(struct cpu *cpu);
void block_insns_keep(struct cpu *cpu, struct block *b);
/*
 * Changes of the page by others are told from now on, so that they drop what is made of it: before
 * its bytes are read. Unless a block of it is published then, it is given up again.
 */
void block_watch_page(const struct memory_page *page);
void block_unwatch_page(struct cpu *cpu, const struct memory_page *page);
/* The block at this host address for the current mode. */
struct block *block_find(struct cpu *cpu, const uint8_t *host, const uint8_t *second_page);
/* Its pages are watched. */
void block_publish(struct cpu *cpu, struct block *block, const struct memory_page *first,
                   const struct memory_page *second);

/* block_build.c: decode from cpu->eip. NULL where no block can be kept. May raise #PF for a second
 * page. */
struct block *block_build(struct cpu *cpu, uint32_t linear, const struct tlb_page *page);
/* Decode the one instruction at cpu->eip into cache->single. Raises what fetching it raises. */
struct block *block_build_single(struct cpu *cpu);

/* In cpu->code_generation: no key matches, so every way to a next block leaves. */
#define GENERATION_SINGLE (UINT64_C(1) << 47)

/* dispatch.c: what ends a block that does not end in a jump, and what a dropped block's
 * instructions do. */
const struct insn *exec_block_end(struct cpu *cpu, const struct insn *i);
const struct insn *exec_dropped(struct cpu *cpu, const struct insn *i);

/* Entries of blocks: a new one while it is counted, one whose instructions are forgotten, a dropped
 * one. */
extern const struct insn block_entry_counted, block_entry_forgotten, block_entry_dropped;

#endif
