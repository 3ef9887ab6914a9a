// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Port 61H: gate and output of PIT counter 2, the speaker, the refresh toggle.
#include "device/timer/speaker_port.h"

#include "base/state.h"
#include "device/timer/i8254.h"
#include "host/host.h"

/* NMI status and control register (PIIX3 data sheet 2.5.4). */
enum {
    GATE_2 = 1 << 0,
    SPEAKER_DATA = 1 << 1,
    SERR_DISABLE = 1 << 2,
    IOCHK_DISABLE = 1 << 3,
    REFRESH_TOGGLE = 1 << 4,
    OUT_2 = 1 << 5,
    WRITABLE = GATE_2 | SPEAKER_DATA | SERR_DISABLE | IOCHK_DISABLE,
};

/* One row refresh of the DRAM of an ISA machine: 18 CLK pulses of counter 1. */
enum { REFRESH_NS = 15085 };

struct speaker_port {
    struct clock *clock;
    struct i8254 *pit;
    struct region *region;
    uint8_t control;
};

static bool port_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct speaker_port *port = opaque;
    (void)offset, (void)size;
    *value = port->control;
    if (clock_now(port->clock) / REFRESH_NS & 1)
        *value |= REFRESH_TOGGLE;
    if (i8254_output(port->pit, 2))
        *value |= OUT_2;
    return true;
}

static bool port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct speaker_port *port = opaque;
    (void)offset, (void)size;
    port->control = value & WRITABLE;
    i8254_set_gate(port->pit, 2, value & GATE_2);
    return true;
}

static const struct region_desc port_desc = { "port61", 1, 1, 1, port_read, port_write };

struct speaker_port *speaker_port_create(struct memory *memory, const struct log *log,
                                         struct clock *clock, struct i8254 *pit)
{
    struct speaker_port *port = host_alloc(sizeof *port);
    (void)log;
    port->clock = clock;
    port->pit = pit;
    port->region = region_map_io(memory, 1u << SPACE_PORTS, &port_desc, port, 0x61, 0);
    return port;
}

void speaker_port_destroy(struct speaker_port *port)
{
    if (port == NULL)
        return;
    region_unmap(port->region);
    host_free(port);
}

void speaker_port_reset(struct speaker_port *port)
{
    port->control = 0;
    i8254_set_gate(port->pit, 2, false);
}

void speaker_port_state(struct speaker_port *port, struct state *s)
{
    state_section(s, "speaker_port", 1);
    state_u8(s, &port->control);
}
