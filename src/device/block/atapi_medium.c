// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a CD-ROM drive says of its disc: capacity, table of contents, disc, track and DVD
// information.
#include "device/block/atapi.h"

#include "base/bits.h"

/* An image is one session with one data track from sector 0. ADR 1 (position), control 4 (data
 * track). */
#define TRACK 1
#define LEAD_OUT 0xaa
#define ADR_CONTROL 0x14

void atapi_read_capacity(struct atapi *a)
{
    uint8_t *out = a->device.buffer;

    put_be32(out, (uint32_t)(a->sectors - 1));
    put_be32(out + 4, CD_SECTOR);
    atapi_reply(a, 8, 8);
}

static void put_address(uint8_t *out, uint32_t lba, bool msf)
{
    if (!msf) {
        put_be32(out, lba);
        return;
    }
    out[0] = 0;
    atapi_put_msf(out + 1, lba);
}

static uint8_t *put_track(uint8_t *out, uint8_t track, uint32_t lba, bool msf)
{
    out[1] = ADR_CONTROL;
    out[2] = track;
    put_address(out + 4, lba, msf);
    return out + 8;
}

/* Raw TOC entries of session 1: point, then what its three P bytes say. */
static uint8_t *put_point(uint8_t *out, uint8_t point, const uint8_t p[3])
{
    out[0] = 1;
    out[1] = ADR_CONTROL;
    out[3] = point;
    __builtin_memcpy(out + 8, p, 3);
    return out + 11;
}

static uint8_t *put_raw_toc(const struct atapi *a, uint8_t *out)
{
    const uint8_t first_and_last[3] = {TRACK, 0, 0};
    uint8_t msf[3];

    out = put_point(out, 0xa0, first_and_last);
    out = put_point(out, 0xa1, first_and_last);
    atapi_put_msf(msf, (uint32_t)a->sectors);
    out = put_point(out, 0xa2, msf);
    atapi_put_msf(msf, 0);
    return put_point(out, TRACK, msf);
}

/* MMC-4, 6.30: formats 0 (tracks), 1 (sessions), 2 (raw). Old drivers give the format in bits 7-6
 * of the control byte. */
void atapi_read_toc(struct atapi *a)
{
    uint8_t *out = a->device.buffer, *p = out + 4;
    uint8_t format = a->packet[2] & 15, start = a->packet[6];
    bool msf = a->packet[1] & 2;

    if (format == 0)
        format = a->packet[9] >> 6;
    if (format > 2 || (format == 0 && start > TRACK && start != LEAD_OUT)) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 64);
    out[2] = out[3] = 1;
    if (format == 2) {
        p = put_raw_toc(a, p);
    } else {
        if (format == 1 || start <= TRACK)
            p = put_track(p, TRACK, 0, msf);
        if (format == 0)
            p = put_track(p, LEAD_OUT, (uint32_t)a->sectors, msf);
    }
    put_be16(out, (uint32_t)(p - out) - 2);
    atapi_reply(a, (uint32_t)(p - out), get_be16(a->packet + 7));
}

/* MMC-2, 6.1.15 */
void atapi_read_header(struct atapi *a)
{
    uint8_t *out = a->device.buffer;
    uint32_t lba = get_be32(a->packet + 2);

    if (lba >= a->sectors) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
        return;
    }
    __builtin_memset(out, 0, 8);
    out[0] = 1; /* mode 1 */
    put_address(out + 4, lba, a->packet[1] & 2);
    atapi_reply(a, 8, get_be16(a->packet + 7));
}

/* MMC-4, 6.29: no audio plays; there is no catalogue number and no ISRC. */
void atapi_read_sub_channel(struct atapi *a)
{
    static const uint8_t lengths[4] = {0, 12, 20, 20};
    uint8_t *out = a->device.buffer, format = a->packet[3];
    uint32_t length = 4;

    if ((a->packet[2] & 0x40) && (format == 0 || format > 3)) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 32);
    out[1] = 0x15; /* no current audio status */
    if (a->packet[2] & 0x40) {
        length += lengths[format];
        out[4] = format;
        out[5] = ADR_CONTROL;
        out[6] = format == 1 ? TRACK : 0;
        out[7] = format == 1 ? 1 : 0;
        if (format == 1) {
            put_address(out + 8, 0, a->packet[1] & 2);
            put_address(out + 12, 0, a->packet[1] & 2);
        }
    }
    put_be16(out + 2, length - 4);
    atapi_reply(a, length, get_be16(a->packet + 7));
}

/* MMC-4, 6.25: a finished disc of one session. */
void atapi_read_disc_information(struct atapi *a)
{
    uint8_t *out = a->device.buffer;

    if ((a->packet[1] & 7) != 0) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 34);
    put_be16(out, 32);
    out[2] = 0x0e; /* last session complete, disc complete */
    out[3] = out[4] = out[5] = out[6] = 1;
    out[7] = 0x20; /* unrestricted use */
    __builtin_memset(out + 16, 0xff, 8); /* no more lead-in and lead-out */
    atapi_reply(a, 34, get_be16(a->packet + 7));
}

/* MMC-4, 6.31: by address, track or session; there is one of each. */
void atapi_read_track_information(struct atapi *a)
{
    uint8_t *out = a->device.buffer, type = a->packet[1] & 3;
    uint32_t number = get_be32(a->packet + 2);

    if (type == 3 || (type == 0 && number >= a->sectors) || (type != 0 && number != TRACK)) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 36);
    put_be16(out, 34);
    out[2] = out[3] = 1;
    out[5] = 4; /* data, uninterrupted */
    out[6] = 1; /* mode 1 */
    put_be32(out + 24, (uint32_t)a->sectors);
    atapi_reply(a, 36, get_be16(a->packet + 7));
}

/* MMC-4, table 398: a single-layer, read-only 120 mm disc; data from physical sector 30000h. */
static uint32_t put_dvd_physical(const struct atapi *a, uint8_t *out)
{
    uint32_t last = 0x30000 + (uint32_t)a->sectors - 1;

    out[4] = 0x01; /* DVD-ROM, version 1 */
    out[5] = 0x0f; /* 120 mm, no rate given */
    out[6] = 0x01; /* one layer, embossed */
    put_be32(out + 8, 0x30000);
    put_be32(out + 12, last);
    return 4 + 2048;
}

static uint32_t put_dvd_list(uint8_t *out)
{
    static const uint8_t entries[4][4] = {
        {0x00, 0x40, 0x08, 0x04},
        {0x01, 0x40, 0x00, 0x08},
        {0x04, 0x40, 0x08, 0x04},
        {0xff, 0x40, 0x00, 0x14},
    };

    __builtin_memcpy(out + 4, entries, sizeof entries);
    return 4 + sizeof entries;
}

/* MMC-4, 6.26: physical format, copyright (none), manufacturer (none), and the list of these. */
void atapi_read_dvd_structure(struct atapi *a)
{
    uint8_t *out = a->device.buffer, layer = a->packet[6], format = a->packet[7];
    uint32_t length;

    if (!atapi_is_dvd(a) && format != 0xff) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INCOMPATIBLE_FORMAT);
        return;
    }
    __builtin_memset(out, 0, 4 + 2048);
    switch (format) {
    case 0x00: length = put_dvd_physical(a, out); break;
    case 0x01: length = 8; break;
    case 0x04: length = 4 + 2048; break;
    case 0xff: length = put_dvd_list(out); break;
    default: length = 0; break;
    }
    if (length == 0 || layer != 0 || (a->packet[1] & 15) != 0) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    put_be16(out, length - 2);
    atapi_reply(a, length, get_be16(a->packet + 8));
}
