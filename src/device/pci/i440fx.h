// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 82441FX host bridge: RAM, PAM, SMRAM and the BIOS in the memory map.
#ifndef DEVICE_PCI_I440FX_H
#define DEVICE_PCI_I440FX_H

#include <stdint.h>

#include "device/pci/pci.h"
#include "memory/memory.h"

/*
 * Function 8086:1237 at 00:0.0. It owns the map of RAM and of the BIOS: RAM below 0xA0000, RAM from
 * 1 MiB up to i440fx_low_ram(), the rest from 4 GiB on; 0xC0000-0xFFFFF as the PAM registers
 * (59h-5Fh) say; RAM at 0xA0000-0xBFFFF as SMRAM (72h) says, above what the display maps there (its
 * priority must stay below I440FX_SMRAM_PRIORITY); the BIOS image at the top of 4 GiB, its last 128
 * KiB (all, if it is smaller) below 1 MiB.
 */
#define I440FX_PAM_PRIORITY 1
#define I440FX_SMRAM_PRIORITY 16

struct i440fx;

/* ram holds at least 1 MiB, bios is a multiple of 4 KiB of at most 16 MiB; both outlive the chip.
 * The state is that after reset. */
struct i440fx *i440fx_create(struct pci_bus *bus, struct memory *memory, const struct log *log,
                             struct ram_block *ram, struct ram_block *bios);
void i440fx_destroy(struct i440fx *chip);
/* Power-on reset; also unlocks SMRAM. */
void i440fx_reset(struct i440fx *chip);
/* PAM, for a board whose bridge stays powered in S3 and takes its values back after the reset. */
struct i440fx_shadow {
    uint8_t pam[7];
};
struct i440fx_shadow i440fx_shadow(const struct i440fx *chip);
void i440fx_set_shadow(struct i440fx *chip, const struct i440fx_shadow *shadow);
void i440fx_state(struct i440fx *chip, struct state *s);

/* How much of ram_size lies below 4 GiB: all that fits below 0xE0000000; of more, 3 GiB. */
uint64_t i440fx_low_ram(uint64_t ram_size);

#endif
