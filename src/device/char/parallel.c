// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The standard parallel port: data, status and control register.
#include "device/char/parallel.h"

#include "base/state.h"
#include "host/host.h"

enum { REG_DATA, REG_STATUS, REG_CONTROL };

/* Status lines; BUSY is seen inverted, ACK is low when active (IEEE 1284 compatibility mode). */
enum {
    STATUS_NOT_ERROR = 0x08,
    STATUS_SELECTED = 0x10,
    STATUS_PAPER_OUT = 0x20,
    STATUS_NOT_ACK = 0x40,
    STATUS_NOT_BUSY = 0x80
};
enum { CONTROL_STROBE = 0x01, CONTROL_NOT_INIT = 0x04, CONTROL_IRQ = 0x10, CONTROL_INPUT = 0x20 };

struct parallel {
    const struct log *log;
    struct region *region;
    struct irq_line irq;
    struct char_backend *backend;
    uint8_t data, control;
    bool busy; /* the back end has not taken the last byte */
};

static uint8_t status(const struct parallel *parallel)
{
    /* An open cable: the lines float high, and BUSY is seen inverted. */
    if (parallel->backend == NULL)
        return (uint8_t)~STATUS_NOT_BUSY;
    return STATUS_NOT_ERROR | STATUS_SELECTED | STATUS_NOT_ACK | 0x07 |
           (parallel->busy ? 0 : STATUS_NOT_BUSY);
}

/* The printer takes the byte and answers with a pulse of ACK, whose end interrupts. */
static void print(struct parallel *parallel)
{
    if (parallel->backend == NULL)
        return;
    parallel->busy = char_write(parallel->backend, &parallel->data, 1) == 0;
    if (!parallel->busy && (parallel->control & CONTROL_IRQ))
        irq_edge(parallel->irq);
}

static void writable(void *opaque)
{
    struct parallel *parallel = opaque;
    if (parallel->busy)
        print(parallel);
}

/* A printer says nothing. */
static size_t can_receive(void *opaque)
{
    (void)opaque;
    return 0;
}

static bool parallel_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct parallel *parallel = opaque;
    (void)size;
    switch (offset) {
    case REG_DATA: *value = parallel->control & CONTROL_INPUT ? 0xff : parallel->data; break;
    case REG_STATUS: *value = status(parallel); break;
    default: *value = parallel->control | 0xc0; break;
    }
    return true;
}

static bool parallel_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct parallel *parallel = opaque;
    (void)size;
    LOG(parallel->log, CHAR, "parallel: write %u %02x\n", (unsigned)offset, (unsigned)value);
    if (offset == REG_DATA) {
        if (!parallel->busy)
            parallel->data = (uint8_t)value;
    } else if (offset == REG_CONTROL) {
        uint8_t old = parallel->control;
        parallel->control = value & 0x3f;
        if (!(value & CONTROL_IRQ))
            irq_set(parallel->irq, false); /* the line is ACK's only while it is enabled */
        /* The printer latches at the strobe's trailing edge. */
        if ((old & CONTROL_STROBE) && !(value & CONTROL_STROBE) && (value & CONTROL_NOT_INIT) &&
            !parallel->busy)
            print(parallel);
    }
    return true;
}

static const struct region_desc parallel_desc = {
    "parallel", 3, 1, 1, parallel_read, parallel_write
};

struct parallel *parallel_create(struct memory *memory, const struct log *log, uint16_t port,
                                 struct irq_line irq, struct char_backend *backend)
{
    struct parallel *parallel = host_alloc(sizeof *parallel);
    parallel->log = log;
    parallel->irq = irq;
    parallel->backend = backend;
    parallel->region = region_map_io(memory, 1u << SPACE_PORTS, &parallel_desc, parallel, port, 0);
    const struct char_user user = { .can_receive = can_receive,
                                    .writable = writable,
                                    .opaque = parallel };
    char_attach(backend, &user);
    parallel_reset(parallel);
    return parallel;
}

void parallel_destroy(struct parallel *parallel)
{
    if (parallel == NULL)
        return;
    const struct char_user nobody = { 0 };
    char_attach(parallel->backend, &nobody);
    region_unmap(parallel->region);
    host_free(parallel);
}

void parallel_reset(struct parallel *parallel)
{
    parallel->data = 0;
    parallel->control = CONTROL_NOT_INIT | 0x08;
    parallel->busy = false;
    irq_set(parallel->irq, false);
}

void parallel_state(struct parallel *parallel, struct state *s)
{
    state_section(s, "parallel", 1);
    state_u8(s, &parallel->data);
    state_u8(s, &parallel->control);
    state_bool(s, &parallel->busy);
}
