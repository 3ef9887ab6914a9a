// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Sectors between an ATA disk and its host: addresses, chunks, DRQ blocks, errors.
#include "device/block/ata_disk.h"

#include "base/bits.h"
#include "device/block/ide.h"

/*
 * A command's sectors go through the device's buffer in chunks. Reading: the back end fills a
 * chunk, the host takes it in DRQ blocks or by DMA, the next chunk is read. Writing: the host fills
 * a chunk, the back end takes it. The last chunk's end ends the command.
 */
#define CHUNK_SECTORS (IDE_BUFFER_SIZE / ATA_SECTOR)
#define NO_SPACE (-28) /* -ENOSPC of the back end's contract */
#define READ_ONLY (-30)

static struct ata_disk *disk_of(struct ide_device *d)
{
    return container_of(d, struct ata_disk, device);
}

/* ATA-6, 6.2: 48 bits from registers two deep, 28 bits, or cylinder, head and sector in the current
 * translation. */
bool ata_address(const struct ata_disk *disk, bool ext, uint64_t *lba)
{
    const struct ide_device *d = &disk->device;
    uint32_t low = d->lba_low[0] | (uint32_t)d->lba_mid[0] << 8 | (uint32_t)d->lba_high[0] << 16;
    uint32_t high = d->lba_low[1] | (uint32_t)d->lba_mid[1] << 8 | (uint32_t)d->lba_high[1] << 16;
    unsigned head = d->device & 15, sector = d->lba_low[0],
             cylinder = d->lba_mid[0] | d->lba_high[0] << 8;

    if (ext) {
        *lba = low | (uint64_t)high << 24;
        return true;
    }
    if (d->device & ATA_DEVICE_LBA) {
        *lba = low | (uint64_t)head << 24;
        return true;
    }
    *lba = ((uint64_t)cylinder * disk->heads + head) * disk->track + sector - 1;
    return sector >= 1 && sector <= disk->track && head < disk->heads && cylinder < disk->cylinders;
}

void ata_set_address(struct ata_disk *disk, bool ext, uint64_t lba)
{
    struct ide_device *d = &disk->device;

    if (!ext && !(d->device & ATA_DEVICE_LBA) && disk->heads != 0 && disk->track != 0) {
        uint64_t cylinder = lba / (disk->heads * disk->track);
        d->lba_low[0] = (uint8_t)(lba % disk->track + 1);
        d->lba_mid[0] = (uint8_t)cylinder;
        d->lba_high[0] = (uint8_t)(cylinder >> 8);
        d->device = (d->device & 0xf0) | (lba / disk->track % disk->heads);
        return;
    }
    d->lba_low[0] = (uint8_t)lba;
    d->lba_mid[0] = (uint8_t)(lba >> 8);
    d->lba_high[0] = (uint8_t)(lba >> 16);
    if (ext) {
        d->lba_low[1] = (uint8_t)(lba >> 24);
        d->lba_mid[1] = (uint8_t)(lba >> 32);
        d->lba_high[1] = (uint8_t)(lba >> 40);
    } else {
        d->device = (d->device & 0xf0) | (lba >> 24 & 15);
    }
}

/* Where it stopped: the address of the first sector in error. */
static void access_failed(struct ata_disk *disk, uint8_t error, uint8_t status_bits)
{
    ata_set_address(disk, disk->ext, disk->lba);
    ide_fail(&disk->device, error, status_bits);
}

static void backend_failed(struct ata_disk *disk, int error)
{
    if (error == READ_ONLY)
        access_failed(disk, ATA_ERROR_ABRT, 0);
    else if (disk->access == ATA_WRITE_PIO || disk->access == ATA_WRITE_DMA || error == NO_SPACE)
        access_failed(disk, ATA_ERROR_UNC, ATA_DF); /* a write fault: the medium did not take it */
    else
        access_failed(disk, ATA_ERROR_UNC, 0);
}

static void next_chunk(struct ata_disk *disk);

static void flush_done(struct ide_device *d, int error)
{
    if (error != 0)
        backend_failed(disk_of(d), error);
    else
        ide_end(d);
}

/* All sectors are through: the registers show the last one (ATA-3 and before promised it). */
static void access_end(struct ata_disk *disk)
{
    struct ide_device *d = &disk->device;
    bool wrote = disk->access == ATA_WRITE_PIO || disk->access == ATA_WRITE_DMA;

    d->count[0] = 0;
    ata_set_address(disk, disk->ext, disk->lba - 1);
    if (wrote && (!disk->write_cache || disk->force_flush)) {
        ide_block(d, BLOCK_FLUSH, 0, 0, flush_done);
        return;
    }
    /* PIO reads have had their interrupt with the last DRQ block. */
    if (disk->access == ATA_READ_PIO) {
        d->status = ATA_DRDY | ATA_DSC;
        return;
    }
    ide_end(d);
}

