// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SMART of a disk that nothing ever happens to.
#include "device/block/ata_disk.h"

#include "base/bits.h"

/* ATA/ATAPI-6, 8.55: the command's subcommands, in the features register. */
enum {
    SMART_READ_DATA = 0xd0,
    SMART_READ_THRESHOLDS = 0xd1,
    SMART_AUTOSAVE = 0xd2,
    SMART_ENABLE = 0xd8,
    SMART_DISABLE = 0xd9,
    SMART_RETURN_STATUS = 0xda,
};

/* The last byte makes the sum of all 512 zero. */
static void put_checksum(uint8_t *page)
{
    uint8_t sum = 0;

    for (unsigned i = 0; i < 511; i++)
        sum += page[i];
    page[511] = -sum;
}

struct smart_attribute {
    uint8_t id, flags, value, threshold;
};

static const struct smart_attribute smart_attributes[] = {
    {1, 0x03, 100, 6},   /* raw read errors */
    {5, 0x03, 100, 36},  /* reallocated sectors */
    {9, 0x03, 100, 1},   /* power-on hours */
    {12, 0x03, 100, 20}, /* power cycles */
};

static void smart_data(uint8_t *page)
{
    __builtin_memset(page, 0, 512);
    page[0] = 1;
    for (unsigned i = 0; i < ARRAY_SIZE(smart_attributes); i++) {
        uint8_t *entry = page + 2 + 12 * i;
        entry[0] = smart_attributes[i].id;
        entry[1] = smart_attributes[i].flags;
        entry[3] = entry[4] = smart_attributes[i].value;
    }
    page[362] = 0x02; /* off-line collection was never started */
    page[368] = 0x03; /* SMART saves before power-down, supports autosave */
    put_checksum(page);
}

static void smart_thresholds(uint8_t *page)
{
    __builtin_memset(page, 0, 512);
    page[0] = 1;
    for (unsigned i = 0; i < ARRAY_SIZE(smart_attributes); i++) {
        page[2 + 12 * i] = smart_attributes[i].id;
        page[3 + 12 * i] = smart_attributes[i].threshold;
    }
    put_checksum(page);
}

/* The key C24Fh in LBA high and mid; disabled, it answers SMART ENABLE only. */
void ata_command_smart(struct ata_disk *disk, uint8_t command)
{
    struct ide_device *d = &disk->device;
    uint8_t feature = d->feature[0];

    (void)command;
    if (d->lba_mid[0] != 0x4f || d->lba_high[0] != 0xc2 ||
        (!disk->smart && feature != SMART_ENABLE)) {
        ata_refuse(disk);
        return;
    }
    switch (feature) {
    case SMART_READ_DATA:
        smart_data(d->buffer);
        ata_send_page(disk);
        return;
    case SMART_READ_THRESHOLDS:
        smart_thresholds(d->buffer);
        ata_send_page(disk);
        return;
    case SMART_ENABLE:
    case SMART_DISABLE:
        disk->smart = feature == SMART_ENABLE;
        break;
    case SMART_AUTOSAVE:
    case SMART_RETURN_STATUS: /* registers left as they are: no threshold exceeded */
        break;
    default:
        ata_refuse(disk);
        return;
    }
    ide_end(d);
}
