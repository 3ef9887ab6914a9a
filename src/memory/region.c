// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Regions: mapping them, moving them, changing what they show.
#include "memory/internal.h"

#include "host/host.h"

/* Before all regions of its own priority: the later one among equals shows. */
static struct region *map(struct memory *memory, const struct region *model)
{
    struct region *region = host_alloc(sizeof *region);
    struct region **link = &memory->regions;

    host_assert(model->size > 0, "a region needs a size");
    *region = *model;
    region->memory = memory;
    region->enabled = true;
    while (*link != NULL && (*link)->priority > region->priority)
        link = &(*link)->next;
    region->next = *link;
    memory_begin(memory);
    *link = region;
    memory_changed(memory, region->spaces);
    memory_commit(memory);
    return region;
}

struct region *region_map_io(struct memory *memory, unsigned spaces, const struct region_desc *desc,
                             void *opaque, uint64_t base, int priority)
{
    host_assert(desc->min_size >= 1 && desc->min_size <= desc->max_size && desc->max_size <= 8,
                "a region's access sizes are 1 to 8");
    return map(memory, &(struct region){ .name = desc->name,
                                         .kind = REGION_IO,
                                         .priority = priority,
                                         .spaces = spaces,
                                         .base = base,
                                         .size = desc->size,
                                         .desc = desc,
                                         .opaque = opaque });
}

static void check_extent(const struct ram_block *block, uint64_t offset, uint64_t size)
{
    host_assert(block == NULL || (offset <= block->size && size <= block->size - offset),
                "a region reaches past the end of its RAM block");
}

struct region *region_map_ram(struct memory *memory, unsigned spaces, const char *name,
                              struct ram_block *from, struct ram_block *to, uint64_t block_offset,
                              uint64_t base, uint64_t size, int priority)
{
    check_extent(from, block_offset, size);
    check_extent(to, block_offset, size);
    return map(memory, &(struct region){ .name = name,
                                         .kind = REGION_RAM,
                                         .priority = priority,
                                         .spaces = spaces,
                                         .base = base,
                                         .size = size,
                                         .from = from,
                                         .to = to,
                                         .from_offset = block_offset,
                                         .to_offset = block_offset });
}

bool region_enabled(const struct region *region)
{
    return region->enabled;
}

uint64_t region_base(const struct region *region)
{
    return region->base;
}

/* A region that does not show may change without any effect on the map. */
static unsigned shown_spaces(const struct region *region)
{
    return region->enabled ? region->spaces : 0;
}

void region_set_enabled(struct region *region, bool enabled)
{
    if (region->enabled == enabled)
        return;
    memory_begin(region->memory);
    region->enabled = enabled;
    memory_changed(region->memory, region->spaces);
    memory_commit(region->memory);
}

void region_set_base(struct region *region, uint64_t base)
{
    if (region->base == base)
        return;
    memory_begin(region->memory);
    region->base = base;
    memory_changed(region->memory, shown_spaces(region));
    memory_commit(region->memory);
}

void region_set_spaces(struct region *region, unsigned spaces)
{
    if (region->spaces == spaces)
        return;
    memory_begin(region->memory);
    memory_changed(region->memory, shown_spaces(region));
    region->spaces = spaces;
    memory_changed(region->memory, shown_spaces(region));
    memory_commit(region->memory);
}

void region_set_ram(struct region *region, struct ram_block *from, uint64_t from_offset,
                    struct ram_block *to, uint64_t to_offset)
{
    host_assert(region->kind == REGION_RAM, "region_set_ram() is for memory regions");
    check_extent(from, from_offset, region->size);
    check_extent(to, to_offset, region->size);
    if (region->from == from && region->to == to && region->from_offset == from_offset &&
        region->to_offset == to_offset)
        return;
    memory_begin(region->memory);
    region->from = from;
    region->from_offset = from_offset;
    region->to = to;
    region->to_offset = to_offset;
    memory_changed(region->memory, shown_spaces(region));
    memory_commit(region->memory);
}

void region_unmap(struct region *region)
{
    struct memory *memory = region->memory;
    struct region **link = &memory->regions;

    memory_begin(memory);
    while (*link != region)
        link = &(*link)->next;
    *link = region->next;
    region->next = memory->unmapped_regions;
    memory->unmapped_regions = region;
    memory_changed(memory, region->spaces);
    memory_commit(memory);
}
