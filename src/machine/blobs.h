// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Products of firmware/ that are part of the program.
#ifndef MACHINE_BLOBS_H
#define MACHINE_BLOBS_H

#include <stdint.h>

extern const uint8_t kernel_boot_rom[], kernel_boot_rom_end[];
extern const uint8_t dsdt_aml[], dsdt_aml_end[];

#endif
