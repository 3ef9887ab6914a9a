// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -kernel for Linux: the boot protocol, handed to the boot ROM in pieces.
#include "machine/linux_boot.h"

#include "base/bits.h"
#include "base/error.h"
#include "base/text.h"
#include "device/nvram/fw_cfg.h"
#include "host/host.h"
#include "machine/boot_rom.h"
#include "machine/pc.h"

/*
 * Linux, Documentation/arch/x86/boot.rst: the first sectors of the file are real-mode setup code
 * with a header at 1F1h, the rest is the protected-mode kernel, loaded at 1 MiB. Where each piece
 * goes:
 *
 *   10000h  setup code, heap and stack up to the command line
 *   20000h  command line
 *   100000h kernel
 *   top     initrd, below what the firmware keeps for its tables
 */
#define SETUP_ADDRESS        0x10000u
#define COMMAND_LINE_ADDRESS 0x20000u
#define KERNEL_ADDRESS       0x100000u
#define FIRMWARE_RESERVE     KIB(256) /* SeaBIOS puts ACPI and SMBIOS tables at the top of low RAM */
#define SECTOR               512u

/* Offsets in the header, with the protocol version that brought each. */
enum {
    HEADER_SETUP_SECTS = 0x1f1,
    HEADER_VID_MODE = 0x1fa,
    HEADER_BOOT_FLAG = 0x1fe,
    HEADER_MAGIC = 0x202,
    HEADER_VERSION = 0x206,
    HEADER_TYPE_OF_LOADER = 0x210,  /* 2.00 */
    HEADER_LOADFLAGS = 0x211,       /* 2.00 */
    HEADER_RAMDISK_IMAGE = 0x218,   /* 2.00 */
    HEADER_RAMDISK_SIZE = 0x21c,    /* 2.00 */
    HEADER_HEAP_END_PTR = 0x224,    /* 2.01 */
    HEADER_CMD_LINE_PTR = 0x228,    /* 2.02 */
    HEADER_INITRD_ADDR_MAX = 0x22c, /* 2.03 */
    HEADER_CMDLINE_SIZE = 0x238,    /* 2.06 */
    HEADER_END = 0x268,
};
#define BOOT_FLAG        0xaa55
#define MAGIC            0x53726448 /* "HdrS" */
#define LOADED_HIGH      0x01
#define CAN_USE_HEAP     0x80
#define LOADER_UNDEFINED 0xff

static bool check_header(const struct pc_blob *kernel, struct error *err)
{
    const uint8_t *header = kernel->data;
    if (kernel->size < HEADER_END || load_le16(header + HEADER_BOOT_FLAG) != BOOT_FLAG ||
        load_le32(header + HEADER_MAGIC) != MAGIC)
        return error_set(err, "-kernel %s: not a Linux kernel (bzImage) or Multiboot kernel",
                         kernel->file);
    if (load_le16(header + HEADER_VERSION) < 0x202 || !(header[HEADER_LOADFLAGS] & LOADED_HIGH))
        return error_set(
            err,
            "-kernel %s: a zImage or a boot protocol before 2.02, which needs Linux 2.4 or later",
            kernel->file);
    return true;
}

/* vga=normal|ext|ask|NUMBER of the command line is for the boot loader (boot.rst, "Special command
 * line options"). */
static uint16_t video_mode(const char *command_line)
{
    const char *at = text_find(command_line, "vga=");
    if (at == NULL || (at != command_line && at[-1] != ' '))
        return 0xffff;
    at += 4;
    if (text_starts(at, "ext"))
        return 0xfffe;
    if (text_starts(at, "ask"))
        return 0xfffd;
    unsigned base = 10, value = 0;
    if (at[0] == '0' && (at[1] | 0x20) == 'x') {
        base = 16;
        at += 2;
    }
    const char *start = at;
    for (;; at++) {
        unsigned digit = *at >= '0' && *at <= '9' ? (unsigned)(*at - '0')
                         : (*at | 0x20) >= 'a' && (*at | 0x20) <= 'f'
                             ? (unsigned)((*at | 0x20) - 'a' + 10)
                             : 16;
        if (digit >= base)
            break;
        value = value * base + digit;
    }
    return at == start ? 0xffff : (uint16_t)value;
}

