// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An ATA channel: command and control block registers, two devices, one interrupt line.
#include "device/block/ide_channel.h"

#include "device/block/ide_device.h"
#include "host/host.h"

/* ATA/ATAPI-6, chapter 7. Command block registers; status is read where a command is written, error
 * where features are. */
enum {
    REG_DATA,
    REG_ERROR,
    REG_COUNT,
    REG_LBA_LOW,
    REG_LBA_MID,
    REG_LBA_HIGH,
    REG_DEVICE,
    REG_STATUS,
    COMMAND_BLOCK_PORTS
};
enum { CONTROL_NIEN = 0x02, CONTROL_SRST = 0x04, CONTROL_HOB = 0x80 };
enum { COMMAND_DEVICE_RESET = 0x08, COMMAND_EXECUTE_DIAGNOSTIC = 0x90 };

/* Nobody drives the bus: pulled up, but DD7 is pulled down so that BSY reads as zero (section 4.2
 * of ATA-6, signal DD7). */
#define FLOATING_BYTE 0x7f
#define FLOATING_WORD 0xff7f

struct ide_channel {
    struct memory *memory;
    const struct log *log;
    struct region *command_region, *control_region;
    struct irq_line irq;
    struct ide_device *device[2]; /* NULL: absent */
    unsigned selected;
    uint8_t control; /* as written last */
    bool line;       /* INTRQ now */
    struct ide_bus_master master;
};

bool ide_channel_in_reset(const struct ide_channel *channel)
{
    return channel->control & CONTROL_SRST;
}

/* ATA/ATAPI-6, 8.15.57: 80-conductor cable; device 0 answers for an absent device 1. */
uint16_t ide_channel_reset_result(const struct ide_channel *channel, unsigned number)
{
    if (number == 1)
        return 0x6100;
    return channel->device[1] == NULL ? 0x6041 : 0x6001;
}

/* 9.1: only the selected device drives INTRQ, and only while nIEN is clear. */
void ide_channel_update_irq(struct ide_channel *channel)
{
    const struct ide_device *d = channel->device[channel->selected];
    bool line = d != NULL && d->interrupt && !(channel->control & CONTROL_NIEN);

    if (line == channel->line)
        return;
    channel->line = line;
    if (line && channel->master.interrupted != NULL)
        channel->master.interrupted(channel->master.opaque);
    irq_set(channel->irq, line);
}

/* DMA: hand over what the bus master takes; what is left waits for it to be started again. */
static void run_dma(struct ide_channel *channel, struct ide_device *d)
{
    if (d->transfer != IDE_TRANSFER_DMA || channel->master.transfer == NULL)
        return;
    d->position += channel->master.transfer(channel->master.opaque, d->buffer + d->position,
                                            d->end - d->position, d->to_host);
    if (d->position == d->end) {
        d->transfer = IDE_TRANSFER_NONE;
        d->status &= ~ATA_DRQ;
        d->done(d);
    }
}

void ide_channel_dma_request(struct ide_channel *channel, struct ide_device *d)
{
    run_dma(channel, d);
}

void ide_channel_dma_ready(struct ide_channel *channel)
{
    for (unsigned n = 0; n < 2; n++) {
        if (channel->device[n] != NULL)
            run_dma(channel, channel->device[n]);
    }
}

/* The device that answers register accesses: an absent device 1 is stood in for by device 0
 * (9.16.1). NULL: nobody. A PACKET device 0 shows zeros for it and not its own registers (items 4
 * and 5): its signature would pass for a second drive's. */
static struct ide_device *answering(const struct ide_channel *channel, bool *stands_in)
{
    struct ide_device *d = channel->device[channel->selected];

    *stands_in = d == NULL && channel->selected == 1 && channel->device[0] != NULL;
    return *stands_in ? channel->device[0] : d;
}

static void pio_advance(struct ide_device *d, uint32_t bytes)
{
    d->position = MIN(d->position + bytes, d->end);
    if (d->position < d->end)
        return;
    d->transfer = IDE_TRANSFER_NONE;
    d->status &= ~ATA_DRQ;
    d->done(d);
}

static uint64_t data_read(struct ide_channel *channel, unsigned size)
{
    bool stands_in;
    struct ide_device *d = answering(channel, &stands_in);
    uint64_t value = 0;
    uint32_t left;

    if (d == NULL || (stands_in && !d->ops->packet))
        return FLOATING_WORD & size_mask(size);
    if (stands_in || d->transfer != IDE_TRANSFER_PIO || !d->to_host)
        return 0;
    left = MIN(d->end - d->position, size);
    for (uint32_t i = 0; i < left; i++)
        value |= (uint64_t)d->buffer[d->position + i] << (8 * i);
    pio_advance(d, size);
    return value;
}

