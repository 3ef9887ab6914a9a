// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An ATA hard disk's own state, shared by its commands and its IDENTIFY data.
#ifndef DEVICE_BLOCK_ATA_DISK_H
#define DEVICE_BLOCK_ATA_DISK_H

#include "device/block/ide_device.h"

#define ATA_SECTOR 512
#define ATA_MAX_MULTIPLE 16

/* What a read, write or verify command does with its sectors. */
enum ata_access {
    ATA_READ_PIO,
    ATA_WRITE_PIO,
    ATA_READ_DMA,
    ATA_WRITE_DMA,
    ATA_VERIFY,
    ATA_WRITE_BUFFER,
    ATA_IDENTIFY
};

struct ata_disk {
    struct ide_device device;
    uint64_t sectors;
    char serial[21], model[41];

    /* INITIALIZE DEVICE PARAMETERS, SET MULTIPLE MODE, SET FEATURES, power management. */
    uint16_t default_cylinders, cylinders;
    uint8_t default_heads, heads;
    uint8_t default_track, track; /* sectors a track */
    uint8_t multiple;             /* sectors a block; 0: off */
    uint8_t transfer_mode;        /* as SET FEATURES 03h takes it; 0: default PIO */
    bool write_cache, default_write_cache, read_ahead, smart;
    uint8_t power_mode; /* as CHECK POWER MODE answers; ATA_SLEEP answers to resets only */

    /* The command under way. */
    enum ata_access access;
    uint64_t lba;           /* of the chunk */
    uint32_t left;          /* sectors from the chunk on */
    uint32_t chunk;         /* sectors in the buffer */
    uint32_t block_sectors; /* a DRQ block */
    bool ext;               /* a 48-bit command: results two deep */
    bool force_flush;       /* FUA */
};

enum { ATA_STANDBY = 0x00, ATA_IDLE = 0x80, ATA_ACTIVE = 0xff, ATA_SLEEP = 0x01 };

/* Word 0-255 of IDENTIFY DEVICE into page (512 bytes, zeroed). */
void ata_identify(const struct ata_disk *disk, uint8_t *page);
/* IDENTIFY PACKET DEVICE into d's buffer. */
void atapi_identify(const struct ide_device *d, const char *serial, const char *model,
                    uint8_t transfer_mode);
/* The serial number that a drive at this place has, if it was given none: BM00001, ... */
void ata_default_serial(char serial[21], unsigned position);
/* Copy at most size - 1 characters. */
void ata_copy_text(char *out, size_t size, const char *text);
/* End with ABRT: not a command of this disk, or not now. */
void ata_refuse(struct ata_disk *disk);
/* Send the buffer's first sector, which the disk itself made up. */
void ata_send_page(struct ata_disk *disk);
void ata_command_smart(struct ata_disk *disk, uint8_t command);

/* ata_access.c: begin the command that d's registers address; count 0 means the most. */
void ata_start_access(struct ata_disk *disk, enum ata_access access, bool ext,
                      uint32_t block_sectors, bool force_flush);
/* Call back when the transfer restored from a saved state is through. */
void (*ata_transfer_done(const struct ata_disk *disk))(struct ide_device *d);
/* The sector that the registers address; false: not by this geometry. */
bool ata_address(const struct ata_disk *disk, bool ext, uint64_t *lba);
void ata_set_address(struct ata_disk *disk, bool ext, uint64_t lba);

#endif
