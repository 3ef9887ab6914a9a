// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A CD-ROM drive's own state, shared by its packet commands.
#ifndef DEVICE_BLOCK_ATAPI_H
#define DEVICE_BLOCK_ATAPI_H

#include "device/block/ide_device.h"

#define CD_SECTOR 2048
#define CD_RAW_SECTOR 2352
#define ATAPI_PACKET_SIZE 12
/* What a 80-minute CD holds; a larger image is a DVD. */
#define CD_MAX_SECTORS (80u * 60 * 75)

/* SPC-3, 4.5.6: sense keys. */
enum {
    SENSE_NONE = 0,
    SENSE_NOT_READY = 2,
    SENSE_MEDIUM_ERROR = 3,
    SENSE_ILLEGAL_REQUEST = 5,
    SENSE_UNIT_ATTENTION = 6,
    SENSE_ABORTED = 11
};
/* Additional sense code and qualifier. */
enum {
    ASC_LUN_NOT_READY = 0x0400,
    ASC_READ_ERROR = 0x1100,
    ASC_INVALID_OPCODE = 0x2000,
    ASC_LBA_OUT_OF_RANGE = 0x2100,
    ASC_INVALID_FIELD = 0x2400,
    ASC_MEDIUM_CHANGED = 0x2800,
    ASC_POWER_ON = 0x2900,
    ASC_INCOMPATIBLE_FORMAT = 0x3002,
    ASC_SAVING_NOT_SUPPORTED = 0x3900,
    ASC_NO_MEDIUM = 0x3a00,
    ASC_NO_MEDIUM_TRAY_OPEN = 0x3a02,
    ASC_REMOVAL_PREVENTED = 0x5302,
    ASC_ILLEGAL_MODE = 0x6400,
};

struct atapi {
    struct ide_device device;
    char serial[21], model[41];
    uint8_t transfer_mode;

    uint64_t sectors; /* of the medium; 0: none */
    bool tray_open, locked;
    bool removal_unseen; /* a disc was taken out by hand, and the host still believes in it */
    uint16_t attention; /* the unit attention to report next; 0: none */
    uint8_t media_event; /* GET EVENT STATUS: 0 none, 1 eject asked for, 2 new medium, 3 medium
                            taken out */
    uint8_t sense_key;
    uint16_t sense_code;

    /* The packet command under way. */
    uint8_t packet[ATAPI_PACKET_SIZE];
    bool dma;
    bool packet_phase;       /* the transfer under way is that of the packet itself */
    uint32_t byte_limit;     /* of a PIO burst */
    uint32_t data, data_end; /* what of the buffer is still to go to the host */
    uint64_t lba;            /* of the next chunk */
    uint32_t left;           /* sectors from there on */
    uint32_t chunk;          /* sectors in the buffer */
    uint32_t sector_size;    /* as the host gets them */
    uint8_t raw_parts;       /* READ CD: bits 7-3 of its byte 9 */
};

static inline bool atapi_has_medium(const struct atapi *a)
{
    return a->sectors != 0 && !a->tray_open && !a->removal_unseen;
}
static inline bool atapi_is_dvd(const struct atapi *a)
{
    return a->sectors > CD_MAX_SECTORS;
}

/* End the command: GOOD, or CHECK CONDITION with this sense. */
void atapi_good(struct atapi *a);
void atapi_check(struct atapi *a, uint8_t key, uint16_t code);
/* Send length bytes of the buffer, at most allocation, then end with GOOD. */
void atapi_reply(struct atapi *a, uint32_t length, uint32_t allocation);
/* Send all of the buffer's first length bytes; then go on to the next chunk or end. */
void atapi_send_chunk(struct atapi *a, uint32_t length);
/* atapi_tray.c */
void atapi_start_stop_unit(struct atapi *a);
void atapi_prevent_allow_removal(struct atapi *a);
/* The command wanted a medium and there is none. */
void atapi_not_ready(struct atapi *a);
/* The host knows now that there was no medium: what lies there meanwhile is a new one. */
void atapi_removal_seen(struct atapi *a);
/* Look how much the medium holds. */
void atapi_measure_medium(struct atapi *a);
/* The back end's media_changed; opaque is the drive. */
void atapi_media_changed(void *opaque);

/* atapi_read.c */
void atapi_read_10(struct atapi *a);
void atapi_read_12(struct atapi *a);
void atapi_read_cd(struct atapi *a);
void atapi_read_cd_msf(struct atapi *a);
void atapi_next_chunk(struct atapi *a);
/* minute, second, frame of a sector: 150 frames lie before sector 0. */
void atapi_put_msf(uint8_t *out, uint32_t lba);

/* atapi_inquiry.c: what the drive is. */
void atapi_inquiry(struct atapi *a);
void atapi_mode_sense_6(struct atapi *a);
void atapi_mode_sense_10(struct atapi *a);
void atapi_get_configuration(struct atapi *a);
void atapi_event_status(struct atapi *a);
void atapi_mechanism_status(struct atapi *a);

/* atapi_medium.c: what lies in it. */
void atapi_read_capacity(struct atapi *a);
void atapi_read_toc(struct atapi *a);
void atapi_read_header(struct atapi *a);
void atapi_read_sub_channel(struct atapi *a);
void atapi_read_disc_information(struct atapi *a);
void atapi_read_track_information(struct atapi *a);
void atapi_read_dvd_structure(struct atapi *a);

/* SCSI fields are big endian. */
static inline void put_be16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}
static inline void put_be32(uint8_t *p, uint32_t v)
{
    put_be16(p, v >> 16);
    put_be16(p + 2, v);
}
static inline uint32_t get_be16(const uint8_t *p)
{
    return (uint32_t)p[0] << 8 | p[1];
}
static inline uint32_t get_be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | get_be16(p + 1);
}
static inline uint32_t get_be32(const uint8_t *p)
{
    return get_be16(p) << 16 | get_be16(p + 2);
}

#endif