static void data_write(struct ide_channel *channel, unsigned size, uint64_t value)
{
    struct ide_device *d = channel->device[channel->selected];
    uint32_t left;

    if (d == NULL || d->transfer != IDE_TRANSFER_PIO || d->to_host)
        return;
    left = MIN(d->end - d->position, size);
    for (uint32_t i = 0; i < left; i++)
        d->buffer[d->position + i] = (uint8_t)(value >> (8 * i));
    pio_advance(d, size);
}

static uint8_t register_read(struct ide_channel *channel, unsigned offset)
{
    bool stands_in;
    struct ide_device *d = answering(channel, &stands_in);
    unsigned deep = channel->control & CONTROL_HOB ? 1 : 0;

    if (d == NULL)
        return FLOATING_BYTE;
    if (stands_in && d->ops->packet)
        return 0;
    switch (offset) {
    case REG_ERROR: return d->error;
    case REG_COUNT: return d->count[deep];
    case REG_LBA_LOW: return d->lba_low[deep];
    case REG_LBA_MID: return d->lba_mid[deep];
    case REG_LBA_HIGH: return d->lba_high[deep];
    case REG_DEVICE: return stands_in ? d->device | ATA_DEVICE_DEV : d->device;
    default: break;
    }
    if (stands_in)
        return 0;
    /* 7.15.4: reading status takes INTRQ back. */
    d->interrupt = false;
    ide_channel_update_irq(channel);
    return d->status;
}

/* What all resets have in common: whatever was under way is given up, and the registers show the
 * signature. */
static void restart(struct ide_device *d, enum ide_reset kind)
{
    ide_cancel(d);
    d->ops->reset(d, kind);
    ide_set_signature(d);
    d->error = 0x01;
    d->status = ATA_BSY;
    ide_reset_finish(d);
}

static void restart_both(struct ide_channel *channel, enum ide_reset kind)
{
    for (unsigned n = 0; n < 2; n++) {
        if (channel->device[n] == NULL)
            continue;
        restart(channel->device[n], kind);
        channel->device[n]->device = 0;
    }
    channel->selected = 0;
}

/* 9.10: both devices run it; device 0 reports for both (01h: device 0 passed, device 1 passed or
 * absent). */
static void execute_diagnostic(struct ide_channel *channel)
{
    restart_both(channel, IDE_RESET_SOFTWARE);
    if (channel->device[0] != NULL) {
        channel->device[0]->interrupt = true;
        ide_channel_update_irq(channel);
    }
}

static void command_write(struct ide_channel *channel, uint8_t command)
{
    struct ide_device *d = channel->device[channel->selected];

    if (command == COMMAND_EXECUTE_DIAGNOSTIC && !ide_channel_in_reset(channel)) {
        execute_diagnostic(channel);
        return;
    }
    if (d == NULL || ide_channel_in_reset(channel))
        return;
    LOG(channel->log, BLOCK,
        "ide: device %u: command %02x features %02x count %02x lba %02x %02x %02x device %02x\n",
        d->number, command, d->feature[0], d->count[0], d->lba_high[0], d->lba_mid[0],
        d->lba_low[0], d->device);
    if (command == COMMAND_DEVICE_RESET && d->ops->packet) {
        restart(d, IDE_RESET_DEVICE);
        return;
    }
    if (d->status & ATA_BSY) {
        LOG(channel->log, GUEST_ERRORS, "ide: command %02x written while the device is busy\n",
            command);
        return;
    }
    ide_cancel(d);
    d->status = ATA_BSY;
    d->error = 0;
    d->ops->command(d, command);
}

static void push(uint8_t deep[2], uint8_t value)
{
    deep[1] = deep[0];
    deep[0] = value;
}

/* Both devices take what is written to the command block (7.2); a busy one does not. */
static void register_write(struct ide_channel *channel, unsigned offset, uint8_t value)
{
    for (unsigned n = 0; n < 2; n++) {
        struct ide_device *d = channel->device[n];
        if (d == NULL || ((d->status & ATA_BSY) && offset != REG_DEVICE))
            continue;
        switch (offset) {
        case REG_ERROR: push(d->feature, value); break;
        case REG_COUNT: push(d->count, value); break;
        case REG_LBA_LOW: push(d->lba_low, value); break;
        case REG_LBA_MID: push(d->lba_mid, value); break;
        case REG_LBA_HIGH: push(d->lba_high, value); break;
        default: d->device = value; break;
        }
    }
    if (offset == REG_DEVICE) {
        channel->selected = value & ATA_DEVICE_DEV ? 1 : 0;
        ide_channel_update_irq(channel);
    }
}

static bool command_block_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct ide_channel *channel = opaque;

    if (offset == REG_DATA) {
        *value = data_read(channel, size);
        return true;
    }
    *value = 0;
    for (unsigned i = 0; i < size; i++)
        *value |= (uint64_t)register_read(channel, (unsigned)offset + i) << (8 * i);
    return true;
}

