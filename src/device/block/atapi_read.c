// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A CD-ROM drive's sectors: READ (10), READ (12), READ CD, READ CD MSF.
#include "device/block/atapi.h"

#include "base/bits.h"
#include "base/log.h"

/* As many sectors as fit into the buffer raw. */
#define CHUNK_SECTORS 64
_Static_assert(CHUNK_SECTORS *CD_RAW_SECTOR <= IDE_BUFFER_SIZE,
               "a chunk of raw sectors fits into the buffer");

/* MMC-4, 6.20: which parts of a sector READ CD sends, bits of its byte 9. */
enum {
    PART_SYNC = 0x80,
    PART_HEADERS = 0x60,
    PART_HEADER = 0x20,
    PART_SUBHEADER = 0x40,
    PART_DATA = 0x10,
    PART_EDC_ECC = 0x08
};

void atapi_put_msf(uint8_t *out, uint32_t lba)
{
    uint32_t frames = lba + 150;

    out[0] = (uint8_t)(frames / (75 * 60));
    out[1] = (uint8_t)(frames / 75 % 60);
    out[2] = (uint8_t)(frames % 75);
}

static uint8_t to_bcd(uint8_t v)
{
    return (uint8_t)(v / 10 << 4 | v % 10);
}

/*
 * The parts of a mode 1 sector (ECMA-130, clause 14): 12 bytes of synchronization, 4 of header,
 * 2048 of data, then 288 of error detection and correction, which are zero: an image does not have
 * them, and a drive corrects before it sends.
 */
static uint32_t expand(const struct atapi *a, uint8_t *out, const uint8_t *data, uint32_t lba)
{
    uint8_t *p = out, copy[CD_SECTOR];

    __builtin_memcpy(copy, data, CD_SECTOR);
    if (a->raw_parts & PART_SYNC) {
        __builtin_memset(p, 0xff, 12);
        p[0] = p[11] = 0;
        p += 12;
    }
    if (a->raw_parts & PART_HEADER) {
        atapi_put_msf(p, lba);
        for (unsigned i = 0; i < 3; i++)
            p[i] = to_bcd(p[i]);
        p[3] = 1;
        p += 4;
    }
    if (a->raw_parts & PART_DATA) {
        __builtin_memcpy(p, copy, CD_SECTOR);
        p += CD_SECTOR;
    }
    if (a->raw_parts & PART_EDC_ECC) {
        __builtin_memset(p, 0, 288);
        p += 288;
    }
    return (uint32_t)(p - out);
}

static void chunk_read(struct ide_device *d, int error)
{
    struct atapi *a = container_of(d, struct atapi, device);
    uint32_t chunk = a->chunk;

    if (error != 0 || !atapi_has_medium(a)) {
        if (error != 0)
            atapi_check(a, SENSE_MEDIUM_ERROR, ASC_READ_ERROR);
        else
            atapi_not_ready(a);
        return;
    }
    /* An image's odd tail reads as zeros up to its last sector's end. */
    if (d->request.length < (uint64_t)chunk * CD_SECTOR)
        __builtin_memset(d->buffer + d->request.length, 0,
                         (size_t)(chunk * CD_SECTOR - d->request.length));
    /* In place, from the last sector down: none grows over one that is still to be expanded. */
    if (a->raw_parts != PART_DATA && a->sector_size >= CD_SECTOR) {
        for (uint32_t n = chunk; n-- > 0;)
            expand(a, d->buffer + n * a->sector_size, d->buffer + n * CD_SECTOR,
                   (uint32_t)a->lba + n);
    } else if (a->raw_parts != PART_DATA) {
        for (uint32_t n = 0; n < chunk; n++)
            expand(a, d->buffer + n * a->sector_size, d->buffer + n * CD_SECTOR,
                   (uint32_t)a->lba + n);
    }
    a->lba += chunk;
    a->left -= chunk;
    atapi_send_chunk(a, chunk * a->sector_size);
}

void atapi_next_chunk(struct atapi *a)
{
    struct ide_device *d = &a->device;
    uint64_t offset = a->lba * CD_SECTOR, length;

    /* A disc that was changed in the middle is not in the drive either: the rest is of another. */
    if (!atapi_has_medium(a) || a->lba + a->left > a->sectors) {
        atapi_not_ready(a);
        return;
    }
    a->chunk = MIN(a->left, CHUNK_SECTORS);
    length = MIN((uint64_t)a->chunk * CD_SECTOR, d->block->size - offset);
    ide_block(d, BLOCK_READ, offset, length, chunk_read);
}

static void start_read(struct atapi *a, uint32_t lba, uint32_t count, uint8_t raw_parts,
                       uint32_t sector_size)
{
    if (count == 0) {
        atapi_good(a);
        return;
    }
    if (lba >= a->sectors || count > a->sectors - lba) {
        LOG(a->device.log, GUEST_ERRORS, "atapi: sector %u + %u lies beyond the medium\n", lba,
            count);
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
        return;
    }
    a->lba = lba;
    a->left = count;
    a->raw_parts = raw_parts;
    a->sector_size = sector_size;
    atapi_next_chunk(a);
}

void atapi_read_10(struct atapi *a)
{
    start_read(a, get_be32(a->packet + 2), get_be16(a->packet + 7), PART_DATA, CD_SECTOR);
}

void atapi_read_12(struct atapi *a)
{
    start_read(a, get_be32(a->packet + 2), get_be32(a->packet + 6), PART_DATA, CD_SECTOR);
}

/* The parts asked for, their size; mode 1 sectors have no subheader. Sub-channels are not in an
 * image. */
static void start_read_cd(struct atapi *a, uint32_t lba, uint32_t count)
{
    uint8_t parts = a->packet[9] & (PART_SYNC | PART_HEADERS | PART_DATA | PART_EDC_ECC),
            type = a->packet[1] >> 2 & 7;
    uint32_t size = 0;

    /* Expected sector type: any, mode 1; the others are not on a data disc's image. */
    if (type > 2 || (a->packet[10] & 7) != 0 || atapi_is_dvd(a)) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, type > 2 ? ASC_ILLEGAL_MODE : ASC_INVALID_FIELD);
        return;
    }
    if (type == 1) { /* CD-DA */
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_ILLEGAL_MODE);
        return;
    }
    parts &= ~PART_SUBHEADER;
    size += parts & PART_SYNC ? 12 : 0;
    size += parts & PART_HEADER ? 4 : 0;
    size += parts & PART_DATA ? CD_SECTOR : 0;
    size += parts & PART_EDC_ECC ? 288 : 0;
    if (size == 0)
        atapi_good(a);
    else
        start_read(a, lba, count, parts, size);
}

void atapi_read_cd(struct atapi *a)
{
    start_read_cd(a, get_be32(a->packet + 2), get_be24(a->packet + 6));
}

static bool from_msf(const uint8_t *msf, uint32_t *lba)
{
    uint32_t frames = (msf[0] * 60u + msf[1]) * 75 + msf[2];

    *lba = frames - 150;
    return msf[1] < 60 && msf[2] < 75 && frames >= 150;
}

void atapi_read_cd_msf(struct atapi *a)
{
    uint32_t first, end;

    if (!from_msf(a->packet + 3, &first) || !from_msf(a->packet + 6, &end) || end < first)
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
    else
        start_read_cd(a, first, end - first);
}
