// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Single accesses: RAM at once, chips under the device lock and in the sizes that they take.
#include "memory/internal.h"

#include "base/memory_functions.h"
#include "host/host.h"

/* Take the device lock unless this thread holds it. Returns whether it has to be released. */
static bool enter(struct memory *memory)
{
    if (memory->lock == NULL || host_lock_held(memory->lock))
        return false;
    host_lock_acquire(memory->lock);
    return true;
}

static void leave(struct memory *memory, bool entered)
{
    if (entered)
        host_lock_release(memory->lock);
}

/* The largest of 1, 2, 4, 8 that is not above size (1..8). */
static unsigned power_of_two_within(uint64_t size)
{
    return size >= 8 ? 8 : size >= 4 ? 4 : size >= 2 ? 2 : 1;
}

/*
 * How many of size bytes at address go to the region in one piece. RAM gives what shows of it. A
 * chip answers all that ends inside its full extent, even where another chip shows: a dword at
 * 0xCF8 is the PCI address register's, though 0xCF9 is the reset register's.
 */
static unsigned piece_size(const struct memory *memory, enum memory_space space,
                           const struct flat_range *range, uint64_t address, unsigned size)
{
    if (range != NULL) {
        const struct region *region = range->region;
        uint64_t last = region->kind == REGION_RAM ? range->last - address
                                                   : region->size - 1 - (address - region->base);
        uint64_t room = MIN((uint64_t)size - 1, last) + 1;
        return power_of_two_within(region->kind == REGION_RAM ? room
                                                              : MIN(room, region->desc->max_size));
    }
    const struct flat_range *next = flat_view_search(memory->views[space], address);
    return next != NULL ? power_of_two_within(MIN(size, next->first - address)) : size;
}

static bool read_piece(const struct flat_range *range, uint64_t address, unsigned size,
                       uint64_t *value)
{
    const struct region *region = range->region;
    uint64_t offset = address - region->base;

    if (region->kind == REGION_RAM) {
        if (region->from == NULL)
            return false;
        *value = load_le(region->from->host + region->from_offset + offset, size);
        return true;
    }
    if (size < region->desc->min_size || region->desc->read == NULL)
        return false;
    return region->desc->read(region->opaque, offset, size, value);
}

static bool write_piece(const struct flat_range *range, uint64_t address, unsigned size,
                        uint64_t value)
{
    const struct region *region = range->region;
    uint64_t offset = address - region->base;

    if (region->kind == REGION_RAM) {
        if (region->to == NULL)
            return true; /* ROM: nothing listens, but something is there */
        uint64_t block_offset = region->to_offset + offset;
        store_le(region->to->host + block_offset, size, value);
        ram_written(region->to, block_offset, size);
        return true;
    }
    if (size < region->desc->min_size || region->desc->write == NULL)
        return false;
    return region->desc->write(region->opaque, offset, size, value);
}

/* Does the chip at this range take the access as it is, in one piece? What piece_size() tells. */
static bool takes_whole(const struct flat_range *range, uint64_t address, unsigned size)
{
    if (range == NULL || range->region->kind != REGION_IO)
        return false;
    const struct region *region = range->region;
    return size <= region->desc->max_size && size <= region->size - (address - region->base);
}

static bool read_part(struct memory *memory, enum memory_space space,
                      const struct flat_range *range, uint64_t address, unsigned size,
                      uint64_t *value)
{
    *value = 0;
    if (likely(range != NULL && read_piece(range, address, size, value)))
        return true;
    *value = ~UINT64_C(0);
    memory_unassigned(memory, space, address, size, false, 0);
    return false;
}

static __attribute__((noinline)) bool read_parts(struct memory *memory, enum memory_space space,
                                                 uint64_t address, unsigned size, uint64_t *value)
{
    bool assigned = true;
    *value = 0;
    for (unsigned done = 0, part; done < size; done += part) {
        /* Looked up for each piece: a handler may have changed the map. */
        const struct flat_range *range = memory_find(memory, space, address + done);
        uint64_t v;
        part = piece_size(memory, space, range, address + done, size - done);
        assigned &= read_part(memory, space, range, address + done, part, &v);
        *value |= (v & size_mask(part)) << (8 * done);
    }
    return assigned;
}

