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

struct host_window {
    uint8_t *address;
    uint64_t size;
};

/* Addresses that fault, and that cost no memory. at: NULL, or what is to be replaced. */
static void *reserve(void *at, uint64_t size)
{
    int fixed = at != NULL ? MAP_FIXED : 0;
    return mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed, -1, 0);
}

struct host_window *host_window_create(uint64_t size)
{
    host_assert(size > 0 && size % PAGE_SIZE == 0, "a window of no whole number of pages");
    uint8_t *start = reserve(NULL, size + 2 * HOST_WINDOW_GUARD);
    if (start == MAP_FAILED)
        return NULL;
    /* The C library clears what it gives by vector registers. */
    struct host_float kept;
    host_float_set_aside(&kept);
    struct host_window *window = host_alloc(sizeof *window);
    host_float_give_back(&kept);
    *window = (struct host_window){ start + HOST_WINDOW_GUARD, size };
    return window;
}

void host_window_destroy(struct host_window *window)
{
    if (window == NULL)
        return;
    munmap(window->address - HOST_WINDOW_GUARD, window->size + 2 * HOST_WINDOW_GUARD);
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

bool host_window_unmap(struct host_window *window, uint64_t at, uint64_t size)
{
    int saved_errno = errno;
    host_assert(pages_inside(window->size, at, size), "unmapping outside its window");
    /* At its limit the kernel refuses any mmap(), but no protection of whole mappings. */
    return succeeded(reserve(window->address + at, size) != MAP_FAILED ||
                         mprotect(window->address + at, size, PROT_NONE) == 0,
                     saved_errno);
}
