// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where decoded blocks are kept: arena, hash, pages with code, and what a write to such a page
// drops.
#include "cpu/block_cache.h"

#include "cpu/block_store.h"
#include "cpu/execute.h"
#include "host/host.h"
#include "memory/ram.h"

/*
 * A block is found by the host address of its first byte. Nothing is freed alone: a dropped block
 * stays in the arena, unreachable, with every instruction made to leave for the loop, so that it
 * may be dropped while it runs. When the arena is full everything goes.
 */
#define GENERATION_ONE     (UINT64_C(1) << 48)
#define BLOCK_BYTES(count) (sizeof(struct block) + ((count) + 1) * sizeof(struct insn))
#define ALIGN_UP(n)        (((n) + 15) & ~(size_t)15)

_Static_assert(sizeof(struct insn) == 32, "two decoded instructions a cache line");
_Static_assert(BLOCK_ARENA_SIZE > 16 * BLOCK_BYTES(BLOCK_MAX_INSNS),
               "the arena holds more than a few blocks");

struct block_cache *block_cache_create(struct cpu *cpu)
{
    struct block_cache *cache = host_alloc(sizeof *cache);
    cache->arena = host_alloc(BLOCK_ARENA_SIZE);
    cache->single = host_alloc(BLOCK_BYTES(1));
    cpu->code_generation = GENERATION_ONE;
    return cache;
}

void block_cache_destroy(struct block_cache *cache)
{
    if (cache == NULL)
        return;
    host_free(cache->arena);
    host_free(cache->single);
    host_free(cache);
}

void block_cache_counts(const struct cpu *cpu, uint64_t *blocks, uint64_t *decoded,
                        uint64_t *dropped)
{
    *blocks = cpu->blocks->blocks;
    *decoded = cpu->blocks->decoded;
    *dropped = cpu->blocks->dropped;
}

static struct block **hash_head(struct block_cache *cache, const uint8_t *host)
{
    uint64_t h = (uint64_t)(uintptr_t)host * UINT64_C(0x9e3779b97f4a7c15);
    return &cache->hash[h >> (64 - BLOCK_HASH_BITS)];
}

static const uint8_t *page_of(const uint8_t *host)
{
    return (const uint8_t *)((uintptr_t)host & ~(uintptr_t)(PAGE_SIZE - 1));
}

static struct code_page **page_head(struct block_cache *cache, const uint8_t *page)
{
    return &cache->pages[((uintptr_t)page >> PAGE_SHIFT) & ((1u << CODE_PAGE_HASH_BITS) - 1)];
}

static struct code_page *find_page(struct block_cache *cache, const uint8_t *page)
{
    struct code_page *p = *page_head(cache, page);
    while (p != NULL && p->host != page)
        p = p->next;
    return p;
}

struct block *block_find(struct cpu *cpu, const uint8_t *host, const uint8_t *second_page)
{
    struct block *b = *hash_head(cpu->blocks, host);
    while (b != NULL && !(b->host == host && b->mode == cpu->mode && b->second_page == second_page))
        b = b->hash_next;
    return b;
}

/* ---- room
 * ----------------------------------------------------------------------------------------------------
 */

static void *arena_take(struct block_cache *cache, size_t bytes)
{
    void *p = cache->arena + cache->arena_used;
    cache->arena_used += ALIGN_UP(bytes);
    host_assert(cache->arena_used <= BLOCK_ARENA_SIZE, "block arena overrun");
    return p;
}

/* Called between blocks only, so that even the block that ran last may be overwritten. */
struct block *block_reserve(struct cpu *cpu)
{
    struct block_cache *cache = cpu->blocks;
    size_t most = BLOCK_BYTES(BLOCK_MAX_INSNS) + 2 * ALIGN_UP(sizeof(struct code_page)) + 16;
    if (cache->arena_used + most > BLOCK_ARENA_SIZE)
        block_cache_flush(cpu);
    if (cache->flushed) {
        cache->arena_used = 0;
        cache->flushed = false;
    }
    return (struct block *)(cache->arena + cache->arena_used);
}

/* ---- pages with code
 * ----------------------------------------------------------------------------------------- */

static bool in_first_page(const struct block *b, const struct code_page *p)
{
    return page_of(b->host) == p->host;
}

static struct block **next_in_page(struct block *b, const struct code_page *p)
{
    return in_first_page(b, p) ? &b->page_next : &b->page_next2;
}

/* The bytes of the block that lie in the page: [*first, *end). */
static void range_in_page(const struct block *b, const struct code_page *p, unsigned *first,
                          unsigned *end)
{
    unsigned start = (uintptr_t)b->host & (PAGE_SIZE - 1);
    *first = in_first_page(b, p) ? start : 0;
    *end = in_first_page(b, p) ? MIN(start + b->length, PAGE_SIZE) : start + b->length - PAGE_SIZE;
}

static uint64_t granules(unsigned first, unsigned end)
{
    unsigned low = first / 64, high = (end - 1) / 64;
    return (~UINT64_C(0) >> (63 - high)) & (~UINT64_C(0) << low);
}

