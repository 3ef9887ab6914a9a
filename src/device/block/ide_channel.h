// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An ATA channel: command and control block registers, two devices, one interrupt line.
#ifndef DEVICE_BLOCK_IDE_CHANNEL_H
#define DEVICE_BLOCK_IDE_CHANNEL_H

#include "base/state.h"
#include "device/block/ide.h"
#include "device/irq.h"
#include "memory/memory.h"

struct ide_channel;

/* What moves the channel's DMA data. */
struct ide_bus_master {
    /* Move up to length bytes now; 0 while it is not started or has no room. */
    uint32_t (*transfer)(void *opaque, uint8_t *buffer, uint32_t length, bool to_host);
    /* INTRQ has risen. */
    void (*interrupted)(void *opaque);
    void *opaque;
};

/* Maps the command block (8 ports) and the control block (1 port); number tells channels apart in
 * serial numbers. Power-on state. */
struct ide_channel *ide_channel_create(struct memory *memory, const struct log *log,
                                       uint16_t command_port, uint16_t control_port,
                                       struct irq_line irq, const struct ide_drive drives[2],
                                       unsigned number);
void ide_channel_destroy(struct ide_channel *channel);
void ide_channel_reset(struct ide_channel *channel);
void ide_channel_state(struct ide_channel *channel, struct state *s);

/* Without one, DMA commands wait for ever. */
void ide_channel_set_bus_master(struct ide_channel *channel, const struct ide_bus_master *master);
/* The bus master can move data now. */
void ide_channel_dma_ready(struct ide_channel *channel);
/* Does the host bridge let the ports through? */
void ide_channel_set_decoded(struct ide_channel *channel, bool decoded);

#endif
