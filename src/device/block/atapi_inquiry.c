// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a CD-ROM drive says of itself: INQUIRY, MODE SENSE, GET CONFIGURATION, events, mechanism.
#include "device/block/atapi.h"

#include "base/bits.h"

static void put_padded(uint8_t *out, unsigned size, const char *text)
{
    for (unsigned i = 0; i < size; i++)
        out[i] = *text != '\0' ? (uint8_t)*text++ : ' ';
}

/* SPC-3, 6.4. Vital product data pages are not there. */
void atapi_inquiry(struct atapi *a)
{
    uint8_t *out = a->device.buffer;

    if ((a->packet[1] & 1) || a->packet[2] != 0) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 36);
    out[0] = 0x05; /* CD/DVD */
    out[1] = 0x80; /* removable */
    out[3] = 0x21; /* ATAPI; response data format 1 */
    out[4] = 31;
    put_padded(out + 8, 8, "BMBT");
    put_padded(out + 16, 16, a->model);
    put_padded(out + 32, 4, "1.0");
    atapi_reply(a, 36, get_be16(a->packet + 3));
}

/* MMC-4, 7.4: read errors are corrected and tried five times. */
static unsigned page_error_recovery(const struct atapi *a, uint8_t *out)
{
    (void)a;
    out[0] = 0x01;
    out[1] = 6;
    out[3] = 5;
    return 8;
}

/* MMC-2, 5.5.7: two audio ports at full volume. */
static unsigned page_audio_control(const struct atapi *a, uint8_t *out)
{
    (void)a;
    out[0] = 0x0e;
    out[1] = 14;
    out[2] = 0x04; /* PLAY AUDIO ends at once */
    out[8] = 1;
    out[9] = 0xff;
    out[10] = 2;
    out[11] = 0xff;
    return 16;
}

/* MMC-4, 7.12 */
static unsigned page_capabilities(const struct atapi *a, uint8_t *out)
{
    out[0] = 0x2a;
    out[1] = 20;
    out[2] = 0x0b; /* reads CD-R, CD-RW, DVD-ROM */
    out[4] = 0x70; /* multisession, mode 2 forms 1 and 2 */
    out[6] = 0x29 | (a->locked ? 0x02 : 0); /* tray, eject, lock */
    put_be16(out + 8, 7056);                /* 40 times 176.4 kB/s */
    put_be16(out + 10, 2);
    put_be16(out + 12, IDE_BUFFER_SIZE / 1024);
    put_be16(out + 14, 7056);
    return 22;
}

struct mode_page {
    uint8_t code;
    unsigned (*put)(const struct atapi *a,
                    uint8_t *out); /* returns the page's length; out is zeroed */
};

static const struct mode_page mode_pages[] = {
    {0x01, page_error_recovery},
    {0x0e, page_audio_control},
    {0x2a, page_capabilities},
};

/* Fills the pages asked for after header bytes; returns the whole length, 0 after an error. */
static uint32_t mode_sense(struct atapi *a, uint32_t header)
{
    uint8_t *out = a->device.buffer, control = a->packet[2] >> 6, code = a->packet[2] & 0x3f;
    uint32_t length = header;

    if (control == 3) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_SAVING_NOT_SUPPORTED);
        return 0;
    }
    __builtin_memset(out, 0, 256);
    for (unsigned n = 0; n < ARRAY_SIZE(mode_pages); n++) {
        unsigned size;
        if (code != 0x3f && code != mode_pages[n].code)
            continue;
        size = mode_pages[n].put(a, out + length);
        if (control == 1) /* what can be changed: nothing */
            __builtin_memset(out + length + 2, 0, size - 2);
        length += size;
    }
    if (length == header) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return 0;
    }
    return length;
}

/* MMC-2, table 350: medium types. */
static uint8_t medium_type(const struct atapi *a)
{
    if (a->tray_open)
        return 0x71;
    return a->sectors == 0 ? 0x70 : 0x01;
}

void atapi_mode_sense_6(struct atapi *a)
{
    uint32_t length = mode_sense(a, 4);

    if (length == 0)
        return;
    a->device.buffer[0] = (uint8_t)(length - 1);
    a->device.buffer[1] = medium_type(a);
    atapi_reply(a, length, a->packet[4]);
}

void atapi_mode_sense_10(struct atapi *a)
{
    uint32_t length = mode_sense(a, 8);

    if (length == 0)
        return;
    put_be16(a->device.buffer, length - 2);
    a->device.buffer[2] = medium_type(a);
    atapi_reply(a, length, get_be16(a->packet + 7));
}

/*
 * MMC-4, 5.3: each has a descriptor of 4 bytes and length more; version and "persistent" in flags.
 */
