// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A CD-ROM drive's tray: loading, ejecting, locking, and a disc changed by hand.
#include "device/block/atapi.h"

void atapi_measure_medium(struct atapi *a)
{
    struct block_backend *block = a->device.block;

    a->sectors = block != NULL ? (block->size + CD_SECTOR - 1) / CD_SECTOR : 0;
}

/* MMC-4, 6.44: LoEj with Start loads or ejects; without it the disc only spins. */
void atapi_start_stop_unit(struct atapi *a)
{
    bool start = a->packet[4] & 1, load_eject = a->packet[4] & 2;

    if (load_eject && !start && a->locked && atapi_has_medium(a)) {
        atapi_check(a, SENSE_NOT_READY, ASC_REMOVAL_PREVENTED);
        return;
    }
    if (load_eject && a->tray_open == start) {
        a->tray_open = !start;
        if (start && a->sectors != 0) {
            a->attention = ASC_MEDIUM_CHANGED;
            a->media_event = 2;
        } else if (!start) {
            a->media_event = 3;
        }
    }
    atapi_good(a);
}

void atapi_prevent_allow_removal(struct atapi *a)
{
    a->locked = a->packet[4] & 1;
    atapi_good(a);
}

/* The person at the drive, or the monitor, has changed the disc: the tray closes on it. */
void atapi_media_changed(void *opaque)
{
    struct atapi *a = opaque;

    atapi_measure_medium(a);
    a->tray_open = false;
    a->media_event = a->sectors != 0 ? 2 : 3;
    if (a->sectors != 0)
        a->attention = ASC_MEDIUM_CHANGED;
}
