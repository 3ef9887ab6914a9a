// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One device on an ATA channel: its task file, and the ways data leaves and reaches it.
#include "device/block/ide_device.h"

#include "host/host.h"

void ide_device_init(struct ide_device *d, const struct ide_device_ops *ops,
                     struct block_backend *block, const struct log *log)
{
    d->ops = ops;
    d->block = block;
    d->log = log;
    d->buffer = host_alloc(IDE_BUFFER_SIZE);
}

void ide_device_release(struct ide_device *d)
{
    host_free(d->buffer);
}

void ide_set_signature(struct ide_device *d)
{
    d->count[0] = 1;
    d->lba_low[0] = 1;
    d->lba_mid[0] = d->ops->packet ? 0x14 : 0;
    d->lba_high[0] = d->ops->packet ? 0xeb : 0;
    d->device &= ATA_DEVICE_DEV;
}

static void raise_interrupt(struct ide_device *d)
{
    d->interrupt = true;
    ide_channel_update_irq(d->channel);
}

void ide_end(struct ide_device *d)
{
    d->transfer = IDE_TRANSFER_NONE;
    d->error = 0;
    d->status = ATA_DRDY | ATA_DSC;
    raise_interrupt(d);
}

void ide_fail(struct ide_device *d, uint8_t error, uint8_t status_bits)
{
    LOG(d->log, BLOCK, "ide: device %u: command failed, error %02x\n", d->number, error);
    d->transfer = IDE_TRANSFER_NONE;
    d->error = error;
    d->status = ATA_DRDY | ATA_DSC | ATA_ERR | status_bits;
    raise_interrupt(d);
}

static void start_transfer(struct ide_device *d, enum ide_transfer kind, uint32_t offset,
                           uint32_t length, bool to_host, void (*done)(struct ide_device *d))
{
    host_assert(offset + length <= IDE_BUFFER_SIZE, "IDE transfer beyond its buffer");
    d->transfer = kind;
    d->position = offset;
    d->end = offset + length;
    d->to_host = to_host;
    d->done = done;
    d->status = ATA_DRDY | ATA_DSC | ATA_DRQ;
}

void ide_pio(struct ide_device *d, uint32_t offset, uint32_t length, bool to_host, bool interrupt,
             void (*done)(struct ide_device *d))
{
    start_transfer(d, IDE_TRANSFER_PIO, offset, length, to_host, done);
    if (interrupt)
        raise_interrupt(d);
}

void ide_dma(struct ide_device *d, uint32_t length, bool to_host,
             void (*done)(struct ide_device *d))
{
    start_transfer(d, IDE_TRANSFER_DMA, 0, length, to_host, done);
    ide_channel_dma_request(d->channel, d);
}

static void block_request_done(struct block_request *request, int error)
{
    struct ide_device *d = request->opaque;

    d->in_flight = false;
    if (d->forsaken) {
        d->forsaken = false;
        ide_reset_finish(d);
        return;
    }
    if (error != 0)
        LOG(d->log, BLOCK, "ide: device %u: %s at %llu: back end error %d\n", d->number,
            request->operation == BLOCK_READ ? "read" : "write",
            (unsigned long long)request->offset, error);
    d->block_done(d, error);
}

void ide_block(struct ide_device *d, enum block_operation operation, uint64_t offset,
               uint64_t length, void (*done)(struct ide_device *d, int error))
{
    host_assert(!d->in_flight, "two IDE requests in flight");
    d->transfer = IDE_TRANSFER_NONE;
    d->status = ATA_BSY;
    d->block_done = done;
    d->in_flight = true;
    d->request = (struct block_request){
        .operation = operation,
        .offset = offset,
        .length = length,
        .buffer = d->buffer,
        .done = block_request_done,
        .opaque = d,
    };
    block_submit(d->block, &d->request);
}

void ide_cancel(struct ide_device *d)
{
    d->transfer = IDE_TRANSFER_NONE;
    d->interrupt = false;
    d->forsaken = d->in_flight;
    ide_channel_update_irq(d->channel);
}

void ide_reset_finish(struct ide_device *d)
{
    if (ide_channel_in_reset(d->channel) || d->in_flight)
        return;
    d->status = d->ops->idle_status;
}

void ide_state_refuse(struct ide_device *d, struct state *s)
{
    s->failed = true;
    d->transfer = IDE_TRANSFER_NONE;
    d->position = d->end = 0;
}

void ide_device_state(struct ide_device *d, struct state *s)
{
    uint8_t kind = d->transfer;

    host_assert(!d->in_flight, "IDE state saved with a request in flight");
    state_section(s, "ide-device", 1);
    state_bytes(s, d->feature, 2);
    state_bytes(s, d->count, 2);
    state_bytes(s, d->lba_low, 2);
    state_bytes(s, d->lba_mid, 2);
    state_bytes(s, d->lba_high, 2);
    state_u8(s, &d->device);
    state_u8(s, &d->error);
    state_u8(s, &d->status);
    state_bool(s, &d->interrupt);
    state_u8(s, &kind);
    state_u32(s, &d->position);
    state_u32(s, &d->end);
    state_bool(s, &d->to_host);
    state_bytes(s, d->buffer, IDE_BUFFER_SIZE);
    d->transfer = (enum ide_transfer)kind;
    if (kind > IDE_TRANSFER_DMA || d->position > d->end || d->end > IDE_BUFFER_SIZE)
        ide_state_refuse(d, s);
    d->ops->state(d, s);
}