/* 7.8: a write to any register of the command block clears HOB. */
static bool command_block_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ide_channel *channel = opaque;

    channel->control &= ~CONTROL_HOB;
    if (offset == REG_DATA) {
        data_write(channel, size, value);
        return true;
    }
    for (unsigned i = 0; i < size; i++, offset++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        if (offset == REG_STATUS)
            command_write(channel, byte);
        else
            register_write(channel, (unsigned)offset, byte);
    }
    return true;
}

/* 7.3: the alternate status does not touch INTRQ. */
static bool control_block_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct ide_channel *channel = opaque;
    bool stands_in;
    struct ide_device *d = answering(channel, &stands_in);

    (void)offset;
    (void)size;
    *value = d == NULL ? FLOATING_BYTE : stands_in ? 0 : d->status;
    return true;
}

/* 9.2: SRST set resets both devices, which stay busy until it is cleared. */
static bool control_block_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct ide_channel *channel = opaque;
    uint8_t changed = channel->control ^ (uint8_t)value;

    (void)offset;
    (void)size;
    channel->control = value & (CONTROL_NIEN | CONTROL_SRST | CONTROL_HOB);
    if (changed & CONTROL_SRST) {
        LOG(channel->log, BLOCK, "ide: software reset %s\n",
            value & CONTROL_SRST ? "begins" : "ends");
        if (value & CONTROL_SRST) {
            restart_both(channel, IDE_RESET_SOFTWARE);
        } else {
            for (unsigned n = 0; n < 2; n++) {
                if (channel->device[n] != NULL)
                    ide_reset_finish(channel->device[n]);
            }
        }
    }
    ide_channel_update_irq(channel);
    return true;
}

static const struct region_desc command_desc = {
    .name = "ide-command", .size = COMMAND_BLOCK_PORTS, .min_size = 1, .max_size = 4,
    .read = command_block_read, .write = command_block_write,
};
static const struct region_desc control_desc = {
    .name = "ide-control",
    .size = 1,
    .min_size = 1,
    .max_size = 1,
    .read = control_block_read,
    .write = control_block_write,
};

struct ide_channel *ide_channel_create(struct memory *memory, const struct log *log,
                                       uint16_t command_port, uint16_t control_port,
                                       struct irq_line irq, const struct ide_drive drives[2],
                                       unsigned number)
{
    struct ide_channel *channel = host_alloc(sizeof *channel);

    channel->memory = memory;
    channel->log = log;
    channel->irq = irq;
    for (unsigned n = 0; n < 2; n++) {
        struct ide_device *d = NULL;
        if (drives[n].cdrom)
            d = atapi_create(&drives[n], number * 2 + n, log);
        else if (drives[n].block != NULL)
            d = ata_disk_create(&drives[n], number * 2 + n, log);
        if (d == NULL)
            continue;
        d->channel = channel;
        d->number = n;
        channel->device[n] = d;
    }
    channel->command_region =
        region_map_io(memory, 1 << SPACE_PORTS, &command_desc, channel, command_port, 0);
    channel->control_region =
        region_map_io(memory, 1 << SPACE_PORTS, &control_desc, channel, control_port, 0);
    ide_channel_reset(channel);
    return channel;
}

void ide_channel_destroy(struct ide_channel *channel)
{
    if (channel == NULL)
        return;
    channel->irq.set = NULL; /* whom it drives may be gone */
    for (unsigned n = 0; n < 2; n++) {
        struct ide_device *d = channel->device[n];
        if (d == NULL)
            continue;
        ide_cancel(d);
        if (d->in_flight)
            d->block->ops->drain(d->block);
        channel->device[n] = NULL;
        d->ops->destroy(d);
    }
    region_unmap(channel->command_region);
    region_unmap(channel->control_region);
    host_free(channel);
}

void ide_channel_reset(struct ide_channel *channel)
{
    channel->control = 0;
    restart_both(channel, IDE_RESET_POWER_ON);
    ide_channel_update_irq(channel);
}

void ide_channel_set_bus_master(struct ide_channel *channel, const struct ide_bus_master *master)
{
    channel->master = *master;
}

void ide_channel_set_decoded(struct ide_channel *channel, bool decoded)
{
    memory_begin(channel->memory);
    if (region_enabled(channel->command_region) != decoded) {
        region_set_enabled(channel->command_region, decoded);
        region_set_enabled(channel->control_region, decoded);
    }
    memory_commit(channel->memory);
}

void ide_channel_state(struct ide_channel *channel, struct state *s)
{
    uint8_t selected = (uint8_t)channel->selected;

    state_section(s, "ide-channel", 1);
    state_u8(s, &channel->control);
    state_u8(s, &selected);
    state_bool(s, &channel->line);
    channel->selected = selected & 1;
    for (unsigned n = 0; n < 2; n++) {
        bool present = channel->device[n] != NULL;
        state_bool(s, &present);
        if (present != (channel->device[n] != NULL))
            s->failed = true;
        if (!s->failed && present)
            ide_device_state(channel->device[n], s);
    }
}
