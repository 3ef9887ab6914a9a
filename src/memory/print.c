// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The flat map as text.
#include "memory/internal.h"

#include "base/format.h"

/* What a range shows: a memory region's RAM block and the offset in it, a chip's name and the
 * offset in its region. */
static void describe(const struct flat_range *range, char *text, size_t size)
{
    const struct region *region = range->region;
    uint64_t offset = range->first - region->base;
    const char *kind = "i/o", *name = region->name;

    if (region->kind == REGION_RAM) {
        const struct ram_block *shown = region->from != NULL ? region->from : region->to;
        kind = region->from == NULL ? "write-only" : region->to == NULL ? "rom" : "ram";
        if (shown != NULL)
            name = shown->name;
        offset += region->from != NULL ? region->from_offset : region->to_offset;
    }
    size_t length =
        format(text, size, "%016llx-%016llx (prio %d, %s): %s", (unsigned long long)range->first,
               (unsigned long long)range->last, region->priority, kind, name);
    if (offset != 0 && length < size)
        length += format(text + length, size - length, " @%016llx", (unsigned long long)offset);
    if (region->kind == REGION_RAM && region->from != NULL && region->to != NULL &&
        region->to != region->from && length < size)
        format(text + length, size - length, ", writes to %s @%016llx", region->to->name,
               (unsigned long long)(range->first - region->base + region->to_offset));
}

void memory_print(struct memory *memory, enum memory_space space,
                  void (*line)(void *opaque, const char *text), void *opaque)
{
    const struct flat_view *view = memory->views[space];
    for (uint32_t i = 0; i < view->count; i++) {
        char text[256];
        describe(&view->ranges[i], text, sizeof text);
        line(opaque, text);
    }
}
