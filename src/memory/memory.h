// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest-physical machine: address spaces of regions, their look-up, and accesses to them.
#ifndef MEMORY_MEMORY_H
#define MEMORY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "memory/ram.h"

/*
 * One struct memory holds the machine's address spaces. Regions of any size and alignment are
 * mapped into them with a priority; where regions overlap the higher priority shows (the later one
 * among equals). From them a flat, ordered array without overlaps is computed at each change and
 * searched binarily with a last-hit cache.
 *
 * The map changes only on the CPU's thread under the device lock, or while every CPU is stopped.
 */
enum memory_space {
    SPACE_MEMORY,   /* physical memory as the processor sees it outside SMM, and as DMA sees it */
    SPACE_SMM,      /* physical memory as the processor's data accesses see it in SMM */
    SPACE_SMM_CODE, /* as its fetches see it in SMM: SMRAM can be closed to data alone */
    SPACE_PORTS,    /* the 64 KiB I/O ports */
    SPACE_COUNT
};

/* Masks of spaces: all memory, and all that the processor sees in SMM. */
#define MEMORY_SPACES (1u << SPACE_MEMORY | SMM_SPACES)
#define SMM_SPACES    (1u << SPACE_SMM | 1u << SPACE_SMM_CODE)

struct memory;
struct host_lock;
struct region;

/*
 * What a chip attaches. offset is relative to the region's start. size is 1, 2, 4 or 8 and lies in
 * [min_size, max_size]: the bus splits larger accesses into max_size pieces; a smaller one than
 * min_size is refused as unassigned. An access is given whole to the region that holds its first
 * byte if it also ends inside that region's full extent (so a dword at 0xCF8 reaches the dword
 * register though 0xCF9 shows another chip), and is split at the end otherwise. A handler may
 * refuse (false): the access is answered as unassigned. Called under the device lock.
 */
struct region_desc {
    const char *name;
    uint64_t size;
    uint8_t min_size, max_size;
    bool (*read)(void *opaque, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(void *opaque, uint64_t offset, unsigned size, uint64_t value);
};

struct memory *memory_create(const struct log *log);
void memory_destroy(struct memory *memory);

/* RAM. NULL when the host refuses. name must outlive the block. */
struct ram_block *ram_create(struct memory *memory, const char *name, uint64_t size);

/* All of them: the first, and ->next. */
struct ram_block *memory_ram_blocks(const struct memory *memory);

/* Map a chip into spaces (a mask of 1 << enum memory_space). desc must outlive the region. The
 * region starts enabled. */
struct region *region_map_io(struct memory *memory, unsigned spaces, const struct region_desc *desc,
                             void *opaque, uint64_t base, int priority);

/*
 * Map memory of which reads show `from` and writes go to `to` (both at block_offset; the pair lets
 * PAM read ROM while it writes RAM). from == NULL: reads are unassigned (all ones). to == NULL:
 * writes are dropped (ROM).
 */
struct region *region_map_ram(struct memory *memory, unsigned spaces, const char *name,
                              struct ram_block *from, struct ram_block *to, uint64_t block_offset,
                              uint64_t base, uint64_t size, int priority);

void region_set_enabled(struct region *region, bool enabled);
bool region_enabled(const struct region *region);
void region_set_base(struct region *region, uint64_t base);
uint64_t region_base(const struct region *region);
/* Change what a memory region reads from and writes to (PAM); offsets may differ for the two. */
void region_set_ram(struct region *region, struct ram_block *from, uint64_t from_offset,
                    struct ram_block *to, uint64_t to_offset);
/* In which spaces the region shows (SMRAM: open, closed, SMM only). */
void region_set_spaces(struct region *region, unsigned spaces);
void region_unmap(struct region *region);
/* Several changes at once: the flat map is computed, and listeners told, at the outermost commit.
 */
void memory_begin(struct memory *memory);
void memory_commit(struct memory *memory);
/* As if the map had changed, though it has not: processors drop what they keep of it. */
void memory_forget_cached(struct memory *memory);

/*
 * Accesses of size 1, 2, 4 or 8 at any alignment. RAM needs no lock; anything else takes the device
 * lock unless the caller holds it. An unassigned read gives all ones and false; an unassigned write
 * is dropped and gives false.
 */
bool memory_read(struct memory *memory, enum memory_space space, uint64_t address, unsigned size,
                 uint64_t *value);
bool memory_write(struct memory *memory, enum memory_space space, uint64_t address, unsigned size,
                  uint64_t value);
void memory_set_lock(struct memory *memory, struct host_lock *lock);

/* DMA and debugger block copies through SPACE_MEMORY (a debugger in SMM through SPACE_SMM). Parts
 * that are not RAM go by bytes/words through the chips. Writes mark pages dirty and tell the code
 * listeners before the call returns. False if any part was unassigned. */
bool memory_read_bytes(struct memory *memory, enum memory_space space, uint64_t address,
                       void *buffer, uint64_t length);
bool memory_write_bytes(struct memory *memory, enum memory_space space, uint64_t address,
                        const void *buffer, uint64_t length);

/* Every store into RAM from outside a CPU's own store path ends here: dirty bits and code
 * listeners. The same for the CPU's slow stores. */
void ram_written(struct ram_block *block, uint64_t offset, uint64_t length);

/* What a soft TLB needs of one physical page: host addresses of the page where plain loads and
 * stores are right, else NULL. A read pointer is also where code is fetched from. */
struct memory_page {
    uint8_t *read;
    uint8_t *write;
    struct ram_block *read_block;  /* set where read is */
    struct ram_block *write_block; /* set where write is */
    uint64_t read_offset;          /* of the page in its block */
    uint64_t write_offset;
    bool unassigned; /* nothing at all is here */
};
void memory_find_page(struct memory *memory, enum memory_space space, uint64_t address,
                      struct memory_page *page);

/* Who must hear of changes: processors. Any member may be NULL. */
struct memory_listener {
    void (*map_changed)(void *opaque); /* drop every cached translation */
    void (*code_written)(void *opaque, struct ram_block *block, uint64_t offset,
                         uint64_t length); /* into RAM_PAGE_CODE pages; may come from any thread */
    void (*dirty_cleared)(void *opaque, struct ram_block *block, uint64_t first,
                          uint64_t count); /* pages whose stores must be seen again; any thread */
    void *opaque;
    struct memory_listener *next;
};
void memory_add_listener(struct memory *memory, struct memory_listener *listener);
void memory_remove_listener(struct memory *memory, struct memory_listener *listener);

/* Strict mode: called at each unassigned access (e.g. to stop the machine). NULL: off. */
void memory_set_strict(struct memory *memory, void (*stop)(void *opaque, const char *what),
                       void *opaque);

/* The flat map for `info mtree`: calls line() with one formatted line a range. */
void memory_print(struct memory *memory, enum memory_space space,
                  void (*line)(void *opaque, const char *text), void *opaque);

#endif
