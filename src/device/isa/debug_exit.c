// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// isa-debug-exit: a write to its port ends the process.
#include "device/isa/debug_exit.h"

#include "host/host.h"

struct debug_exit {
    struct region *region;
    struct region_desc desc; /* its size is the user's choice */
    void (*exit)(void *opaque, int status);
    void *opaque;
};

static bool debug_exit_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)offset, (void)size;
    *value = 0;
    return true;
}

/* Zero is never the status: a test that ends this way is told from a machine that was powered off.
 */
static bool debug_exit_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct debug_exit *debug_exit = opaque;
    (void)offset, (void)size;
    debug_exit->exit(debug_exit->opaque, (int)((uint32_t)value << 1 | 1));
    return true;
}

struct debug_exit *debug_exit_create(struct memory *memory, const struct log *log, uint16_t port,
                                     unsigned size, void (*exit)(void *opaque, int status),
                                     void *opaque)
{
    struct debug_exit *debug_exit = host_alloc(sizeof *debug_exit);
    (void)log;
    debug_exit->exit = exit;
    debug_exit->opaque = opaque;
    debug_exit->desc =
        (struct region_desc){ "isa-debug-exit", size, 1, 4, debug_exit_read, debug_exit_write };
    debug_exit->region =
        region_map_io(memory, 1u << SPACE_PORTS, &debug_exit->desc, debug_exit, port, 0);
    return debug_exit;
}

void debug_exit_destroy(struct debug_exit *debug_exit)
{
    if (debug_exit == NULL)
        return;
    region_unmap(debug_exit->region);
    host_free(debug_exit);
}
