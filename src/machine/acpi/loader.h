// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The table loader script: what firmware does with the ACPI blobs.
#ifndef MACHINE_ACPI_LOADER_H
#define MACHINE_ACPI_LOADER_H

#include <stdint.h>

struct fw_cfg;

/*
 * Firmware reads the file etc/table-loader (QEMU docs/specs: "ACPI table loader") and, entry by
 * entry, allocates memory for a fw_cfg file, adds a file's address to a pointer inside another, or
 * fills in a checksum. Entries are 128 bytes, little endian.
 */
#define LOADER_FILE_NAME_SIZE 56
#define LOADER_ENTRY_SIZE     128
#define LOADER_MAX_ENTRIES    40

enum loader_zone { LOADER_ZONE_HIGH = 1, LOADER_ZONE_FSEG = 2 };

struct loader {
    uint8_t entries[LOADER_MAX_ENTRIES][LOADER_ENTRY_SIZE];
    unsigned count;
};

void loader_allocate(struct loader *loader, const char *file, uint32_t alignment,
                     enum loader_zone zone);
/* The pointer of size bytes at offset in file gets the address of target added. */
void loader_add_pointer(struct loader *loader, const char *file, uint32_t offset, uint8_t size,
                        const char *target);
/* The byte at offset makes [start, start + length) add up to 0. */
void loader_add_checksum(struct loader *loader, const char *file, uint32_t offset, uint32_t start,
                         uint32_t length);
void loader_publish(const struct loader *loader, struct fw_cfg *fw);

#endif
