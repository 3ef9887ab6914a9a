// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the files of this folder share: the memory, its regions and the flat view of each space.
#ifndef MEMORY_INTERNAL_H
#define MEMORY_INTERNAL_H

#include "memory/memory.h"

enum region_kind { REGION_IO, REGION_RAM };

struct region {
    struct memory *memory;
    const char *name;
    enum region_kind kind;
    bool enabled;
    int priority;
    unsigned spaces;
    uint64_t base, size;
    /* REGION_IO */
    const struct region_desc *desc;
    void *opaque;
    /* REGION_RAM: where reads come from and writes go to; NULL: nowhere */
    struct ram_block *from, *to;
    uint64_t from_offset, to_offset;
    /* In the order in which they show: by priority, the later one first among equals. */
    struct region *next;
};

/* One stretch of a space that shows one region. first and last are addresses. */
struct flat_range {
    uint64_t first, last;
    struct region *region;
};

/*
 * All that one space shows, in order of address, without overlaps. Never changed once it is in use,
 * but for the hints of last hits, which any thread may set to anything. Drivers go to and fro between
 * the registers of a few chips: neighbours in port space and pages in memory each have their own.
 */
enum { FLAT_HINTS = 64 };
struct flat_view {
    uint32_t last_hit[FLAT_HINTS];
    uint32_t count;
    uint32_t capacity;
    struct flat_range *ranges;
    struct flat_view *next_retired;
};

struct memory {
    const struct log *log;
    struct host_lock *lock;
    struct region *regions;
    struct ram_block *blocks;
    struct flat_view *views[SPACE_COUNT];
    /* What a reader further up the same call chain may still look at; freed at the next commit. */
    struct flat_view *retired_views;
    struct region *retired_regions;
    struct region *unmapped_regions; /* since the last commit: they are retired at the next */
    unsigned depth;                  /* of memory_begin() */
    unsigned changed_spaces;         /* a mask: to compute anew at the commit */
    struct memory_listener *listeners;
    void (*strict)(void *opaque, const char *what);
    void *strict_opaque;
};

/* Last address of a space. */
static inline uint64_t space_last(enum memory_space space)
{
    return space == SPACE_PORTS ? 0xffff : UINT64_MAX;
}

/* Compute what a space shows; and the same as before? */
struct flat_view *flat_view_create(const struct region *regions, enum memory_space space);
void flat_view_destroy(struct flat_view *view);
bool flat_view_equal(const struct flat_view *a, const struct flat_view *b);

/* The first range that ends at or after address; NULL where nothing follows. It holds address if
 * its first does not lie above. */
const struct flat_range *flat_view_search(const struct flat_view *view, uint64_t address);

/* The range that holds address, or NULL. Any thread; fast on a repeated hit. */
static inline const struct flat_range *memory_find(struct memory *memory, enum memory_space space,
                                                   uint64_t address)
{
    struct flat_view *view = __atomic_load_n(&memory->views[space], __ATOMIC_ACQUIRE);
    uint32_t *last_hit = &view->last_hit[(address ^ address >> 12) % FLAT_HINTS];
    uint32_t hint = __atomic_load_n(last_hit, __ATOMIC_RELAXED);
    if (likely(hint < view->count)) {
        const struct flat_range *range = &view->ranges[hint];
        if (likely(address >= range->first && address <= range->last))
            return range;
    }
    const struct flat_range *found = flat_view_search(view, address);
    if (found == NULL || found->first > address)
        return NULL;
    __atomic_store_n(last_hit, (uint32_t)(found - view->ranges), __ATOMIC_RELAXED);
    return found;
}

/* Log an access that nothing answers, and stop in strict mode. */
void memory_unassigned(struct memory *memory, enum memory_space space, uint64_t address,
                       uint64_t size, bool write, uint64_t value);

/* A region's showing has changed or will: its spaces are computed anew at the commit. */
void memory_changed(struct memory *memory, unsigned spaces);

#endif
