// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The option ROM that enters a -kernel, offered to the firmware as the first boot entry.
#include "machine/boot_rom.h"

#include "base/bits.h"
#include "device/nvram/fw_cfg.h"
#include "host/host.h"
#include "machine/blobs.h"

#define ROM_CHECKSUM 7
#define ROM_PNP_POINTER 0x1a
#define PNP_LENGTH 5 /* in 16-byte units */
#define PNP_CHECKSUM 9

/* Make the bytes add up to 0 modulo 256 (Plug and Play BIOS specification 1.0A, 3.1 and 3.2). */
static void seal(uint8_t *bytes, size_t size, size_t checksum)
{
    uint8_t sum = 0;
    bytes[checksum] = 0;
    for (size_t n = 0; n < size; n++)
        sum += bytes[n];
    bytes[checksum] = (uint8_t)-sum;
}

void boot_rom_add(struct fw_cfg *fw)
{
    static const char order[] = "/rom@genroms/kernel_boot.bin";
    size_t size = (size_t)(kernel_boot_rom_end - kernel_boot_rom);
    uint8_t *rom = host_alloc(size);
    __builtin_memcpy(rom, kernel_boot_rom, size);
    uint8_t *pnp = rom + load_le16(rom + ROM_PNP_POINTER);
    seal(pnp, pnp[PNP_LENGTH] * 16u, PNP_CHECKSUM);
    seal(rom, size, ROM_CHECKSUM);
    bool added = fw_cfg_set_file(fw, "genroms/kernel_boot.bin", rom, (uint32_t)size) &&
                 fw_cfg_set_file(fw, "bootorder", order, sizeof order);
    host_assert(added, "fw_cfg directory is full");
    host_free(rom);
}
