// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Guest RAM blocks and what is known of each of their pages.
#ifndef MEMORY_RAM_H
#define MEMORY_RAM_H

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096u

/*
 * Per-page flags, one byte a page. A store may take the fast path (a plain host store) only into a
 * page with no RAM_PAGE_CODE whose dirty bits of all attached clients are set already.
 */
enum {
    RAM_PAGE_CODE = 1 << 0,            /* decoded or translated code was made from this page */
    RAM_PAGE_DIRTY_DISPLAY = 1 << 1,   /* written since the display last looked */
    RAM_PAGE_DIRTY_MIGRATION = 1 << 2, /* written since migration last looked */
};

struct ram_block {
    const char *name;
    uint8_t *host;         /* first byte in host memory */
    uint64_t size;         /* bytes, a multiple of PAGE_SIZE */
    uint8_t *page_flags;   /* size >> PAGE_SHIFT of them; changed by atomic or/and only */
    uint8_t dirty_clients; /* which dirty bits anyone reads; stores into the block must set these */
    struct host_ram *ram;
    struct memory *memory; /* whose listeners hear of clears */
    struct ram_block *next;
};

/* Does a store into this page have to take the slow path first? */
static inline bool ram_page_store_is_slow(const struct ram_block *block, uint64_t page)
{
    uint8_t flags = __atomic_load_n(&block->page_flags[page], __ATOMIC_RELAXED);
    return (flags & RAM_PAGE_CODE) || (flags & block->dirty_clients) != block->dirty_clients;
}

static inline void ram_page_set_flags(struct ram_block *block, uint64_t page, uint8_t flags)
{
    __atomic_fetch_or(&block->page_flags[page], flags, __ATOMIC_RELAXED);
}

static inline void ram_page_clear_flags(struct ram_block *block, uint64_t page, uint8_t flags)
{
    __atomic_fetch_and(&block->page_flags[page], (uint8_t)~flags, __ATOMIC_RELAXED);
}

/* Attach a dirty client (a RAM_PAGE_DIRTY_* bit): all pages start dirty. */
void ram_dirty_attach(struct ram_block *block, uint8_t client);

/*
 * Which of count pages from first were written since the last call: sets bit n of bitmap (may be
 * NULL) for page first + n, clears the client's bits, tells the listeners so that further stores
 * are seen. True if any was dirty.
 */
bool ram_dirty_fetch(struct ram_block *block, uint8_t client, uint64_t first, uint64_t count,
                     uint64_t *bitmap);

#endif
