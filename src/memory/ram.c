// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// RAM blocks: creation, stores into them, dirty pages.
#include "memory/ram.h"

#include "host/host.h"
#include "memory/internal.h"

struct ram_block *ram_create(struct memory *memory, const char *name, uint64_t size)
{
    uint64_t pages = (size >> PAGE_SHIFT) + (size % PAGE_SIZE != 0);
    struct host_ram *ram = host_ram_create(pages << PAGE_SHIFT);
    if (ram == NULL)
        return NULL;

    struct ram_block *block = host_alloc(sizeof *block);
    block->name = name;
    block->host = host_ram_address(ram);
    block->size = pages << PAGE_SHIFT;
    block->page_flags = host_alloc(pages);
    block->ram = ram;
    block->memory = memory;
    block->next = memory->blocks;
    memory->blocks = block;
    return block;
}

struct ram_block *memory_ram_blocks(const struct memory *memory)
{
    return memory->blocks;
}

static void tell_code_written(struct ram_block *block, uint64_t offset, uint64_t length)
{
    for (struct memory_listener *l = block->memory->listeners; l != NULL; l = l->next)
        if (l->code_written != NULL)
            l->code_written(l->opaque, block, offset, length);
}

void ram_written(struct ram_block *block, uint64_t offset, uint64_t length)
{
    while (length > 0) {
        uint64_t page = offset >> PAGE_SHIFT;
        uint64_t part = MIN(length, PAGE_SIZE - offset % PAGE_SIZE);
        uint8_t flags = __atomic_load_n(&block->page_flags[page], __ATOMIC_RELAXED);
        uint8_t clients = __atomic_load_n(&block->dirty_clients, __ATOMIC_RELAXED);

        if ((flags & clients) != clients)
            ram_page_set_flags(block, page, clients);
        if (flags & RAM_PAGE_CODE)
            tell_code_written(block, offset, part);
        offset += part;
        length -= part;
    }
}

void ram_dirty_attach(struct ram_block *block, uint8_t client)
{
    uint64_t pages = block->size >> PAGE_SHIFT;
    /* Dirty before anyone expects it: between the two, a store may skip a bit that is set already,
     * never one that is clear. */
    for (uint64_t page = 0; page < pages; page++)
        ram_page_set_flags(block, page, client);
    __atomic_fetch_or(&block->dirty_clients, client, __ATOMIC_RELAXED);
}

static void tell_dirty_cleared(struct ram_block *block, uint64_t first, uint64_t count)
{
    if (count == 0)
        return;
    for (struct memory_listener *l = block->memory->listeners; l != NULL; l = l->next)
        if (l->dirty_cleared != NULL)
            l->dirty_cleared(l->opaque, block, first, count);
}

/* Test and clear one client's bit. */
static bool fetch_page(struct ram_block *block, uint8_t client, uint64_t page)
{
    uint8_t *flags = &block->page_flags[page];
    if (!(__atomic_load_n(flags, __ATOMIC_RELAXED) & client))
        return false;
    return __atomic_fetch_and(flags, (uint8_t)~client, __ATOMIC_ACQ_REL) & client;
}

bool ram_dirty_fetch(struct ram_block *block, uint8_t client, uint64_t first, uint64_t count,
                     uint64_t *bitmap)
{
    bool any = false;
    uint64_t run = 0; /* dirty pages just before this one, not told yet */

    for (uint64_t i = 0; i < count; i++) {
        if (fetch_page(block, client, first + i)) {
            any = true;
            run++;
            if (bitmap != NULL)
                bitmap[i / 64] |= UINT64_C(1) << (i % 64);
        } else {
            tell_dirty_cleared(block, first + i - run, run);
            run = 0;
        }
    }
    tell_dirty_cleared(block, first + count - run, run);
    return any;
}