static void add_to_page(struct cpu *cpu, struct block *b, const uint8_t *host,
                        const struct memory_page *m)
{
    struct block_cache *cache = cpu->blocks;
    struct code_page *p = find_page(cache, host);
    if (p == NULL) {
        p = arena_take(cache, sizeof *p);
        *p = (struct code_page){ .host = host,
                                 .ram = m->read_block,
                                 .ram_page = m->read_offset >> PAGE_SHIFT };
        p->next = *page_head(cache, host);
        *page_head(cache, host) = p;
    }
    if (p->blocks == NULL) {
        ram_page_set_flags(p->ram, p->ram_page, RAM_PAGE_CODE);
        tlb_protect(cpu, p->ram, p->ram_page << PAGE_SHIFT, PAGE_SIZE, false);
    }
    unsigned first, end;
    range_in_page(b, p, &first, &end);
    p->granules |= granules(first, end);
    *next_in_page(b, p) = p->blocks;
    p->blocks = b;
}

void block_publish(struct cpu *cpu, struct block *b, const struct memory_page *first,
                   const struct memory_page *second)
{
    struct block_cache *cache = cpu->blocks;
    struct block *taken = arena_take(cache, BLOCK_BYTES(b->count));
    host_assert(taken == b, "block published that was not reserved");
    struct block **head = hash_head(cache, b->host);
    b->hash_next = *head;
    *head = b;
    cache->blocks++;
    cache->decoded += b->count;
    add_to_page(cpu, b, page_of(b->host), first);
    if (b->second_page != NULL)
        add_to_page(cpu, b, b->second_page, second);
}

/* ---- dropping
 * ------------------------------------------------------------------------------------------------
 */

static void leave_page(struct code_page *p, struct block *b)
{
    struct block **link = &p->blocks;
    while (*link != b)
        link = next_in_page(*link, p);
    *link = *next_in_page(b, p);
    p->granules = 0;
    for (struct block *left = p->blocks; left != NULL; left = *next_in_page(left, p)) {
        unsigned first, end;
        range_in_page(left, p, &first, &end);
        p->granules |= granules(first, end);
    }
    if (p->blocks == NULL)
        ram_page_clear_flags(p->ram, p->ram_page, RAM_PAGE_CODE);
}

static void neutralize(struct block *b)
{
    b->dropped = true;
    for (unsigned n = 0; n <= b->count; n++)
        b->insns[n].fn = exec_dropped;
}

static void drop(struct cpu *cpu, struct block *b)
{
    struct block_cache *cache = cpu->blocks;
    struct block **link = hash_head(cache, b->host);
    while (*link != b)
        link = &(*link)->hash_next;
    *link = b->hash_next;
    if (cpu->engine != NULL && cpu->engine->dropped != NULL)
        cpu->engine->dropped(cpu, b);
    neutralize(b);
    cache->blocks--;
    cache->dropped++;
    leave_page(find_page(cache, page_of(b->host)), b);
    if (b->second_page != NULL)
        leave_page(find_page(cache, b->second_page), b);
}

static void invalidate_in_page(struct cpu *cpu, struct code_page *p, unsigned first, unsigned end)
{
    if (!(p->granules & granules(first, end)))
        return;
    struct block *next;
    for (struct block *b = p->blocks; b != NULL; b = next) {
        unsigned block_first, block_end;
        next = *next_in_page(b, p);
        range_in_page(b, p, &block_first, &block_end);
        if (block_first < end && first < block_end)
            drop(cpu, b);
    }
}

void block_cache_invalidate(struct cpu *cpu, struct ram_block *ram, uint64_t offset,
                            uint64_t length)
{
    struct block_cache *cache = cpu->blocks;
    while (length > 0) {
        unsigned first = offset & (PAGE_SIZE - 1);
        unsigned here = MIN(length, PAGE_SIZE - first);
        struct code_page *p = find_page(cache, page_of(ram->host + offset));
        if (p != NULL)
            invalidate_in_page(cpu, p, first, first + here);
        offset += here;
        length -= here;
    }
}

void block_cache_stop(struct cpu *cpu)
{
    struct block *b = (struct block *)cpu->block;
    if (b != NULL && b != cpu->blocks->single && !b->dropped)
        drop(cpu, b);
}

void block_cache_flush_linear(struct cpu *cpu)
{
    if (cpu->blocks == NULL)
        return;
    cpu->code_generation += GENERATION_ONE;
    if (unlikely(cpu->code_generation < GENERATION_ONE)) {
        __builtin_memset(cpu->blocks->jump, 0, sizeof cpu->blocks->jump);
        cpu->code_generation |= GENERATION_ONE; /* beside GENERATION_SINGLE */
    }
}

void block_cache_flush(struct cpu *cpu)
{
    struct block_cache *cache = cpu->blocks;
    if (cpu->block != NULL && cpu->block != cache->single)
        neutralize((struct block *)cpu->block);
    if (cpu->engine != NULL)
        cpu->engine->flushed(cpu);
    for (unsigned n = 0; n < ARRAY_SIZE(cache->pages); n++)
        for (struct code_page *p = cache->pages[n]; p != NULL; p = p->next)
            ram_page_clear_flags(p->ram, p->ram_page, RAM_PAGE_CODE);
    __builtin_memset(cache->hash, 0, sizeof cache->hash);
    __builtin_memset(cache->pages, 0, sizeof cache->pages);
    cache->dropped += cache->blocks;
    cache->blocks = 0;
    cache->flushed = true;
    block_cache_flush_linear(cpu);
}