/* The initrd goes as high as header and RAM allow. False if it would meet the kernel. */
static bool place_initrd(const uint8_t *header, const struct pc_blob *initrd, uint64_t kernel_end,
                         uint64_t low_ram, uint32_t *address)
{
    uint64_t limit = load_le16(header + HEADER_VERSION) >= 0x203
                         ? load_le32(header + HEADER_INITRD_ADDR_MAX)
                         : 0x37ffffff;
    limit = MIN(limit + 1, low_ram > FIRMWARE_RESERVE ? low_ram - FIRMWARE_RESERVE : 0);
    if (initrd->size > limit)
        return false;
    uint64_t at = (limit - initrd->size) & ~UINT64_C(0xfff);
    *address = (uint32_t)at;
    return at >= kernel_end;
}

bool linux_boot_setup(struct fw_cfg *fw, const struct pc_blob *kernel, const struct pc_blob *initrd,
                      const char *command_line, uint64_t low_ram, struct error *err)
{
    if (!check_header(kernel, err))
        return false;
    const uint8_t *header = kernel->data;
    uint32_t sectors = header[HEADER_SETUP_SECTS] ? header[HEADER_SETUP_SECTS] : 4;
    uint32_t setup_size = (sectors + 1) * SECTOR;
    if (kernel->size <= setup_size)
        return error_set(err, "-kernel %s: truncated, the file ends within its setup code",
                         kernel->file);
    uint32_t kernel_size = (uint32_t)(kernel->size - setup_size);
    uint64_t kernel_end = KERNEL_ADDRESS + (uint64_t)kernel_size;
    if (kernel_end > low_ram)
        return error_set(err,
                         "-kernel %s: %u KiB do not fit into the guest's memory; give more with -m",
                         kernel->file, kernel_size >> 10);

    size_t length = text_length(command_line);
    uint32_t longest =
        load_le16(header + HEADER_VERSION) >= 0x206 ? load_le32(header + HEADER_CMDLINE_SIZE) : 255;
    if (length > longest)
        return error_set(err, "-append: %llu characters, and this kernel takes %u",
                         (unsigned long long)length, longest);

    uint32_t initrd_address = 0;
    if (initrd->size && !place_initrd(header, initrd, kernel_end, low_ram, &initrd_address))
        return error_set(err,
                         "-initrd %s: %llu KiB do not fit into the guest's memory beside the "
                         "kernel; give more with -m",
                         initrd->file, (unsigned long long)(initrd->size >> 10));

    uint8_t *setup = host_alloc(setup_size);
    __builtin_memcpy(setup, header, setup_size);
    setup[HEADER_TYPE_OF_LOADER] = LOADER_UNDEFINED;
    setup[HEADER_LOADFLAGS] |= CAN_USE_HEAP;
    store_le16(setup + HEADER_HEAP_END_PTR, COMMAND_LINE_ADDRESS - SETUP_ADDRESS - 0x200);
    store_le16(setup + HEADER_VID_MODE, video_mode(command_line));
    store_le32(setup + HEADER_CMD_LINE_PTR, COMMAND_LINE_ADDRESS);
    store_le32(setup + HEADER_RAMDISK_IMAGE, initrd_address);
    store_le32(setup + HEADER_RAMDISK_SIZE, (uint32_t)initrd->size);

    fw_cfg_set_u32(fw, FW_CFG_SETUP_ADDR, SETUP_ADDRESS);
    fw_cfg_set_u32(fw, FW_CFG_SETUP_SIZE, setup_size);
    fw_cfg_set(fw, FW_CFG_SETUP_DATA, setup, setup_size);
    fw_cfg_set_u32(fw, FW_CFG_CMDLINE_ADDR, COMMAND_LINE_ADDRESS);
    fw_cfg_set_u32(fw, FW_CFG_CMDLINE_SIZE, (uint32_t)length + 1);
    fw_cfg_set(fw, FW_CFG_CMDLINE_DATA, command_line, (uint32_t)length + 1);
    fw_cfg_set_u32(fw, FW_CFG_KERNEL_ADDR, KERNEL_ADDRESS);
    fw_cfg_set_u32(fw, FW_CFG_KERNEL_SIZE, kernel_size);
    fw_cfg_set(fw, FW_CFG_KERNEL_DATA, kernel->data + setup_size, kernel_size);
    fw_cfg_set_u32(fw, FW_CFG_INITRD_ADDR, initrd_address);
    fw_cfg_set_u32(fw, FW_CFG_INITRD_SIZE, (uint32_t)initrd->size);
    fw_cfg_set(fw, FW_CFG_INITRD_DATA, initrd->data, (uint32_t)initrd->size);
    host_free(setup);
    boot_rom_add(fw);
    return true;
}
