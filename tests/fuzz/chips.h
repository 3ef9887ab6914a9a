// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What fuzz_chips does to the board beyond single accesses: commands of disks, and what comes from outside.
#ifndef TESTS_FUZZ_CHIPS_H
#define TESTS_FUZZ_CHIPS_H

#include "control/session.h"
#include "fuzz.h"

/* All under the device lock. */

/* PCI functions get addresses and are switched on, as firmware leaves them. */
void chips_set_up(struct session *s);
/* Where chips_set_up() puts them. */
enum {
    PM_PORTS = 0xb000,
    SMBUS_PORTS = 0xb100,
    BUS_MASTER_PORTS = 0xc000,
    VGA_FRAME_BUFFER = 0xfd000000,
    VGA_MMIO = 0xfebf0000,
};

/* A command of an ATA disk or ATAPI drive, with its packet, its data and perhaps a bus master. */
void chips_command_disk(struct session *s, struct input *in);
/* What lies in flight in the disks arrives. */
void chips_settle(struct session *s);

/* Keys, mouse, bytes and breaks at a serial port, another medium, the power button; the picture is drawn. */
void chips_reach_from_outside(struct session *s, struct input *in);

#endif