static bool read_slow(struct memory *memory, enum memory_space space, uint64_t address,
                      unsigned size, uint64_t *value)
{
    bool entered = enter(memory), assigned;
    const struct flat_range *range = memory_find(memory, space, address);
    if (likely(takes_whole(range, address, size))) {
        assigned = read_part(memory, space, range, address, size, value);
        *value &= size_mask(size);
    } else {
        assigned = read_parts(memory, space, address, size, value);
    }
    leave(memory, entered);
    return assigned;
}

static bool write_part(struct memory *memory, enum memory_space space,
                       const struct flat_range *range, uint64_t address, unsigned size,
                       uint64_t value)
{
    if (likely(range != NULL && write_piece(range, address, size, value)))
        return true;
    memory_unassigned(memory, space, address, size, true, value);
    return false;
}

static __attribute__((noinline)) bool write_parts(struct memory *memory, enum memory_space space,
                                                  uint64_t address, unsigned size, uint64_t value)
{
    bool assigned = true;
    for (unsigned done = 0, part; done < size; done += part) {
        const struct flat_range *range = memory_find(memory, space, address + done);
        part = piece_size(memory, space, range, address + done, size - done);
        assigned &= write_part(memory, space, range, address + done, part,
                               value >> (8 * done) & size_mask(part));
    }
    return assigned;
}

static bool write_slow(struct memory *memory, enum memory_space space, uint64_t address,
                       unsigned size, uint64_t value)
{
    bool entered = enter(memory), assigned;
    const struct flat_range *range = memory_find(memory, space, address);
    if (likely(takes_whole(range, address, size)))
        assigned = write_part(memory, space, range, address, size, value & size_mask(size));
    else
        assigned = write_parts(memory, space, address, size, value);
    leave(memory, entered);
    return assigned;
}

/* Does range show readable resp. writable RAM at all of these bytes? */
static bool is_ram(const struct flat_range *range, uint64_t address, unsigned size)
{
    return range != NULL && range->region->kind == REGION_RAM && range->last - address >= size - 1;
}

bool memory_read(struct memory *memory, enum memory_space space, uint64_t address, unsigned size,
                 uint64_t *value)
{
    const struct flat_range *range = memory_find(memory, space, address);
    if (likely(is_ram(range, address, size) && range->region->from != NULL)) {
        const struct region *region = range->region;
        *value = load_le(region->from->host + region->from_offset + (address - region->base), size);
        return true;
    }
    return read_slow(memory, space, address, size, value);
}

bool memory_write(struct memory *memory, enum memory_space space, uint64_t address, unsigned size,
                  uint64_t value)
{
    const struct flat_range *range = memory_find(memory, space, address);
    if (likely(is_ram(range, address, size)))
        return write_piece(range, address, size, value);
    return write_slow(memory, space, address, size, value);
}

/* The offset of a page in the block that a region shows there; false if it is not a whole page of
 * the block. */
static bool page_in_block(const struct ram_block *block, uint64_t block_offset,
                          uint64_t region_offset, uint64_t *offset)
{
    *offset = block_offset + region_offset;
    return block != NULL && *offset % PAGE_SIZE == 0;
}

void memory_find_page(struct memory *memory, enum memory_space space, uint64_t address,
                      struct memory_page *page)
{
    uint64_t first = address & ~(uint64_t)(PAGE_SIZE - 1), last = first + (PAGE_SIZE - 1), offset;
    const struct flat_range *range = flat_view_search(memory->views[space], first);

    memset(page, 0, sizeof *page);
    if (range == NULL || range->first > last) {
        page->unassigned = true;
        return;
    }
    const struct region *region = range->region;
    if (region->kind != REGION_RAM || range->first > first || range->last < last)
        return;
    if (page_in_block(region->from, region->from_offset, first - region->base, &offset)) {
        page->read = region->from->host + offset;
        page->read_block = region->from;
        page->read_offset = offset;
    }
    if (page_in_block(region->to, region->to_offset, first - region->base, &offset)) {
        page->write = region->to->host + offset;
        page->write_block = region->to;
        page->write_offset = offset;
    }
}
