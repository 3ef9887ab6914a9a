// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// fw_cfg: the named blobs that firmware and boot ROMs read from the machine.
#ifndef DEVICE_NVRAM_FW_CFG_H
#define DEVICE_NVRAM_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>

#include "memory/memory.h"

/*
 * The device is specified with QEMU (docs/specs/fw_cfg): selector port, data port, and a DMA
 * interface whose address register is big endian. Items are numbered; those from FW_CFG_FILE_FIRST
 * on are found by name in a directory.
 */
enum fw_cfg_key {
    FW_CFG_SIGNATURE = 0x00,
    FW_CFG_ID = 0x01,
    FW_CFG_UUID = 0x02,
    FW_CFG_RAM_SIZE = 0x03,
    FW_CFG_NOGRAPHIC = 0x04,
    FW_CFG_NB_CPUS = 0x05,
    FW_CFG_KERNEL_ADDR = 0x07,
    FW_CFG_KERNEL_SIZE = 0x08,
    FW_CFG_INITRD_ADDR = 0x0a,
    FW_CFG_INITRD_SIZE = 0x0b,
    FW_CFG_BOOT_MENU = 0x0e,
    FW_CFG_MAX_CPUS = 0x0f,
    FW_CFG_KERNEL_ENTRY = 0x10,
    FW_CFG_KERNEL_DATA = 0x11,
    FW_CFG_INITRD_DATA = 0x12,
    FW_CFG_CMDLINE_ADDR = 0x13,
    FW_CFG_CMDLINE_SIZE = 0x14,
    FW_CFG_CMDLINE_DATA = 0x15,
    FW_CFG_SETUP_ADDR = 0x16,
    FW_CFG_SETUP_SIZE = 0x17,
    FW_CFG_SETUP_DATA = 0x18,
    FW_CFG_FILE_DIR = 0x19,
    FW_CFG_FILE_FIRST = 0x20,
    FW_CFG_IRQ0_OVERRIDE = 0x8002,
    FW_CFG_HPET = 0x8004,
};

struct fw_cfg;

/* Ports base (selector, 16 bits), base + 1 (data) and base + 4 (DMA address, 64 bits). */
struct fw_cfg *fw_cfg_create(struct memory *memory, const struct log *log, uint16_t base);
void fw_cfg_destroy(struct fw_cfg *fw);
void fw_cfg_reset(struct fw_cfg *fw);
struct state;
void fw_cfg_state(struct fw_cfg *fw, struct state *s);

/* Add or replace an item; data is copied. */
void fw_cfg_set(struct fw_cfg *fw, uint16_t key, const void *data, uint32_t size);
void fw_cfg_set_u16(struct fw_cfg *fw, uint16_t key, uint16_t value);
void fw_cfg_set_u32(struct fw_cfg *fw, uint16_t key, uint32_t value);
void fw_cfg_set_u64(struct fw_cfg *fw, uint16_t key, uint64_t value);
/* Add or replace a named file (at most 55 bytes of name). False when the directory is full. */
bool fw_cfg_set_file(struct fw_cfg *fw, const char *name, const void *data, uint32_t size);

#endif
