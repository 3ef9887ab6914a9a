// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SMBIOS tables for the firmware to place.
#ifndef MACHINE_SMBIOS_H
#define MACHINE_SMBIOS_H

#include <stdint.h>

struct cpu_model;
struct fw_cfg;

struct smbios_config {
    uint64_t ram_size;
    const uint8_t *uuid; /* 16 bytes, in RFC 4122 order */
    const struct cpu_model *cpu;
};

/* Adds etc/smbios/smbios-anchor and etc/smbios/smbios-tables (DMTF DSP0134 2.8). */
void smbios_tables_build(struct fw_cfg *fw, const struct smbios_config *config);

#endif
