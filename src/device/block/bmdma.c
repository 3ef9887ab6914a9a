// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The bus master of one IDE channel: registers and physical region descriptors.
#include "device/block/bmdma.h"

#include "base/log.h"
#include "host/host.h"

/* Section 2: command at 0, status at 2, descriptor table pointer at 4. */
enum { BM_COMMAND = 0, BM_STATUS = 2, BM_TABLE = 4 };
enum { COMMAND_START = 0x01, COMMAND_WRITE_MEMORY = 0x08 };
enum { STATUS_ACTIVE = 0x01, STATUS_ERROR = 0x02, STATUS_INTERRUPT = 0x04, STATUS_CAPABLE = 0x60 };

#define PRD_END_OF_TABLE UINT32_C(0x80000000)
/* A table does not cross 64 KiB: there cannot be more entries than this. */
#define PRD_MAX 8192

struct bmdma {
    struct memory *memory;
    const struct log *log;
    struct ide_channel *channel;
    uint8_t command, status;
    bool enabled;
    uint32_t table;
    /* The descriptor in use, while ACTIVE. */
    uint32_t next;    /* address of the next descriptor */
    uint32_t address; /* of the next byte */
    uint32_t left;    /* bytes in this region */
    uint32_t entries; /* read so far */
    bool last;        /* this region is the table's end */
};

static void stop(struct bmdma *b, uint8_t status_bits)
{
    b->status = (b->status & ~STATUS_ACTIVE) | status_bits;
}

/* Section 1.2: 32 bits of address (even), 16 bits of count (even, 0 means 64 KiB), bit 31 of the
 * second word ends the table. */
static bool fetch_descriptor(struct bmdma *b)
{
    uint8_t prd[8];
    uint32_t count;

    if (b->entries++ == PRD_MAX ||
        !memory_read_bytes(b->memory, SPACE_MEMORY, b->next, prd, sizeof prd)) {
        LOG(b->log, GUEST_ERRORS, "bmdma: no descriptor at %08x\n", b->next);
        stop(b, STATUS_ERROR);
        return false;
    }
    count = load_le32(prd + 4);
    b->address = load_le32(prd) & ~UINT32_C(1);
    b->left = count & 0xfffe ? count & 0xfffe : 0x10000;
    b->last = count & PRD_END_OF_TABLE;
    b->next += 8;
    return true;
}

static bool copy(struct bmdma *b, uint8_t *buffer, uint32_t length, bool to_host)
{
    if (to_host)
        return memory_write_bytes(b->memory, SPACE_MEMORY, b->address, buffer, length);
    return memory_read_bytes(b->memory, SPACE_MEMORY, b->address, buffer, length);
}

/*
 * Section 3.1: ACTIVE falls after the last byte of the region that ends the table. Data that the
 * device still has then stays with it: the interrupt that would end the transfer does not come.
 */
static uint32_t transfer(void *opaque, uint8_t *buffer, uint32_t length, bool to_host)
{
    struct bmdma *b = opaque;
    uint32_t moved = 0;

    if (b->enabled && (b->status & STATUS_ACTIVE) &&
        to_host != !!(b->command & COMMAND_WRITE_MEMORY))
        LOG(b->log, GUEST_ERRORS, "bmdma: direction differs from the drive's\n");
    while (moved < length && b->enabled && (b->status & STATUS_ACTIVE)) {
        uint32_t now;
        if (b->left == 0 && !fetch_descriptor(b))
            break;
        now = MIN(b->left, length - moved);
        if (!copy(b, buffer + moved, now, to_host)) {
            LOG(b->log, GUEST_ERRORS, "bmdma: nothing at %08x-%08x\n", b->address,
                b->address + now - 1);
            stop(b, STATUS_ERROR);
            break;
        }
        moved += now;
        b->address += now;
        b->left -= now;
        if (b->left == 0 && b->last)
            stop(b, 0);
    }
    return moved;
}

static void interrupted(void *opaque)
{
    struct bmdma *b = opaque;

    b->status |= STATUS_INTERRUPT;
}

struct bmdma *bmdma_create(struct memory *memory, const struct log *log,
                           struct ide_channel *channel)
{
    struct bmdma *b = host_alloc(sizeof *b);

    b->memory = memory;
    b->log = log;
    b->channel = channel;
    ide_channel_set_bus_master(
        channel,
        &(struct ide_bus_master){.transfer = transfer, .interrupted = interrupted, .opaque = b});
    return b;
}

void bmdma_destroy(struct bmdma *b)
{
    host_free(b);
}

void bmdma_reset(struct bmdma *b)
{
    b->command = 0;
    b->status = 0;
    b->table = 0;
}

uint8_t bmdma_read(struct bmdma *b, unsigned offset)
{
    switch (offset) {
    case BM_COMMAND: return b->command;
    case BM_STATUS: return b->status;
    case BM_TABLE:
    case BM_TABLE + 1:
    case BM_TABLE + 2:
    case BM_TABLE + 3: return (uint8_t)(b->table >> (8 * (offset - BM_TABLE)));
    default: return 0xff;
    }
}

/* Section 2.1: the rise of START loads the table; its fall while ACTIVE gives the transfer up. */
static void command_write(struct bmdma *b, uint8_t value)
{
    uint8_t rise = ~b->command & value & COMMAND_START;

    b->command = value & (COMMAND_START | COMMAND_WRITE_MEMORY);
    if (!(value & COMMAND_START)) {
        stop(b, 0);
    } else if (rise) {
        b->next = b->table;
        b->left = 0;
        b->entries = 0;
        b->last = false;
        b->status |= STATUS_ACTIVE;
        ide_channel_dma_ready(b->channel);
    }
}

void bmdma_write(struct bmdma *b, unsigned offset, uint8_t value)
{
    switch (offset) {
    case BM_COMMAND:
        command_write(b, value);
        break;
    case BM_STATUS:
        b->status = (b->status & ~STATUS_CAPABLE) | (value & STATUS_CAPABLE);
        b->status &= ~(value & (STATUS_INTERRUPT | STATUS_ERROR));
        break;
    case BM_TABLE: case BM_TABLE + 1: case BM_TABLE + 2: case BM_TABLE + 3: {
        unsigned shift = 8 * (offset - BM_TABLE);
        b->table =
            ((b->table & ~(UINT32_C(0xff) << shift)) | (uint32_t)value << shift) & ~UINT32_C(3);
        break;
    }
    default:
        break;
    }
}

void bmdma_set_enabled(struct bmdma *b, bool enabled)
{
    bool rise = enabled && !b->enabled;

    b->enabled = enabled;
    if (rise && (b->status & STATUS_ACTIVE))
        ide_channel_dma_ready(b->channel);
}

void bmdma_state(struct bmdma *b, struct state *s)
{
    state_section(s, "bmdma", 1);
    state_u8(s, &b->command);
    state_u8(s, &b->status);
    state_bool(s, &b->enabled);
    state_u32(s, &b->table);
    state_u32(s, &b->next);
    state_u32(s, &b->address);
    state_u32(s, &b->left);
    state_u32(s, &b->entries);
    state_bool(s, &b->last);
}
