// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// ACPI tables for the firmware to place: FADT, FACS, MADT, HPET, WAET, DSDT, RSDT.
#ifndef MACHINE_ACPI_ACPI_H
#define MACHINE_ACPI_ACPI_H

#include <stdbool.h>
#include <stdint.h>

struct fw_cfg;

struct acpi_config {
    uint64_t low_ram; /* bytes of RAM below 4 GiB */
    bool serial[4];   /* which ports exist */
    bool parallel[3];
};

/* Adds etc/acpi/tables, etc/acpi/rsdp and etc/table-loader. */
void acpi_tables_build(struct fw_cfg *fw, const struct acpi_config *config);

#endif
