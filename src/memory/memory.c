// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The memory as a whole: creation, changes of the map, who hears of them.
#include "memory/memory.h"

#include "base/format.h"
#include "host/host.h"
#include "memory/internal.h"

struct memory *memory_create(const struct log *log)
{
    struct memory *memory = host_alloc(sizeof *memory);
    memory->log = log;
    for (unsigned space = 0; space < SPACE_COUNT; space++)
        memory->views[space] = flat_view_create(NULL, space);
    return memory;
}

static void free_regions(struct region **list)
{
    while (*list != NULL) {
        struct region *region = *list;
        *list = region->next;
        host_free(region);
    }
}

static void free_retired(struct memory *memory)
{
    while (memory->retired_views != NULL) {
        struct flat_view *view = memory->retired_views;
        memory->retired_views = view->next_retired;
        flat_view_destroy(view);
    }
    free_regions(&memory->retired_regions);
}

void memory_destroy(struct memory *memory)
{
    if (memory == NULL)
        return;
    free_retired(memory);
    for (unsigned space = 0; space < SPACE_COUNT; space++)
        flat_view_destroy(memory->views[space]);
    free_regions(&memory->unmapped_regions);
    free_regions(&memory->regions);
    while (memory->blocks != NULL) {
        struct ram_block *block = memory->blocks;
        memory->blocks = block->next;
        host_ram_destroy(block->ram);
        host_free(block->page_flags);
        host_free(block);
    }
    host_free(memory);
}

void memory_set_lock(struct memory *memory, struct host_lock *lock)
{
    memory->lock = lock;
}

void memory_set_strict(struct memory *memory, void (*stop)(void *opaque, const char *what),
                       void *opaque)
{
    memory->strict = stop;
    memory->strict_opaque = opaque;
}

void memory_add_listener(struct memory *memory, struct memory_listener *listener)
{
    listener->next = memory->listeners;
    memory->listeners = listener;
}

void memory_remove_listener(struct memory *memory, struct memory_listener *listener)
{
    struct memory_listener **link = &memory->listeners;
    while (*link != NULL && *link != listener)
        link = &(*link)->next;
    if (*link != NULL)
        *link = listener->next;
    listener->next = NULL;
}

void memory_begin(struct memory *memory)
{
    memory->depth++;
}

void memory_changed(struct memory *memory, unsigned spaces)
{
    memory->changed_spaces |= spaces;
}

static const char *const space_names[SPACE_COUNT] = {
    [SPACE_MEMORY] = "memory",
    [SPACE_SMM] = "SMM memory",
    [SPACE_SMM_CODE] = "SMM code",
    [SPACE_PORTS] = "port",
};

static void replace_view(struct memory *memory, enum memory_space space)
{
    struct flat_view *old = memory->views[space];
    struct flat_view *view = flat_view_create(memory->regions, space);

    if (flat_view_equal(old, view)) {
        flat_view_destroy(view);
        return;
    }
    __atomic_store_n(&memory->views[space], view, __ATOMIC_RELEASE);
    old->next_retired = memory->retired_views;
    memory->retired_views = old;
    LOG(memory->log, MEMORY, "%s map: %u ranges\n", space_names[space], view->count);
}

void memory_forget_cached(struct memory *memory)
{
    for (struct memory_listener *l = memory->listeners; l != NULL; l = l->next)
        if (l->map_changed != NULL)
            l->map_changed(l->opaque);
}

/*
 * Who changes the map may be a handler that memory_read() or memory_write() called, further up this
 * call chain: the views and regions that it found stay until the next commit.
 */
void memory_commit(struct memory *memory)
{
    unsigned changed = memory->changed_spaces;

    host_assert(memory->depth > 0, "memory_commit() without memory_begin()");
    if (--memory->depth > 0 || changed == 0)
        return;
    free_retired(memory);
    memory->retired_regions = memory->unmapped_regions;
    memory->unmapped_regions = NULL;
    memory->changed_spaces = 0;
    for (unsigned space = 0; space < SPACE_COUNT; space++)
        if (changed & (1u << space))
            replace_view(memory, space);
    memory_forget_cached(memory);
}

void memory_unassigned(struct memory *memory, enum memory_space space, uint64_t address,
                       uint64_t size, bool write, uint64_t value)
{
    char what[128];

    if (!log_enabled(memory->log, LOG_MEMORY) && memory->strict == NULL)
        return;
    size_t length =
        format(what, sizeof what, "unassigned %s %s of %llu at 0x%llx", space_names[space],
               write ? "write" : "read", (unsigned long long)size, (unsigned long long)address);
    if (write)
        format(what + length, sizeof what - length, ": 0x%llx", (unsigned long long)value);
    LOG(memory->log, MEMORY, "%s\n", what);
    if (memory->strict != NULL)
        memory->strict(memory->strict_opaque, what);
}
