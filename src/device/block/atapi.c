// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A CD-ROM drive: packets, phases, sense data, tray.
#include "device/block/atapi.h"

#include "base/bits.h"
#include "base/log.h"
#include "device/block/ata_disk.h"
#include "device/block/ide.h"
#include "host/host.h"

/* ATA/ATAPI-6, 8.23 and 9.8: the interrupt reason register (sector count). */
enum { REASON_COMMAND = 0x01, REASON_TO_HOST = 0x02 };
enum { FEATURE_DMA = 0x01, FEATURE_OVERLAP = 0x02 };

static struct atapi *atapi_of(struct ide_device *d)
{
    return container_of(d, struct atapi, device);
}

/* Status phase: interrupt reason says command complete. */
void atapi_good(struct atapi *a)
{
    a->device.count[0] = REASON_TO_HOST | REASON_COMMAND;
    ide_end(&a->device);
}

/* 8.23.5: the error register carries the sense key in bits 7-4. */
void atapi_check(struct atapi *a, uint8_t key, uint16_t code)
{
    LOG(a->device.log, BLOCK, "atapi: command %02x: sense key %x code %04x\n", a->packet[0], key,
        code);
    a->sense_key = key;
    a->sense_code = code;
    a->device.count[0] = REASON_TO_HOST | REASON_COMMAND;
    ide_fail(&a->device,
             (uint8_t)(key << 4) |
                 (key == SENSE_ILLEGAL_REQUEST || key == SENSE_ABORTED ? ATA_ERROR_ABRT : 0),
             0);
}

static void burst_done(struct ide_device *d);

/* One DRQ burst, no longer than the host's byte count limit; odd bursts only at the very end. */
static void send_burst(struct atapi *a)
{
    struct ide_device *d = &a->device;
    uint32_t length = a->data_end - a->data;

    if (length > a->byte_limit)
        length = a->byte_limit & ~UINT32_C(1);
    d->lba_mid[0] = (uint8_t)length;
    d->lba_high[0] = (uint8_t)(length >> 8);
    d->count[0] = REASON_TO_HOST;
    ide_pio(d, a->data, length, true, true, burst_done);
    a->data += length;
}

static void chunk_sent(struct ide_device *d)
{
    struct atapi *a = atapi_of(d);

    if (a->left != 0)
        atapi_next_chunk(a);
    else
        atapi_good(a);
}

static void burst_done(struct ide_device *d)
{
    struct atapi *a = atapi_of(d);

    if (a->data < a->data_end)
        send_burst(a);
    else
        chunk_sent(d);
}

void atapi_send_chunk(struct atapi *a, uint32_t length)
{
    a->data = 0;
    a->data_end = length;
    if (a->dma) {
        a->device.count[0] = REASON_TO_HOST;
        ide_dma(&a->device, length, true, chunk_sent);
    } else {
        send_burst(a);
    }
}

void atapi_reply(struct atapi *a, uint32_t length, uint32_t allocation)
{
    length = MIN(length, allocation);
    a->left = 0;
    if (length == 0)
        atapi_good(a);
    else
        atapi_send_chunk(a, length);
}

static void test_unit_ready(struct atapi *a)
{
    atapi_good(a);
}

/* SPC-3, 6.27: fixed format; reading it clears it. A pending unit attention is reported here too if
 * nothing else is. */
static void request_sense(struct atapi *a)
{
    uint8_t *out = a->device.buffer;

    if (a->sense_key == SENSE_NONE && a->attention != 0) {
        a->sense_key = SENSE_UNIT_ATTENTION;
        a->sense_code = a->attention;
        a->attention = 0;
    }
    __builtin_memset(out, 0, 18);
    out[0] = 0x70;
    out[2] = a->sense_key;
    out[7] = 10;
    put_be16(out + 12, a->sense_code);
    a->sense_key = SENSE_NONE;
    a->sense_code = 0;
    atapi_reply(a, 18, a->packet[4]);
}

static void seek_10(struct atapi *a)
{
    if (get_be32(a->packet + 2) >= a->sectors)
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_LBA_OUT_OF_RANGE);
    else
        atapi_good(a);
}

static void nothing_to_do(struct atapi *a)
{
    atapi_good(a);
}

enum { IGNORES_ATTENTION = 1, NEEDS_MEDIUM = 2, NO_DATA = 4 };

struct packet_command {
    uint8_t code, flags;
    void (*run)(struct atapi *a);
};

