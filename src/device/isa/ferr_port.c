// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The coprocessor error port: FERR# to IRQ 13, and the write that ends it.
#include "device/isa/ferr_port.h"

#include "base/state.h"
#include "host/host.h"

struct ferr_port {
    const struct log *log;
    struct irq_line irq;
    void (*ignne)(void *opaque);
    void *opaque;
    struct region *region;
    bool level;
};

static bool ferr_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)offset, (void)size, (void)value;
    return false;
}

static bool ferr_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ferr_port *ferr = opaque;
    (void)offset, (void)size, (void)value;
    ferr_port_set(ferr, false);
    ferr->ignne(ferr->opaque);
    return true;
}

static const struct region_desc ferr_desc = {
    .name = "ferr", .size = 1, .min_size = 1, .max_size = 1, .read = ferr_read, .write = ferr_write
};

struct ferr_port *ferr_port_create(struct memory *memory, const struct log *log, uint16_t port,
                                   struct irq_line irq, void (*ignne)(void *opaque), void *opaque)
{
    struct ferr_port *ferr = host_alloc(sizeof *ferr);
    ferr->log = log;
    ferr->irq = irq;
    ferr->ignne = ignne;
    ferr->opaque = opaque;
    ferr->region = region_map_io(memory, 1u << SPACE_PORTS, &ferr_desc, ferr, port, 0);
    return ferr;
}

void ferr_port_destroy(struct ferr_port *ferr)
{
    if (ferr == NULL)
        return;
    region_unmap(ferr->region);
    host_free(ferr);
}

void ferr_port_reset(struct ferr_port *ferr)
{
    ferr_port_set(ferr, false);
}

void ferr_port_set(struct ferr_port *ferr, bool level)
{
    if (level && !ferr->level)
        LOG(ferr->log, ISA, "FERR#: IRQ 13\n");
    ferr->level = level;
    irq_set(ferr->irq, level);
}

void ferr_port_state(struct ferr_port *ferr, struct state *s)
{
    state_section(s, "ferr_port", 1);
    state_bool(s, &ferr->level);
}
