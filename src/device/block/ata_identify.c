// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What drives say of themselves: IDENTIFY DEVICE, IDENTIFY PACKET DEVICE.
#include "device/block/ata_disk.h"

#include "base/bits.h"
#include "base/format.h"

#define FIRMWARE "1.0"

/* Words 82-84 and 85-87: command sets that are there, and those that are enabled. */
enum {
    SMART = 1 << 0,
    POWER_MANAGEMENT = 1 << 3,
    WRITE_CACHE = 1 << 5,
    LOOK_AHEAD = 1 << 6,
    WRITE_BUFFER = 1 << 12,
    READ_BUFFER = 1 << 13,
    NOP = 1 << 14,
    COMMAND_SETS_1 = SMART | POWER_MANAGEMENT | WRITE_CACHE | LOOK_AHEAD | WRITE_BUFFER |
                     READ_BUFFER | NOP,
    LBA48 = 1 << 10,
    FLUSH = 1 << 12,
    FLUSH_EXT = 1 << 13,
    COMMAND_SETS_2 = 1 << 14 | LBA48 | FLUSH | FLUSH_EXT,
    FUA = 1 << 6,
};

static void put(uint8_t *page, unsigned word, uint16_t value)
{
    store_le16(page + 2 * word, value);
}

static void put32(uint8_t *page, unsigned word, uint32_t value)
{
    put(page, word, (uint16_t)value);
    put(page, word + 1, (uint16_t)(value >> 16));
}

/*
 * ATA-6, 3.2.9: text has its first character in the high byte of a word and is padded with spaces.
 */
static void put_text(uint8_t *page, unsigned word, unsigned words, const char *text)
{
    for (unsigned i = 0; i < 2 * words; i++)
        page[2 * word + (i ^ 1)] = *text != '\0' ? (uint8_t)*text++ : ' ';
}

/* Words 62, 63, 88: modes supported in the low byte, the one chosen in the high byte (8.46.10: bits
 * 7-3 type, 2-0 mode). */
static void put_dma_modes(uint8_t *page, uint8_t transfer_mode, bool ultra)
{
    uint16_t single = 0x0007, multi = 0x0007, udma = ultra ? 0x003f : 0;
    unsigned mode = transfer_mode & 7;

    switch (transfer_mode >> 3) {
    case 2: single |= 0x100 << mode; break;
    case 4: multi |= 0x100 << mode; break;
    case 8: udma |= 0x100 << mode; break;
    default: break;
    }
    put(page, 62, single);
    put(page, 63, multi);
    put(page, 88, udma);
}

/* Words 64-68: PIO modes 3 and 4, cycles of 120 ns. */
static void put_pio_timing(uint8_t *page)
{
    put(page, 64, 0x0003);
    for (unsigned word = 65; word <= 68; word++)
        put(page, word, 120);
}

static void put_geometry(const struct ata_disk *disk, uint8_t *page)
{
    uint32_t capacity = (uint32_t)disk->cylinders * disk->heads * disk->track;

    put(page, 1, disk->default_cylinders);
    put(page, 3, disk->default_heads);
    put(page, 4, ATA_SECTOR * disk->default_track);
    put(page, 5, ATA_SECTOR);
    put(page, 6, disk->default_track);
    put(page, 54, disk->cylinders);
    put(page, 55, disk->heads);
    put(page, 56, disk->track);
    put32(page, 57, capacity);
    put32(page, 60, (uint32_t)MIN(disk->sectors, UINT64_C(0x0fffffff)));
    store_le64(page + 2 * 100, disk->sectors);
}

/* ATA/ATAPI-6, 8.15, table 27. */
void ata_identify(const struct ata_disk *disk, uint8_t *page)
{
    __builtin_memset(page, 0, 512);
    put(page, 0, 0x0040);
    put_geometry(disk, page);
    put_text(page, 10, 10, disk->serial);
    put(page, 20, 3);
    put(page, 21, IDE_BUFFER_SIZE / 512);
    put(page, 22, 4);
    put_text(page, 23, 4, FIRMWARE);
    put_text(page, 27, 20, disk->model);
    put(page, 47, 0x8000 | ATA_MAX_MULTIPLE);
    put(page, 48, 1);
    put(page, 49, 1 << 11 | 1 << 9 | 1 << 8); /* IORDY, LBA, DMA */
    put(page, 50, 1 << 14);
    put(page, 51, 0x0200);
    put(page, 52, 0x0200);
    put(page, 53, 0x0007);
    put(page, 59, disk->multiple != 0 ? 0x0100 | disk->multiple : 0);
    put_dma_modes(page, disk->transfer_mode, true);
    put_pio_timing(page);
    put(page, 80, 0x00f0); /* ATA-4 to ATA/ATAPI-7 */
    put(page, 81, 0x0016);
    put(page, 82, COMMAND_SETS_1);
    put(page, 83, COMMAND_SETS_2);
    put(page, 84, 1 << 14 | FUA);
    put(page, 85, (COMMAND_SETS_1 & ~(LOOK_AHEAD | WRITE_CACHE | SMART)) |
                      (disk->read_ahead ? LOOK_AHEAD : 0) | (disk->write_cache ? WRITE_CACHE : 0) |
                      (disk->smart ? SMART : 0));
    put(page, 86, COMMAND_SETS_2 & ~(1 << 14));
    put(page, 87, 1 << 14 | FUA);
    put(page, 93, ide_channel_reset_result(disk->device.channel, disk->device.number));
}

/* ATA/ATAPI-6, 8.16: a CD-ROM with 12-byte packets that raises DRQ within 50 us. */
void atapi_identify(const struct ide_device *d, const char *serial, const char *model,
                    uint8_t transfer_mode)
{
    uint8_t *page = d->buffer;

    __builtin_memset(page, 0, 512);
    put(page, 0, 0x85c0);
    put_text(page, 10, 10, serial);
    put(page, 20, 3);
    put(page, 21, IDE_BUFFER_SIZE / 512);
    put_text(page, 23, 4, FIRMWARE);
    put_text(page, 27, 20, model);
    put(page, 48, 1);
    put(page, 49, 1 << 11 | 1 << 9 | 1 << 8);
    put(page, 53, 0x0007);
    put_dma_modes(page, transfer_mode, true);
    put_pio_timing(page);
    put(page, 71, 30);
    put(page, 72, 30);
    put(page, 80, 0x001e); /* to ATA/ATAPI-4 */
    put(page, 82, 1 << 14 | 1 << 9 | 1 << 4); /* NOP, DEVICE RESET, PACKET */
    put(page, 83, 1 << 14);
    put(page, 84, 1 << 14);
    put(page, 85, 1 << 14 | 1 << 9 | 1 << 4);
    put(page, 87, 1 << 14);
    put(page, 93, ide_channel_reset_result(d->channel, d->number));
}

void ata_default_serial(char serial[21], unsigned position)
{
    format(serial, 21, "BM%05u", position + 1);
}

void ata_copy_text(char *out, size_t size, const char *text)
{
    size_t n = 0;

    for (; n + 1 < size && text[n] != '\0'; n++)
        out[n] = text[n];
    out[n] = '\0';
}