/* MMC-4, chapter 6, and SPC-3, chapter 6. */
static const struct packet_command packet_commands[] = {
    {0x00, NEEDS_MEDIUM | NO_DATA, test_unit_ready},
    {0x03, IGNORES_ATTENTION, request_sense},
    {0x12, IGNORES_ATTENTION, atapi_inquiry},
    {0x1a, 0, atapi_mode_sense_6},
    {0x1b, NO_DATA, atapi_start_stop_unit},
    {0x1e, NO_DATA, atapi_prevent_allow_removal},
    {0x25, NEEDS_MEDIUM, atapi_read_capacity},
    {0x28, NEEDS_MEDIUM, atapi_read_10},
    {0x2b, NEEDS_MEDIUM | NO_DATA, seek_10},
    {0x35, NO_DATA, nothing_to_do}, /* SYNCHRONIZE CACHE: nothing was written */
    {0x42, NEEDS_MEDIUM, atapi_read_sub_channel},
    {0x43, NEEDS_MEDIUM, atapi_read_toc},
    {0x44, NEEDS_MEDIUM, atapi_read_header},
    {0x46, IGNORES_ATTENTION, atapi_get_configuration},
    {0x4a, IGNORES_ATTENTION, atapi_event_status},
    {0x51, NEEDS_MEDIUM, atapi_read_disc_information},
    {0x52, NEEDS_MEDIUM, atapi_read_track_information},
    {0x5a, 0, atapi_mode_sense_10},
    {0xa8, NEEDS_MEDIUM, atapi_read_12},
    {0xad, NEEDS_MEDIUM, atapi_read_dvd_structure},
    {0xb9, NEEDS_MEDIUM, atapi_read_cd_msf},
    {0xbb, NO_DATA, nothing_to_do}, /* SET CD SPEED: the image has one */
    {0xbd, 0, atapi_mechanism_status},
    {0xbe, NEEDS_MEDIUM, atapi_read_cd},
};

static const struct packet_command *find_packet_command(uint8_t code)
{
    for (unsigned n = 0; n < ARRAY_SIZE(packet_commands); n++) {
        if (packet_commands[n].code == code)
            return &packet_commands[n];
    }
    return NULL;
}

static void run_packet(struct ide_device *d)
{
    struct atapi *a = atapi_of(d);
    const struct packet_command *c;

    a->packet_phase = false;
    __builtin_memcpy(a->packet, d->buffer, sizeof a->packet);
    d->status = ATA_BSY;
    a->left = 0;
    LOG(d->log, BLOCK,
        "atapi: packet %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x %02x limit %u%s\n",
        a->packet[0], a->packet[1], a->packet[2], a->packet[3], a->packet[4], a->packet[5],
        a->packet[6], a->packet[7], a->packet[8], a->packet[9], a->packet[10], a->packet[11],
        a->byte_limit, a->dma ? " dma" : "");
    c = find_packet_command(a->packet[0]);
    if (a->attention != 0 && (c == NULL || !(c->flags & IGNORES_ATTENTION))) {
        uint16_t code = a->attention;
        a->attention = 0;
        atapi_check(a, SENSE_UNIT_ATTENTION, code);
        return;
    }
    if (a->packet[0] != 0x03) {
        a->sense_key = SENSE_NONE;
        a->sense_code = 0;
    }
    if (c == NULL) {
        LOG(d->log, UNIMP, "atapi: packet command %02x\n", a->packet[0]);
        atapi_check(a, SENSE_ILLEGAL_REQUEST, ASC_INVALID_OPCODE);
    } else if ((c->flags & NEEDS_MEDIUM) && !atapi_has_medium(a)) {
        atapi_not_ready(a);
    } else if (!(c->flags & NO_DATA) && !a->dma && a->byte_limit == 0) {
        d->count[0] =
            REASON_TO_HOST | REASON_COMMAND; /* 8.23.4: a data command with no room for data */
        ide_fail(d, ATA_ERROR_ABRT, 0);
    } else {
        c->run(a);
    }
}

/*
 * 9.8, HP0-HP2: the packet is asked for by DRQ without an interrupt (word 0 of IDENTIFY says so).
 */
static void command_packet(struct atapi *a)
{
    struct ide_device *d = &a->device;

    if (d->feature[0] & FEATURE_OVERLAP) {
        ide_fail(d, ATA_ERROR_ABRT, 0);
        return;
    }
    a->dma = d->feature[0] & FEATURE_DMA;
    a->byte_limit = d->lba_mid[0] | (uint32_t)d->lba_high[0] << 8;
    if (a->byte_limit == 0xffff)
        a->byte_limit = 0xfffe;
    if (a->byte_limit == 1)
        a->byte_limit = 2;
    d->count[0] = REASON_COMMAND;
    a->packet_phase = true;
    ide_pio(d, 0, ATAPI_PACKET_SIZE, false, false, run_packet);
}

static void identify_done(struct ide_device *d)
{
    d->status = ATA_DRDY | ATA_DSC;
}

