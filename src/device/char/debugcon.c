// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The debug console: each byte written to its port goes to a back end.
#include "device/char/debugcon.h"

#include "host/host.h"

enum { PRESENT = 0xe9 };

struct debugcon {
    struct region *region;
    struct char_backend *backend;
};

static bool debugcon_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)offset, (void)size;
    *value = PRESENT;
    return true;
}

/* There is no status to wait on: what the back end cannot take is lost. */
static bool debugcon_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct debugcon *debugcon = opaque;
    uint8_t byte = (uint8_t)value;
    (void)offset, (void)size;
    char_write(debugcon->backend, &byte, 1);
    return true;
}

static const struct region_desc debugcon_desc = {
    "debugcon", 1, 1, 1, debugcon_read, debugcon_write
};

struct debugcon *debugcon_create(struct memory *memory, const struct log *log, uint16_t port,
                                 struct char_backend *backend)
{
    struct debugcon *debugcon = host_alloc(sizeof *debugcon);
    (void)log;
    debugcon->backend = backend;
    debugcon->region = region_map_io(memory, 1u << SPACE_PORTS, &debugcon_desc, debugcon, port, 0);
    return debugcon;
}

void debugcon_destroy(struct debugcon *debugcon)
{
    if (debugcon == NULL)
        return;
    region_unmap(debugcon->region);
    host_free(debugcon);
}
