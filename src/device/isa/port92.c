// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Port 92H: fast A20 gate and fast reset.
#include "device/isa/port92.h"

#include "base/state.h"
#include "host/host.h"

enum { FAST_INIT = 1, ALT_A20 = 2 };

struct port92 {
    const struct log *log;
    struct region *region;
    struct irq_line a20, reset;
    uint8_t value;
};

static bool port92_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)offset, (void)size;
    *value = ((struct port92 *)opaque)->value;
    return true;
}

/* FAST_INIT acts on its rise; it has to be written 0 before it can act again (PIIX3 data
 * sheet 2.5.7). */
static bool port92_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct port92 *port92 = opaque;
    uint8_t old = port92->value;
    (void)offset, (void)size;
    LOG(port92->log, ISA, "port92: write %02x\n", (unsigned)value);
    port92->value = value & (FAST_INIT | ALT_A20);
    irq_set(port92->a20, value & ALT_A20);
    if ((value & FAST_INIT) && !(old & FAST_INIT))
        irq_pulse(port92->reset);
    return true;
}

static const struct region_desc port92_desc = { "port92", 1, 1, 1, port92_read, port92_write };

struct port92 *port92_create(struct memory *memory, const struct log *log, struct irq_line a20,
                             struct irq_line reset)
{
    struct port92 *port92 = host_alloc(sizeof *port92);
    port92->log = log;
    port92->a20 = a20;
    port92->reset = reset;
    port92->value = ALT_A20;
    port92->region = region_map_io(memory, 1u << SPACE_PORTS, &port92_desc, port92, 0x92, 0);
    return port92;
}

void port92_destroy(struct port92 *port92)
{
    if (port92 == NULL)
        return;
    region_unmap(port92->region);
    host_free(port92);
}

/* A20 is open at reset: the processor starts above 1 MiB. */
void port92_reset(struct port92 *port92)
{
    port92->value = ALT_A20;
    irq_set(port92->a20, true);
}

void port92_state(struct port92 *port92, struct state *s)
{
    state_section(s, "port92", 1);
    state_u8(s, &port92->value);
}
