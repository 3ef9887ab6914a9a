// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The option ROM that enters a -kernel, offered to the firmware as the first boot entry.
#ifndef MACHINE_BOOT_ROM_H
#define MACHINE_BOOT_ROM_H

struct fw_cfg;

/* Adds the ROM with its checksums filled in, and the boot order that names it. */
void boot_rom_add(struct fw_cfg *fw);

#endif
