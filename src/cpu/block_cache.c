// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// How decoded blocks are found: hash, pages with code, and what a write to such a page drops.
#include "cpu/block_cache.h"

#include "cpu/block_room.h"
#include "cpu/block_store.h"
#include "cpu/execute.h"
#include "host/host.h"
#include "memory/ram.h"

/*
 * A block is found by the host address of its first byte. A dropped block stays in memory,
 * unreachable, with every instruction made to leave for the loop, so that it may be dropped while
 * it runs; it is used again after the jump cache, which may remember it, was emptied.
 */
#define GENERATION_ONE (UINT64_C(1) << 48)

_Static_assert(sizeof(struct insn) == 32, "two decoded instructions a cache line");

struct block_cache *block_cache_create(struct cpu *cpu)
{
    struct block_cache *cache = host_alloc(sizeof *cache);
    cache->room = block_room_create();
    cache->array = block_room_array(cache->room);
    cache->page_store = host_alloc(CODE_PAGES_MAX * sizeof *cache->page_store);
    cache->single = host_alloc(sizeof *cache->single);
    cache->single->insns = host_alloc(2 * sizeof *cache->single->insns);
    cache->single->entry = cache->single->insns;
    cpu->code_generation = GENERATION_ONE;
    return cache;
}

void block_cache_destroy(struct block_cache *cache)
{
    if (cache == NULL)
        return;
    host_free(cache->page_store);
    block_room_destroy(cache->room);
    host_free(cache->single->insns);
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

/* Blocks that follow one another have heads that do: the next is mostly in the same cache line. */
static block_ref *hash_head(struct block_cache *cache, const uint8_t *host,
                            const uint8_t *second_page)
{
    uint64_t page = ((uintptr_t)host ^ (uintptr_t)second_page << 8) >> PAGE_SHIFT;
    uint64_t offset = (uintptr_t)host & (PAGE_SIZE - 1);
    uint64_t h = page * UINT64_C(0x9e3779b97f4a7c15) >> (64 - BLOCK_HASH_BITS);
    return &cache->hash[h ^ offset / 4];
}
_Static_assert(PAGE_SIZE / 4 <= 1u << BLOCK_HASH_BITS, "a page has as many heads");

static const uint8_t *page_of(const uint8_t *host)
{
    return (const uint8_t *)((uintptr_t)host & ~(uintptr_t)(PAGE_SIZE - 1));
}

static struct code_page **page_head(struct block_cache *cache, const uint8_t *page)
{
    return &cache->pages[((uintptr_t)page >> PAGE_SHIFT) & ((1u << CODE_PAGE_HASH_BITS) - 1)];
}

static bool has_pages(const struct block_cache *cache, unsigned count)
{
    unsigned left = CODE_PAGES_MAX - cache->pages_used;
    for (const struct code_page *p = cache->free_pages; p != NULL && left < count; p = p->next)
        left++;
    return left >= count;
}

static struct code_page *new_page(struct block_cache *cache)
{
    struct code_page *p = cache->free_pages;
    if (p == NULL)
        return &cache->page_store[cache->pages_used++];
    cache->free_pages = p->next;
    return p;
}

static void free_page(struct block_cache *cache, struct code_page *p)
{
    struct code_page **link = page_head(cache, p->host);
    while (*link != p)
        link = &(*link)->next;
    *link = p->next;
    p->next = cache->free_pages;
    cache->free_pages = p;
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
    const struct block_cache *cache = cpu->blocks;
    struct block *b = block_at(cache, *hash_head(cpu->blocks, host, second_page));
    while (b != NULL && !(b->host == host && b->mode == cpu->mode && b->second_page == second_page))
        b = block_at(cache, b->hash_next);
    return b;
}

/* ---- instructions ---------------------------------------------------------------------------- */

struct insn *block_insns_reserve(struct cpu *cpu)
{
    return block_room_insns(cpu->blocks->room);
}

void block_insns_keep(struct cpu *cpu, struct block *b)
{
    block_room_keep_insns(cpu->blocks->room, b, b->count + 1u);
    cpu->blocks->decoded += b->count;
}

/* ---- pages with code ------------------------------------------------------------------------- */

static bool in_first_page(const struct block *b, const struct code_page *p)
{
    return page_of(b->host) == p->host;
}

static block_ref *next_in_page(struct block *b, const struct code_page *p)
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

/*
 * Whoever changes bytes looks at the flag afterwards, behind a barrier (memory/bytes.c): either the
 * flag is seen there, or the new bytes here.
 */
void block_watch_page(const struct memory_page *page)
{
    const uint64_t number = page->read_offset >> PAGE_SHIFT;
    if (__atomic_load_n(&page->read_block->page_flags[number], __ATOMIC_RELAXED) & RAM_PAGE_CODE)
        return;
    ram_page_set_flags(page->read_block, number, RAM_PAGE_CODE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void block_unwatch_page(struct cpu *cpu, const struct memory_page *page)
{
    if (find_page(cpu->blocks, page->read) == NULL)
        ram_page_clear_flags(page->read_block, page->read_offset >> PAGE_SHIFT, RAM_PAGE_CODE);
}

static void add_to_page(struct cpu *cpu, struct block *b, const uint8_t *host,
                        const struct memory_page *m)
{
    struct block_cache *cache = cpu->blocks;
    struct code_page *p = find_page(cache, host);
    if (p == NULL) {
        p = new_page(cache);
        *p = (struct code_page){ .host = host,
                                 .ram = m->read_block,
                                 .ram_page = m->read_offset >> PAGE_SHIFT };
        p->next = *page_head(cache, host);
        *page_head(cache, host) = p;
    }
    if (p->blocks == 0)
        tlb_protect(cpu, p->ram, p->ram_page << PAGE_SHIFT, PAGE_SIZE, false);
    unsigned first, end;
    range_in_page(b, p, &first, &end);
    p->granules |= granules(first, end);
    *next_in_page(b, p) = p->blocks;
    p->blocks = block_ref_of(cache, b);
}

void block_publish(struct cpu *cpu, struct block *b, const struct memory_page *first,
                   const struct memory_page *second)
{
    struct block_cache *cache = cpu->blocks;
    block_room_keep(cache->room);
    block_room_keep_insns(cache->room, b, b->count + 1u);
    block_ref *head = hash_head(cache, b->host, b->second_page);
    b->hash_next = *head;
    *head = block_ref_of(cache, b);
    cache->blocks++;
    cache->decoded += b->count;
    add_to_page(cpu, b, page_of(b->host), first);
    if (b->second_page != NULL)
        add_to_page(cpu, b, b->second_page, second);
}

/* ---- dropping -------------------------------------------------------------------------------- */

/* Granules that no block is in any more are found when one of them is stored to. */
static void count_granules(const struct block_cache *cache, struct code_page *p)
{
    p->granules = 0;
    for (struct block *b = block_at(cache, p->blocks); b != NULL;
         b = block_at(cache, *next_in_page(b, p))) {
        unsigned first, end;
        range_in_page(b, p, &first, &end);
        p->granules |= granules(first, end);
    }
}

static void free_if_empty(struct block_cache *cache, struct code_page *p)
{
    if (p->blocks != 0)
        return;
    ram_page_clear_flags(p->ram, p->ram_page, RAM_PAGE_CODE);
    free_page(cache, p);
}

static void leave_page(struct block_cache *cache, struct code_page *p, struct block *b)
{
    block_ref *link = &p->blocks, this = block_ref_of(cache, b);
    while (*link != this)
        link = next_in_page(block_at(cache, *link), p);
    *link = *next_in_page(b, p);
    free_if_empty(cache, p);
}

static void neutralize(struct block *b)
{
    b->dropped = true;
    b->entry = &block_entry_dropped;
    for (unsigned n = 0; b->insns != NULL && n <= b->count; n++)
        b->insns[n].fn = exec_dropped;
}

/* It is out of the list of one of its pages, p, already: out of all else. */
static void forget(struct cpu *cpu, const struct code_page *p, struct block *b)
{
    struct block_cache *cache = cpu->blocks;
    block_ref *link = hash_head(cache, b->host, b->second_page), this = block_ref_of(cache, b);
    while (*link != this)
        link = &block_at(cache, *link)->hash_next;
    *link = b->hash_next;
    if (cpu->engine != NULL && cpu->engine->dropped != NULL)
        cpu->engine->dropped(cpu, b);
    neutralize(b);
    cache->blocks--;
    cache->dropped++;
    if (b->second_page != NULL)
        leave_page(cache, find_page(cache, in_first_page(b, p) ? b->second_page : page_of(b->host)),
                   b);
    block_room_drop(cache->room, b);
}

/* May block b of page p go? */
typedef bool drop_fn(const struct block *b, const struct code_page *p, const void *opaque);

/* Drop the blocks of the page that may go. How many. */
static unsigned drop_in_page(struct cpu *cpu, struct code_page *p, drop_fn *may, const void *opaque)
{
    struct block_cache *cache = cpu->blocks;
    unsigned found = 0;
    block_ref *link = &p->blocks;
    while (*link != 0) {
        struct block *b = block_at(cache, *link);
        if (!may(b, p, opaque)) {
            link = next_in_page(b, p);
            continue;
        }
        *link = *next_in_page(b, p);
        forget(cpu, p, b);
        found++;
    }
    count_granules(cache, p);
    free_if_empty(cache, p);
    return found;
}

struct range {
    unsigned first, end; /* bytes of the page */
};

static bool overlaps(const struct block *b, const struct code_page *p, const void *opaque)
{
    const struct range *range = opaque;
    unsigned first, end;
    range_in_page(b, p, &first, &end);
    return first < range->end && range->first < end;
}

static void invalidate_in_page(struct cpu *cpu, struct code_page *p, unsigned first, unsigned end)
{
    const struct range range = { first, end };
    if (p->granules & granules(first, end))
        drop_in_page(cpu, p, overlaps, &range);
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
    if (b == NULL || b == cpu->blocks->single || b->dropped)
        return;
    unsigned first = (uintptr_t)b->host & (PAGE_SIZE - 1);
    invalidate_in_page(cpu, find_page(cpu->blocks, page_of(b->host)), first, first + 1);
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

/* ---- room ------------------------------------------------------------------------------------ */

/* Those that the engine has nothing of; each once, with the page that it begins in. */
static bool is_idle(const struct block *b, const struct code_page *p, const void *opaque)
{
    (void)opaque;
    return in_first_page(b, p) && b->translations == 0;
}

static bool begins_here(const struct block *b, const struct code_page *p, const void *opaque)
{
    (void)opaque;
    return in_first_page(b, p);
}

/* Page by page, from where the last sweep ended. */
static unsigned sweep(struct cpu *cpu, drop_fn *may)
{
    struct block_cache *cache = cpu->blocks;
    unsigned found = 0;
    for (unsigned n = 0; n < cache->pages_used && found < BLOCKS_SWEPT; n++) {
        struct code_page *p = &cache->page_store[cache->swept];
        cache->swept = (cache->swept + 1) % cache->pages_used;
        if (p->blocks != 0)
            found += drop_in_page(cpu, p, may, NULL);
    }
    return found;
}

/* For one more: dropped blocks are used again, or some are dropped. */
static void make_room(struct cpu *cpu)
{
    struct block_room *room = cpu->blocks->room;
    if (block_room_block(room) == NULL && !block_room_wants_reclaim(room) &&
        sweep(cpu, is_idle) < BLOCKS_SWEPT_LEAST)
        sweep(cpu, begins_here);
    if (block_room_wants_reclaim(room)) {
        block_cache_flush_linear(cpu);
        block_room_reclaim(room);
    }
}

/* Called between blocks only, so that even the block that ran last may be overwritten. */
struct block *block_reserve(struct cpu *cpu)
{
    struct block_cache *cache = cpu->blocks;
    if (!cache->flushed)
        make_room(cpu);
    if (!cache->flushed && !has_pages(cache, 2))
        block_cache_flush(cpu);
    if (cache->flushed) {
        cache->pages_used = cache->swept = 0;
        cache->free_pages = NULL;
        block_room_reset(cache->room, cpu->engine != NULL ? DECODED_MIN : DECODED_MAX);
        cache->flushed = false;
    }
    struct block *b = block_room_block(cache->room);
    b->insns = block_room_insns(cache->room);
    return b;
}