struct feature {
    uint16_t code;
    uint8_t flags, length;
    bool (*current)(const struct atapi *a);
    void (*put)(const struct atapi *a, uint8_t *data); /* NULL: no data; data is zeroed */
};

static bool always(const struct atapi *a)
{
    (void)a;
    return true;
}

static bool with_cd(const struct atapi *a)
{
    return atapi_has_medium(a) && !atapi_is_dvd(a);
}

static bool with_dvd(const struct atapi *a)
{
    return atapi_has_medium(a) && atapi_is_dvd(a);
}

enum { PROFILE_CD_ROM = 0x0008, PROFILE_DVD_ROM = 0x0010 };

static void put_profiles(const struct atapi *a, uint8_t *data)
{
    put_be16(data, PROFILE_DVD_ROM);
    data[2] = with_dvd(a);
    put_be16(data + 4, PROFILE_CD_ROM);
    data[6] = with_cd(a);
}

static void put_core(const struct atapi *a, uint8_t *data)
{
    (void)a;
    put_be32(data, 2); /* ATAPI */
    data[4] = 1;       /* device busy events */
}

static void put_morphing(const struct atapi *a, uint8_t *data)
{
    (void)a;
    data[0] = 0x02; /* operational change events */
}

static void put_removable(const struct atapi *a, uint8_t *data)
{
    (void)a;
    data[0] = 0x29; /* tray, eject, lock */
}

static void put_random_readable(const struct atapi *a, uint8_t *data)
{
    put_be32(data, CD_SECTOR);
    put_be16(data + 4, with_dvd(a) ? 16 : 1);
    data[6] = 1; /* the error recovery page is there */
}

static const struct feature features[] = {
    {0x0000, 0x03, 8, always, put_profiles},
    {0x0001, 0x0b, 8, always, put_core},
    {0x0002, 0x07, 4, always, put_morphing},
    {0x0003, 0x03, 4, always, put_removable},
    {0x0010, 0x00, 8, atapi_has_medium, put_random_readable},
    {0x001d, 0x00, 0, with_cd, NULL},
    {0x001e, 0x08, 4, with_cd, NULL},
    {0x001f, 0x00, 4, with_dvd, NULL},
    {0x0100, 0x03, 0, always, NULL},
};

/* MMC-4, 6.6: all features from the start on, those current, or the one named. */
void atapi_get_configuration(struct atapi *a)
{
    uint8_t *out = a->device.buffer, request = a->packet[1] & 3;
    uint32_t start = get_be16(a->packet + 2), length = 8;

    if (request == 3) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 256);
    for (unsigned n = 0; n < ARRAY_SIZE(features); n++) {
        const struct feature *f = &features[n];
        bool current = f->current(a);
        if (request == 2 ? f->code != start : f->code < start)
            continue;
        if (request == 1 && !current)
            continue;
        put_be16(out + length, f->code);
        out[length + 2] = f->flags | current;
        out[length + 3] = f->length;
        if (f->put != NULL)
            f->put(a, out + length + 4);
        length += 4u + f->length;
    }
    put_be32(out, length - 4);
    put_be16(out + 6, with_dvd(a) ? PROFILE_DVD_ROM : with_cd(a) ? PROFILE_CD_ROM : 0);
    atapi_reply(a, length, get_be16(a->packet + 7));
}

/* MMC-4, 6.7: polled only; the one class of events is that of media (bit 4). */
void atapi_event_status(struct atapi *a)
{
    uint8_t *out = a->device.buffer;
    uint32_t length = 4;

    if (!(a->packet[1] & 1)) {
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_FIELD);
        return;
    }
    __builtin_memset(out, 0, 8);
    out[3] = 0x10;
    if (a->packet[4] & 0x10) {
        length = 8;
        out[2] = 4;
        out[4] = a->media_event;
        out[5] = (atapi_has_medium(a) ? 0x02 : 0) | (a->tray_open ? 0x01 : 0);
        if (get_be16(a->packet + 7) > 4) {
            a->media_event = 0;
            atapi_removal_seen(a);
        }
    } else {
        out[2] = 0x80; /* no event available */
    }
    put_be16(out, length - 2);
    atapi_reply(a, length, get_be16(a->packet + 7));
}

/* MMC-4, 6.11: no changer. */
void atapi_mechanism_status(struct atapi *a)
{
    uint8_t *out = a->device.buffer;

    __builtin_memset(out, 0, 8);
    out[1] = a->tray_open ? 0x10 : 0;
    out[5] = 1;
    atapi_reply(a, 8, get_be16(a->packet + 8));
}
