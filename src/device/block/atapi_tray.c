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
        a->removal_unseen = false;
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

/*
 * A disc changed by hand takes seconds, in which a driver sees an empty drive; one changed by the
 * monitor takes none. Some drivers (Windows XP's) go on with the old disc's contents when they have
 * found no drive without one, whatever unit attention says. So the new disc stays hidden until the
 * host has been told once that the old one is gone, by a command that fails or by an event.
 */
void atapi_removal_seen(struct atapi *a)
{
    if (!a->removal_unseen)
        return;
    a->removal_unseen = false;
    if (a->sectors != 0) {
        a->attention = ASC_MEDIUM_CHANGED;
        a->media_event = 2;
    }
}

void atapi_not_ready(struct atapi *a)
{
    atapi_check(a, SENSE_NOT_READY, a->tray_open ? ASC_NO_MEDIUM_TRAY_OPEN : ASC_NO_MEDIUM);
    atapi_removal_seen(a);
}

/* The person at the drive, or the monitor, has changed the disc: the tray closes on it. A host that
 * is still to hear of power-on or of a change knows no disc that it could miss. */
void atapi_media_changed(void *opaque)
{
    struct atapi *a = opaque;

    if (atapi_has_medium(a) && a->attention == 0)
        a->removal_unseen = true;
    atapi_measure_medium(a);
    a->tray_open = false;
    a->media_event = atapi_has_medium(a) ? 2 : 3;
    if (atapi_has_medium(a))
        a->attention = ASC_MEDIUM_CHANGED;
}
