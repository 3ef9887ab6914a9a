// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: reserved addresses over which pages of guest RAM's file are mapped. All but creation may
// run in a fault handler: system calls only.
#include "host/float.h"
#include "host/host.h"

#include <errno.h>
#include <sys/mman.h>

#include "host/linux/ram.h"

#define PAGE_SIZE UINT64_C(4096)

/* Up to here pages that are mapped together are entered into the host's page tables together: 0.4
 * us a page instead of 1.1 us when each is touched first. More might take memory that the guest
 * never uses. */
#define POPULATE_LIMIT (64 * PAGE_SIZE)

/*
 * Where nothing is mapped there is no mapping at all: putting pages into a hole costs 3 us, into
 * a reservation, which has to be split for it, 6 us, and needs half as many mappings; and taking
 * whole mappings out again is never refused at the kernel's limit. For that the addresses must be some that
 * nobody else is given: the kernel looks for room from the top downwards, or from a third of the
 * address space upwards, and finds plenty there. Each slot begins with a guard that is a mapping,
 * so that the next window, of this machine or another, goes elsewhere. Where the place is taken
 * (sanitizers), the whole range is reserved.
 */
#define HOLES_START UINT64_C(0x200000000000)
#define HOLE_SLOT   (UINT64_C(1) << 34)
#define HOLE_SLOTS  256
#define ALIGNMENT   (UINT64_C(2) << 20) /* of large host pages; the guards' size */
_Static_assert(ALIGNMENT >= HOST_WINDOW_GUARD, "guards are at least as large as promised");
_Static_assert((UINT64_C(1) << 32) + 2 * ALIGNMENT <= HOLE_SLOT, "a window fits into a slot");

struct host_window {
    uint8_t *address;
    uint64_t size;
    bool hole;
};

/* Addresses that fault, and that cost no memory. at: NULL, or what is to be replaced. */
static void *reserve(void *at, uint64_t size, int flags)
{
    return mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
}

/* All of [start, start + size) but the guards at its ends is a hole. */
static uint8_t *reserve_hole(uint64_t size)
{
    for (uint64_t slot = 0; slot < HOLE_SLOTS; slot++) {
        uint8_t *start = (uint8_t *)(uintptr_t)(HOLES_START + slot * HOLE_SLOT);
        void *got = reserve(start, size, MAP_FIXED_NOREPLACE);
        if (got == start && munmap(start + ALIGNMENT, size - 2 * ALIGNMENT) == 0)
            return start;
        if (got != MAP_FAILED)
            munmap(got, size);
    }
    return NULL;
}

struct host_window *host_window_create(uint64_t size)
{
    host_assert(size > 0 && size % PAGE_SIZE == 0, "a window of no whole number of pages");
    uint64_t whole = size + 2 * ALIGNMENT;
    uint8_t *start = whole <= HOLE_SLOT ? reserve_hole(whole) : NULL;
    bool hole = start != NULL;
    if (!hole)
        start = reserve(NULL, whole, 0);
    if (start == MAP_FAILED)
        return NULL;
    /* The C library clears what it gives by vector registers. */
    struct host_float kept;
    host_float_set_aside(&kept);
    struct host_window *window = host_alloc(sizeof *window);
    host_float_give_back(&kept);
    *window = (struct host_window){ start + ALIGNMENT, size, hole };
    return window;
}

void host_window_destroy(struct host_window *window)
{
    if (window == NULL)
        return;
    munmap(window->address - ALIGNMENT, window->size + 2 * ALIGNMENT);
    host_free(window);
}

uint8_t *host_window_address(const struct host_window *window)
{
    return window->address;
}

static bool pages_inside(uint64_t limit, uint64_t at, uint64_t size)
{
    return at % PAGE_SIZE == 0 && size % PAGE_SIZE == 0 && size > 0 && at <= limit &&
           size <= limit - at;
}

static int protection(bool writable)
{
    return writable ? PROT_READ | PROT_WRITE : PROT_READ;
}

/* A refusal is the caller's to handle and must not show in what a signal interrupted. */
static bool succeeded(bool success, int saved_errno)
{
    errno = saved_errno;
    return success;
}

unsigned host_window_mappings_per_run(const struct host_window *window)
{
    return window->hole ? 1 : 2;
}

bool host_window_map(struct host_window *window, uint64_t at, struct host_ram *ram, uint64_t offset,
                     uint64_t size, bool writable)
{
    int saved_errno = errno;
    host_assert(pages_inside(window->size, at, size), "a mapping outside its window");
    host_assert(pages_inside(ram_size(ram), offset, size), "a mapping outside of RAM");
    int populate = size > PAGE_SIZE && size <= POPULATE_LIMIT ? MAP_POPULATE : 0;
    void *got = mmap(window->address + at, size, protection(writable),
                     MAP_SHARED | MAP_NORESERVE | MAP_FIXED | populate, ram_fd(ram), (off_t)offset);
    return succeeded(got != MAP_FAILED, saved_errno);
}

bool host_window_protect(struct host_window *window, uint64_t at, uint64_t size, bool writable)
{
    int saved_errno = errno;
    host_assert(pages_inside(window->size, at, size), "protection outside its window");
    return succeeded(mprotect(window->address + at, size, protection(writable)) == 0, saved_errno);
}

/* At its limit the kernel refuses any mmap(), but no protection of whole mappings. */
static bool reserve_again(uint8_t *at, uint64_t size)
{
    return reserve(at, size, MAP_FIXED) != MAP_FAILED || mprotect(at, size, PROT_NONE) == 0;
}

bool host_window_unmap(struct host_window *window, uint64_t at, uint64_t size)
{
    int saved_errno = errno;
    host_assert(pages_inside(window->size, at, size), "unmapping outside its window");
    uint8_t *first = window->address + at;
    return succeeded(window->hole ? munmap(first, size) == 0 : reserve_again(first, size),
                     saved_errno);
}