static void command_set_features(struct atapi *a)
{
    struct ide_device *d = &a->device;

    switch (d->feature[0]) {
    case 0x03:
        a->transfer_mode = d->count[0];
        ide_end(d);
        break;
    case 0x66: case 0xcc: case 0x95: case 0x31:
        ide_end(d);
        break;
    default:
        ide_fail(d, ATA_ERROR_ABRT, 0);
        break;
    }
}

static void command(struct ide_device *d, uint8_t code)
{
    struct atapi *a = atapi_of(d);

    a->packet_phase = false;
    switch (code) {
    case 0xa0:
        command_packet(a);
        break;
    case 0xa1:
        atapi_identify(d, a->serial, a->model, a->transfer_mode);
        a->data = a->data_end = 0;
        a->left = 0;
        ide_pio(d, 0, 512, true, true, identify_done);
        break;
    case 0xef:
        command_set_features(a);
        break;
    case 0xe5: case 0x98: /* CHECK POWER MODE: active */
        d->count[0] = 0xff;
        ide_end(d);
        break;
    case 0xe0: case 0xe1: case 0xe2: case 0xe3: case 0xe6: case 0xe7:
        ide_end(d);
        break;
    case 0xec: case 0x20: /* 8.15.5.2, 8.27.5.2: aborted, and the signature tells what this is */
        ide_set_signature(d);
        ide_fail(d, ATA_ERROR_ABRT, 0);
        break;
    default:
        ide_fail(d, ATA_ERROR_ABRT, 0);
        break;
    }
}

/* A hard reset takes back the lock and what the host has set; it does not move the tray. */
static void reset(struct ide_device *d, enum ide_reset kind)
{
    struct atapi *a = atapi_of(d);

    a->packet_phase = false;
    a->left = 0;
    if (kind != IDE_RESET_POWER_ON)
        return;
    a->locked = false;
    a->removal_unseen = false;
    a->transfer_mode = 0;
    a->sense_key = SENSE_NONE;
    a->sense_code = 0;
    a->attention = ASC_POWER_ON;
    a->media_event = 0;
    atapi_measure_medium(a);
}

static void state(struct ide_device *d, struct state *s)
{
    struct atapi *a = atapi_of(d);

    state_section(s, "atapi", 2);
    state_u8(s, &a->transfer_mode);
    state_bool(s, &a->tray_open);
    state_bool(s, &a->locked);
    state_bool(s, &a->removal_unseen);
    state_u16(s, &a->attention);
    state_u8(s, &a->media_event);
    state_u8(s, &a->sense_key);
    state_u16(s, &a->sense_code);
    state_bytes(s, a->packet, sizeof a->packet);
    state_bool(s, &a->dma);
    state_bool(s, &a->packet_phase);
    state_u32(s, &a->byte_limit);
    state_u32(s, &a->data);
    state_u32(s, &a->data_end);
    state_u64(s, &a->lba);
    state_u32(s, &a->left);
    state_u32(s, &a->sector_size);
    state_u8(s, &a->raw_parts);
    if (a->data > a->data_end || a->data_end > IDE_BUFFER_SIZE || a->sector_size > CD_RAW_SECTOR ||
        a->byte_limit > 0xffff || a->lba > UINT32_MAX) {
        ide_state_refuse(d, s);
        a->data = a->data_end = a->left = 0;
        a->lba = 0;
    }
    if (a->packet_phase)
        d->done = run_packet;
    else if (d->transfer == IDE_TRANSFER_DMA)
        d->done = chunk_sent;
    else if (a->data_end == 0)
        d->done = identify_done;
    else
        d->done = burst_done;
}

static void destroy(struct ide_device *d)
{
    if (d->block != NULL) {
        d->block->media_changed = NULL;
        d->block->opaque = NULL;
    }
    ide_device_release(d);
    host_free(atapi_of(d));
}

/* 9.12: after reset a packet device shows DRDY clear until its first command. */
static const struct ide_device_ops atapi_ops = {
    .packet = true,
    .idle_status = 0,
    .command = command,
    .reset = reset,
    .state = state,
    .destroy = destroy,
};

struct ide_device *atapi_create(const struct ide_drive *drive, unsigned position,
                                const struct log *log)
{
    struct atapi *a = host_alloc(sizeof *a);

    ide_device_init(&a->device, &atapi_ops, drive->block, log);
    if (drive->serial != NULL)
        ata_copy_text(a->serial, sizeof a->serial, drive->serial);
    else
        ata_default_serial(a->serial, position);
    ata_copy_text(a->model, sizeof a->model, drive->model != NULL ? drive->model : "BMBT DVD-ROM");
    if (drive->block != NULL) {
        drive->block->media_changed = atapi_media_changed;
        drive->block->opaque = a;
    }
    return &a->device;
}
