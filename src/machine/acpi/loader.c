// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The table loader script: what firmware does with the ACPI blobs.
#include "machine/acpi/loader.h"

#include "base/bits.h"
#include "base/text.h"
#include "device/nvram/fw_cfg.h"
#include "host/host.h"

enum { COMMAND_ALLOCATE = 1, COMMAND_ADD_POINTER = 2, COMMAND_ADD_CHECKSUM = 3 };

static uint8_t *new_entry(struct loader *loader, uint32_t command)
{
    host_assert(loader->count < LOADER_MAX_ENTRIES, "table loader script is full");
    uint8_t *entry = loader->entries[loader->count++];
    store_le32(entry, command);
    return entry;
}

static void put_name(uint8_t *at, const char *name)
{
    __builtin_memcpy(at, name, text_length(name) + 1);
}

void loader_allocate(struct loader *loader, const char *file, uint32_t alignment,
                     enum loader_zone zone)
{
    uint8_t *entry = new_entry(loader, COMMAND_ALLOCATE);
    put_name(entry + 4, file);
    store_le32(entry + 60, alignment);
    entry[64] = (uint8_t)zone;
}

void loader_add_pointer(struct loader *loader, const char *file, uint32_t offset, uint8_t size,
                        const char *target)
{
    uint8_t *entry = new_entry(loader, COMMAND_ADD_POINTER);
    put_name(entry + 4, file);
    put_name(entry + 60, target);
    store_le32(entry + 116, offset);
    entry[120] = size;
}

void loader_add_checksum(struct loader *loader, const char *file, uint32_t offset, uint32_t start,
                         uint32_t length)
{
    uint8_t *entry = new_entry(loader, COMMAND_ADD_CHECKSUM);
    put_name(entry + 4, file);
    store_le32(entry + 60, offset);
    store_le32(entry + 64, start);
    store_le32(entry + 68, length);
}

void loader_publish(const struct loader *loader, struct fw_cfg *fw)
{
    fw_cfg_set_file(fw, "etc/table-loader", loader->entries, loader->count * LOADER_ENTRY_SIZE);
}