static void chunk_through(struct ata_disk *disk)
{
    disk->lba += disk->chunk;
    disk->left -= disk->chunk;
    if (disk->left == 0)
        access_end(disk);
    else
        next_chunk(disk);
}

static void write_done(struct ide_device *d, int error)
{
    if (error != 0)
        backend_failed(disk_of(d), error);
    else
        chunk_through(disk_of(d));
}

static void write_chunk(struct ide_device *d)
{
    struct ata_disk *disk = disk_of(d);

    ide_block(d, BLOCK_WRITE, disk->lba * ATA_SECTOR, (uint64_t)disk->chunk * ATA_SECTOR,
              write_done);
}

static void read_chunk_taken(struct ide_device *d)
{
    chunk_through(disk_of(d));
}

static void pio_block_done(struct ide_device *d);

static void pio_block(struct ata_disk *disk, uint32_t offset, bool interrupt)
{
    uint32_t length = MIN(disk->block_sectors * ATA_SECTOR, disk->chunk * ATA_SECTOR - offset);

    ide_pio(&disk->device, offset, length, disk->access == ATA_READ_PIO, interrupt, pio_block_done);
}

/* The host is through with one DRQ block: another of this chunk, or the chunk is through. */
static void pio_block_done(struct ide_device *d)
{
    struct ata_disk *disk = disk_of(d);

    if (d->end < disk->chunk * ATA_SECTOR)
        pio_block(disk, d->end, true);
    else if (disk->access == ATA_READ_PIO)
        chunk_through(disk);
    else
        write_chunk(d);
}

static void read_done(struct ide_device *d, int error)
{
    struct ata_disk *disk = disk_of(d);

    if (error != 0)
        backend_failed(disk, error);
    else if (disk->access == ATA_VERIFY)
        chunk_through(disk);
    else if (disk->access == ATA_READ_DMA)
        ide_dma(d, disk->chunk * ATA_SECTOR, true, read_chunk_taken);
    else
        pio_block(disk, 0, true);
}

static void next_chunk(struct ata_disk *disk)
{
    struct ide_device *d = &disk->device;

    disk->chunk = MIN(disk->left, CHUNK_SECTORS);
    switch (disk->access) {
    case ATA_WRITE_PIO:
        pio_block(disk, 0, true);
        break;
    case ATA_WRITE_DMA:
        ide_dma(d, disk->chunk * ATA_SECTOR, false, write_chunk);
        break;
    default:
        ide_block(d, BLOCK_READ, disk->lba * ATA_SECTOR, (uint64_t)disk->chunk * ATA_SECTOR,
                  read_done);
        break;
    }
}

void ata_start_access(struct ata_disk *disk, enum ata_access access, bool ext,
                      uint32_t block_sectors, bool force_flush)
{
    struct ide_device *d = &disk->device;
    uint32_t count = ext ? d->count[0] | (uint32_t)d->count[1] << 8 : d->count[0];

    if (count == 0)
        count = ext ? 65536 : 256;
    disk->access = access;
    disk->ext = ext;
    disk->block_sectors = block_sectors;
    disk->force_flush = force_flush;
    disk->left = count;
    if (!ata_address(disk, ext, &disk->lba)) {
        ide_fail(d, ATA_ERROR_IDNF, 0);
        return;
    }
    /* 8.27.6: a request beyond the last sector; none of it is transferred. */
    if (disk->lba >= disk->sectors || count > disk->sectors - disk->lba) {
        LOG(d->log, GUEST_ERRORS, "ata: sector %llu + %u lies beyond the disk\n",
            (unsigned long long)disk->lba, count);
        disk->lba = MAX(disk->lba, disk->sectors);
        access_failed(disk, ATA_ERROR_IDNF, 0);
        return;
    }
    /* 9.6: the first DRQ block of a PIO write comes without an interrupt. */
    disk->chunk = MIN(disk->left, CHUNK_SECTORS);
    if (access == ATA_WRITE_PIO)
        pio_block(disk, 0, false);
    else
        next_chunk(disk);
}

void (*ata_transfer_done(const struct ata_disk *disk))(struct ide_device *d)
{
    switch (disk->access) {
    case ATA_READ_DMA: return read_chunk_taken;
    case ATA_WRITE_DMA: return write_chunk;
    default: return pio_block_done;
    }
}
