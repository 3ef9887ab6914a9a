// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From regions that overlap to a flat, ordered view of what shows, and its search.
#include "memory/internal.h"

#include "base/memory_functions.h"
#include "host/host.h"

static void insert(struct flat_view *view, uint32_t position, struct flat_range range)
{
    if (view->count == view->capacity) {
        uint32_t capacity = view->capacity > 0 ? view->capacity * 2 : 32;
        struct flat_range *grown = host_alloc(capacity * sizeof *grown);
        if (view->count > 0)
            memcpy(grown, view->ranges, view->count * sizeof *grown);
        host_free(view->ranges);
        view->ranges = grown;
        view->capacity = capacity;
    }
    memmove(&view->ranges[position + 1], &view->ranges[position],
            (view->count - position) * sizeof range);
    view->ranges[position] = range;
    view->count++;
}

/* The index of the first range that ends at or after address; count where there is none. */
static uint32_t search(const struct flat_view *view, uint64_t address)
{
    uint32_t low = 0, high = view->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (view->ranges[middle].last < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct flat_range *flat_view_search(const struct flat_view *view, uint64_t address)
{
    uint32_t index = search(view, address);
    return index < view->count ? &view->ranges[index] : NULL;
}

/* Regions come in the order in which they show, so a region shows where nothing is yet. */
static void fill_gaps(struct flat_view *view, struct region *region, uint64_t first, uint64_t last)
{
    uint32_t position = search(view, first);
    for (;;) {
        bool more = position < view->count && view->ranges[position].first <= last;
        uint64_t taken = more ? view->ranges[position].first : 0;
        if (!more || taken > first) {
            insert(view, position, (struct flat_range){ first, more ? taken - 1 : last, region });
            position++;
        }
        if (!more || view->ranges[position].last >= last)
            return;
        first = view->ranges[position].last + 1;
        position++;
    }
}

struct flat_view *flat_view_create(const struct region *regions, enum memory_space space)
{
    struct flat_view *view = host_alloc(sizeof *view);
    for (const struct region *region = regions; region != NULL; region = region->next) {
        if (!region->enabled || !(region->spaces & (1u << space)) ||
            region->base > space_last(space))
            continue;
        /* A guest may place a region so that it runs out of the address space: its end is not
         * reachable. */
        uint64_t room = space_last(space) - region->base;
        fill_gaps(view, (struct region *)region, region->base,
                  region->base + MIN(region->size - 1, room));
    }
    return view;
}

void flat_view_destroy(struct flat_view *view)
{
    if (view == NULL)
        return;
    host_free(view->ranges);
    host_free(view);
}

bool flat_view_equal(const struct flat_view *a, const struct flat_view *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++) {
        const struct flat_range *p = &a->ranges[i], *q = &b->ranges[i];
        if (p->first != q->first || p->last != q->last || p->region != q->region)
            return false;
    }
    return true;
}
