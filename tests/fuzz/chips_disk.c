// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Commands of the disks as a driver gives them, with anything in their registers, packets and descriptors.
#include "backend/block.h"
#include "backend/event_loop.h"
#include "base/bits.h"
#include "chips.h"
#include "host/host.h"
#include "memory/memory.h"

/* Registers from the channel's first port on (ATA8-ACS 6, PIIX3 2.7). */
enum { DATA, FEATURES, COUNT, LBA_LOW, LBA_MID, LBA_HIGH, DEVICE, COMMAND };
enum { STATUS_DRQ = 0x08, STATUS_BSY = 0x80, COMMAND_PACKET = 0xa0, PACKET_WORDS = 6 };
enum { PRD_TABLE = 0x1000, PRDS_MAX = 4, WORDS_MAX = 4096 };

/* What the command's first byte asks for. */
enum {
    SECONDARY = 1,
    SECOND_UNIT = 2,
    LBA48 = 4,
    BUS_MASTER = 8,
    TO_MEMORY = 16,
    NO_DATA = 32,
    AT_ONCE = 64
};

static void quit(void *opaque)
{
    event_loop_quit(opaque);
}

void chips_settle(struct session *s)
{
    for (unsigned n = 0; n < PC_DRIVES; n++)
        if (s->drives[n] != NULL)
            s->drives[n]->ops->drain(s->drives[n]);
    event_loop_call(s->loop, quit, s->loop);
    host_lock_release(s->lock);
    event_loop_run(s->loop);
    host_lock_acquire(s->lock);
}

static void prepare_bus_master(struct memory *memory, struct input *in, uint32_t port, unsigned how)
{
    unsigned count = 1 + (unsigned)input_take(in, 1) % PRDS_MAX;
    for (unsigned n = 0; n < count; n++) {
        memory_write(memory, SPACE_MEMORY, PRD_TABLE + 8 * n, 4, input_take(in, 3));
        memory_write(memory, SPACE_MEMORY, PRD_TABLE + 8 * n + 4, 4,
                     input_take(in, 2) | (n + 1 == count ? 0x80000000 : 0));
    }
    memory_write(memory, SPACE_PORTS, port + 4, 4, PRD_TABLE);
    memory_write(memory, SPACE_PORTS, port + 2, 1, 0x06);
    memory_write(memory, SPACE_PORTS, port, 1, how & TO_MEMORY ? 9 : 1);
}

static uint64_t status(struct memory *memory, uint32_t port)
{
    uint64_t value;
    memory_read(memory, SPACE_PORTS, port + COMMAND, 1, &value);
    return value;
}

/* The task file; for 48 bits each register's upper byte is written before its lower one. */
static void write_registers(struct memory *memory, struct input *in, uint32_t port, unsigned how)
{
    for (unsigned pass = 0; pass < (how & LBA48 ? 2 : 1); pass++)
        for (unsigned reg = FEATURES; reg <= LBA_HIGH; reg++)
            memory_write(memory, SPACE_PORTS, port + reg, 1, input_take(in, 1));
}

static void move_data(struct session *s, struct input *in, uint32_t port, unsigned how)
{
    struct memory *memory = s->pc->memory;
    uint64_t value;
    for (unsigned n = 0; n < WORDS_MAX; n++) {
        if (n % 256 == 0 && !(how & AT_ONCE))
            chips_settle(s);
        if ((status(memory, port) & (STATUS_BSY | STATUS_DRQ)) != STATUS_DRQ)
            return;
        if (how & TO_MEMORY)
            memory_read(memory, SPACE_PORTS, port, 2, &value);
        else
            memory_write(memory, SPACE_PORTS, port, 2, in->left ? input_take(in, 2) : n);
    }
}

void chips_command_disk(struct session *s, struct input *in)
{
    struct memory *memory = s->pc->memory;
    unsigned how = (unsigned)input_take(in, 1);
    uint32_t port = how & SECONDARY ? 0x170 : 0x1f0;
    unsigned device = (unsigned)input_take(in, 1) & ~0x10u;
    memory_write(memory, SPACE_PORTS, port + DEVICE, 1, device | (how & SECOND_UNIT ? 0x10 : 0));
    write_registers(memory, in, port, how);
    unsigned command = (unsigned)input_take(in, 1);
    memory_write(memory, SPACE_PORTS, port + COMMAND, 1, command);
    if (command == COMMAND_PACKET)
        for (unsigned n = 0; n < PACKET_WORDS; n++)
            memory_write(memory, SPACE_PORTS, port + DATA, 2, input_take(in, 2));
    if (how & BUS_MASTER)
        prepare_bus_master(memory, in, BUS_MASTER_PORTS + (how & SECONDARY ? 8 : 0), how);
    if (!(how & AT_ONCE))
        chips_settle(s);
    if (!(how & NO_DATA))
        move_data(s, in, port, how);
}
