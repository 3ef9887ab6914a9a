// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A 16550A at ISA ports.
#include "device/char/serial_isa.h"

#include "device/char/serial.h"
#include "host/host.h"

struct serial_isa {
    const struct log *log;
    uint16_t port;
    struct region *region;
    struct serial *serial;
};

static bool serial_isa_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct serial_isa *isa = opaque;
    (void)size;
    *value = serial_read(isa->serial, (unsigned)offset);
    LOG(isa->log, CHAR, "serial %03x: read %u gives %02x\n", isa->port, (unsigned)offset,
        (unsigned)*value);
    return true;
}

static bool serial_isa_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct serial_isa *isa = opaque;
    (void)size;
    LOG(isa->log, CHAR, "serial %03x: write %u %02x\n", isa->port, (unsigned)offset,
        (unsigned)value);
    serial_write(isa->serial, (unsigned)offset, (uint8_t)value);
    return true;
}

static const struct region_desc serial_isa_desc = { "serial",        8, 1, 1, serial_isa_read,
                                                    serial_isa_write };

struct serial_isa *serial_isa_create(struct memory *memory, const struct log *log,
                                     struct clock *clock, uint16_t port, struct irq_line irq,
                                     struct char_backend *backend)
{
    struct serial_isa *isa = host_alloc(sizeof *isa);
    isa->log = log;
    isa->port = port;
    isa->serial = serial_create(log, clock, irq, backend);
    isa->region = region_map_io(memory, 1u << SPACE_PORTS, &serial_isa_desc, isa, port, 0);
    return isa;
}

void serial_isa_destroy(struct serial_isa *isa)
{
    if (isa == NULL)
        return;
    region_unmap(isa->region);
    serial_destroy(isa->serial);
    host_free(isa);
}

void serial_isa_reset(struct serial_isa *isa)
{
    serial_reset(isa->serial);
}

void serial_isa_state(struct serial_isa *isa, struct state *s)
{
    serial_state(isa->serial, s);
}
