// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One device on an ATA channel: its task file, and the ways data leaves and reaches it.
#ifndef DEVICE_BLOCK_IDE_DEVICE_H
#define DEVICE_BLOCK_IDE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/block.h"
#include "base/log.h"
#include "base/state.h"

/* ATA/ATAPI-6, 7.15 and 7.9: the status and error registers. */
enum {
    ATA_ERR = 0x01,
    ATA_DRQ = 0x08,
    ATA_DSC = 0x10,
    ATA_DF = 0x20,
    ATA_DRDY = 0x40,
    ATA_BSY = 0x80
};
enum { ATA_ERROR_ABRT = 0x04, ATA_ERROR_IDNF = 0x10, ATA_ERROR_UNC = 0x40 };
/* 7.8: the device register. */
enum { ATA_DEVICE_DEV = 0x10, ATA_DEVICE_LBA = 0x40 };

#define IDE_BUFFER_SIZE (256u * 1024)

struct ide_channel;
struct ide_device;

enum ide_reset { IDE_RESET_POWER_ON, IDE_RESET_SOFTWARE, IDE_RESET_DEVICE };

struct ide_device_ops {
    bool packet;         /* a PACKET device: another signature, and DEVICE RESET */
    uint8_t idle_status; /* after reset and EXECUTE DEVICE DIAGNOSTIC */
    /* A command was written; BSY is set. Ends in ide_end(), ide_fail(), or a transfer that does. */
    void (*command)(struct ide_device *d, uint8_t command);
    /* Take back what the kind of reset takes back. Task file and status are the caller's. */
    void (*reset)(struct ide_device *d, enum ide_reset kind);
    void (*state)(struct ide_device *d, struct state *s);
    void (*destroy)(struct ide_device *d);
};

enum ide_transfer { IDE_TRANSFER_NONE, IDE_TRANSFER_PIO, IDE_TRANSFER_DMA };

struct ide_device {
    const struct ide_device_ops *ops;
    struct ide_channel *channel;
    const struct log *log;
    struct block_backend *block; /* NULL: none */
    unsigned number;             /* 0 or 1 */

    /* The task file. Registers of 48-bit commands are two deep: [0] as written last, [1] before
     * that. */
    uint8_t feature[2], count[2], lba_low[2], lba_mid[2], lba_high[2];
    uint8_t device, error, status;
    bool interrupt; /* INTRQ pending */

    /* The transfer under way: bytes [position, end) of buffer. done is called when they are
     * through. */
    uint8_t *buffer; /* IDE_BUFFER_SIZE */
    uint32_t position, end;
    enum ide_transfer transfer;
    bool to_host;
    void (*done)(struct ide_device *d);

    /* The back end's request: in flight only while BSY. A reset meanwhile lets it end unheard and
     * stays busy until then. */
    struct block_request request;
    bool in_flight, forsaken;
    void (*block_done)(struct ide_device *d, int error);
};

void ide_device_init(struct ide_device *d, const struct ide_device_ops *ops,
                     struct block_backend *block, const struct log *log);
void ide_device_release(struct ide_device *d);

/* 9.12: the register values that tell a packet device from others. */
void ide_set_signature(struct ide_device *d);
/* The command is done: BSY and DRQ off, DRDY on, interrupt. */
void ide_end(struct ide_device *d);
/* The command has failed: ERR with these error bits; status_bits is ATA_DF or 0. */
void ide_fail(struct ide_device *d, uint8_t error, uint8_t status_bits);
/* PIO: DRQ for length bytes at offset of buffer, with or without an interrupt. */
void ide_pio(struct ide_device *d, uint32_t offset, uint32_t length, bool to_host, bool interrupt,
             void (*done)(struct ide_device *d));
/* DMA: DMARQ until the bus master has moved length bytes at the start of buffer. */
void ide_dma(struct ide_device *d, uint32_t length, bool to_host,
             void (*done)(struct ide_device *d));
/* Ask the back end; buffer is used from its start. Status is BSY until done, which may have been
 * called when this returns. */
void ide_block(struct ide_device *d, enum block_operation operation, uint64_t offset,
               uint64_t length, void (*done)(struct ide_device *d, int error));
/* Drop whatever is under way. */
void ide_cancel(struct ide_device *d);
/*
 * Become idle after a reset, unless the channel's SRST or a request in flight still holds it busy.
 */
void ide_reset_finish(struct ide_device *d);
void ide_device_state(struct ide_device *d, struct state *s);
/* What was loaded cannot be: fail, and have no transfer under way. */
void ide_state_refuse(struct ide_device *d, struct state *s);

/* The channel's side, for ide_device.c: INTRQ has changed; a DMA transfer waits. */
void ide_channel_update_irq(struct ide_channel *channel);
void ide_channel_dma_request(struct ide_channel *channel, struct ide_device *d);
bool ide_channel_in_reset(const struct ide_channel *channel);
/* Word 93 of IDENTIFY: how the hardware reset went. */
uint16_t ide_channel_reset_result(const struct ide_channel *channel, unsigned number);

/* The two kinds. number is their place on the channel, position that on the controller (for the
 * serial number). */
struct ide_drive;
struct ide_device *ata_disk_create(const struct ide_drive *drive, unsigned position,
                                   const struct log *log);
struct ide_device *atapi_create(const struct ide_drive *drive, unsigned position,
                                const struct log *log);

#endif
