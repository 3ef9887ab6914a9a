// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Copies between guest-physical memory and a buffer: DMA and debuggers.
#include "memory/internal.h"

#include "base/memory_functions.h"

/* The widest access of a bus master at this address: naturally aligned, at most a dword. */
static unsigned bus_size(uint64_t address, uint64_t length)
{
    if (address % 4 == 0 && length >= 4)
        return 4;
    return address % 2 == 0 && length >= 2 ? 2 : 1;
}

/* Bytes from address to the end of the range, or of the gap where nothing is; at most length. */
static uint64_t run_length(struct memory *memory, enum memory_space space,
                           const struct flat_range *range, uint64_t address, uint64_t length)
{
    if (range != NULL)
        return MIN(length - 1, range->last - address) + 1;
    const struct flat_range *next = flat_view_search(memory->views[space], address);
    return next != NULL ? MIN(length, next->first - address) : length;
}

static bool read_chip(struct memory *memory, enum memory_space space, uint64_t address,
                      uint8_t *buffer, uint64_t length)
{
    bool assigned = true;
    while (length > 0) {
        unsigned size = bus_size(address, length);
        uint64_t value;
        assigned &= memory_read(memory, space, address, size, &value);
        store_le(buffer, size, value);
        address += size;
        buffer += size;
        length -= size;
    }
    return assigned;
}

static bool write_chip(struct memory *memory, enum memory_space space, uint64_t address,
                       const uint8_t *buffer, uint64_t length)
{
    bool assigned = true;
    while (length > 0) {
        unsigned size = bus_size(address, length);
        assigned &= memory_write(memory, space, address, size, load_le(buffer, size));
        address += size;
        buffer += size;
        length -= size;
    }
    return assigned;
}

/* One stretch that shows one region, or nothing. */
static bool read_run(struct memory *memory, enum memory_space space, const struct flat_range *range,
                     uint64_t address, uint8_t *buffer, uint64_t length)
{
    if (range != NULL && range->region->kind == REGION_IO)
        return read_chip(memory, space, address, buffer, length);
    if (range != NULL && range->region->from != NULL) {
        const struct region *region = range->region;
        memcpy(buffer, region->from->host + region->from_offset + (address - region->base), length);
        return true;
    }
    memset(buffer, 0xff, length);
    memory_unassigned(memory, space, address, length, false, 0);
    return false;
}

static bool write_run(struct memory *memory, enum memory_space space,
                      const struct flat_range *range, uint64_t address, const uint8_t *buffer,
                      uint64_t length)
{
    if (range == NULL) {
        memory_unassigned(memory, space, address, length, true,
                          load_le(buffer, bus_size(address, length)));
        return false;
    }
    const struct region *region = range->region;
    if (region->kind == REGION_IO)
        return write_chip(memory, space, address, buffer, length);
    if (region->to != NULL) {
        uint64_t offset = region->to_offset + (address - region->base);
        memcpy(region->to->host + offset, buffer, length);
        /* Before the pages' flags: a processor that is about to decode from here, or whoever looks
         * what is dirty, sets resp. clears them and reads then. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        ram_written(region->to, offset, length);
    }
    return true;
}

bool memory_read_bytes(struct memory *memory, enum memory_space space, uint64_t address,
                       void *buffer, uint64_t length)
{
    bool assigned = true;
    uint8_t *to = buffer;
    while (length > 0) {
        const struct flat_range *range = memory_find(memory, space, address);
        uint64_t part = run_length(memory, space, range, address, length);
        assigned &= read_run(memory, space, range, address, to, part);
        address += part;
        to += part;
        length -= part;
    }
    return assigned;
}

bool memory_write_bytes(struct memory *memory, enum memory_space space, uint64_t address,
                        const void *buffer, uint64_t length)
{
    bool assigned = true;
    const uint8_t *from = buffer;
    while (length > 0) {
        const struct flat_range *range = memory_find(memory, space, address);
        uint64_t part = run_length(memory, space, range, address, length);
        assigned &= write_run(memory, space, range, address, from, part);
        address += part;
        from += part;
        length -= part;
    }
    return assigned;
}
