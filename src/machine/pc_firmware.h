// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the board tells its firmware: CMOS bytes and fw_cfg items.
#ifndef MACHINE_PC_FIRMWARE_H
#define MACHINE_PC_FIRMWARE_H

#include <stdbool.h>

struct error;
struct pc;

/* Fill CMOS and fw_cfg from the configuration. False with a message where the kernel or initrd
 * cannot be used. */
bool pc_firmware_setup(struct pc *pc, struct error *err);

/* The boot order bytes of CMOS, from letters as in -boot order=. Unknown letters are skipped. */
void pc_firmware_set_boot_order(struct pc *pc, const char *letters);

#endif
