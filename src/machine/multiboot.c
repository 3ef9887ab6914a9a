// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -kernel for Multiboot kernels: image, modules and information structure for the boot ROM.
#include "machine/multiboot.h"

#include "base/bits.h"
#include "base/error.h"
#include "base/text.h"
#include "device/nvram/fw_cfg.h"
#include "host/host.h"
#include "machine/boot_rom.h"
#include "machine/pc.h"

/*
 * Multiboot specification 0.6.96. Where things go:
 *
 *   as linked    the kernel
 *   behind it    modules, page aligned, from 1 MiB up
 *   from 9000h   where the kernel leaves room: information structure, module list, strings; then
 *                a page for the memory map and one for the stack of the ROM (firmware/kernel_boot.S)
 */
#define INFORMATION_LOWEST 0x9000u
#define INFORMATION_ROOM   0x3000u
#define INFORMATION_SIZE   0x1000u
#define CONVENTIONAL_END   0x90000u /* the BIOS has its own data above */
#define MODULES_LOWEST     MIB(1)
#define HEADER_SEARCH      8192
#define MAGIC              0x1badb002u
#define FLAG_PAGE_ALIGN    (1u << 0)
#define FLAG_MEMORY        (1u << 1)
#define FLAG_VIDEO         (1u << 2)
#define FLAG_ADDRESSES     (1u << 16)
#define FLAGS_KNOWN        (FLAG_PAGE_ALIGN | FLAG_MEMORY | FLAG_VIDEO | FLAG_ADDRESSES)
#define FLAGS_MANDATORY    0xffffu
#define FIRMWARE_RESERVE   KIB(256)

enum { /* information structure */
       MBI_FLAGS = 0,
       MBI_CMDLINE = 16,
       MBI_MODS_COUNT = 20,
       MBI_MODS_ADDR = 24,
       MBI_BOOT_LOADER_NAME = 64,
       MBI_SIZE = 120,
       MODULE_SIZE = 16,
};
#define MBI_HAS_CMDLINE     (1u << 2)
#define MBI_HAS_MODS        (1u << 3)
#define MBI_HAS_LOADER_NAME (1u << 9)

struct image {
    uint8_t *data; /* as it shall lie in memory from address on */
    uint64_t address, size;
    uint32_t entry;
};

/* Offset of the header in the file; -1: none. */
static long find_header(const struct pc_blob *kernel)
{
    for (size_t at = 0; at + 12 <= MIN(kernel->size, (size_t)HEADER_SEARCH); at += 4) {
        const uint8_t *h = kernel->data + at;
        if (load_le32(h) == MAGIC && load_le32(h) + load_le32(h + 4) + load_le32(h + 8) == 0)
            return (long)at;
    }
    return -1;
}

bool multiboot_recognise(const struct pc_blob *kernel)
{
    return find_header(kernel) >= 0;
}

static bool does_not_fit(const struct pc_blob *blob, struct error *err)
{
    return error_set(err, "%s: does not fit into the guest's memory; give more with -m",
                     blob->file);
}

/* 3.1.3: the header itself says what to load where. */
static bool load_by_addresses(const struct pc_blob *kernel, size_t at, uint64_t limit,
                              struct image *image, struct error *err)
{
    const uint8_t *h = kernel->data + at;
    if (at + 32 > kernel->size)
        return error_set(err, "-kernel %s: truncated Multiboot header", kernel->file);
    uint32_t header_addr = load_le32(h + 12), load_addr = load_le32(h + 16),
             load_end = load_le32(h + 20), bss_end = load_le32(h + 24);
    if (load_addr > header_addr || header_addr - load_addr > at)
        return error_set(err, "-kernel %s: Multiboot header with impossible load addresses",
                         kernel->file);
    size_t offset = at - (header_addr - load_addr);
    uint64_t size = load_end ? (uint64_t)load_end - load_addr : kernel->size - offset;
    if ((load_end && load_end < load_addr) || size > kernel->size - offset)
        return error_set(err, "-kernel %s: truncated, the file ends within its load image",
                         kernel->file);
    image->address = load_addr;
    image->size = bss_end > load_addr + size ? bss_end - load_addr : size;
    image->entry = load_le32(h + 28);
    if (image->address + image->size > limit)
        return does_not_fit(kernel, err);
    image->data = host_alloc(image->size + 1);
    __builtin_memcpy(image->data, kernel->data + offset, size);
    return true;
}

/* One program header of an ELF32 file: true if it is to be loaded. */
struct segment_header {
    uint32_t offset, address, file_size, memory_size;
};
static bool elf_segment(const uint8_t *elf, unsigned n, struct segment_header *s)
{
    const uint8_t *p = elf + load_le32(elf + 28) + (size_t)n * load_le16(elf + 42);
    *s = (struct segment_header){ load_le32(p + 4), load_le32(p + 12), load_le32(p + 16),
                                  load_le32(p + 20) };
    return load_le32(p) == 1 && s->memory_size != 0;
}

static bool check_elf(const struct pc_blob *kernel, struct error *err)
{
    const uint8_t *e = kernel->data;
    if (kernel->size < 52 || load_le32(e) != 0x464c457f)
        return error_set(
            err, "-kernel %s: Multiboot kernel that is neither ELF nor says where to load it",
            kernel->file);
    if (e[4] != 1 || e[5] != 1 || load_le16(e + 18) != 3)
        return error_set(err,
                         "-kernel %s: not an ELF file for i386; a 64-bit kernel needs a 32-bit "
                         "loader of its own",
                         kernel->file);
    uint64_t end = load_le32(e + 28) + (uint64_t)load_le16(e + 42) * load_le16(e + 44);
    if (load_le16(e + 42) < 32 || end > kernel->size)
        return error_set(err, "-kernel %s: truncated ELF program headers", kernel->file);
    return true;
}

static bool load_elf(const struct pc_blob *kernel, uint64_t limit, struct image *image,
                     struct error *err)
{
    if (!check_elf(kernel, err))
        return false;
    const uint8_t *e = kernel->data;
    unsigned count = load_le16(e + 44);
    uint64_t low = UINT64_MAX, high = 0;
    struct segment_header s;
    for (unsigned n = 0; n < count; n++) {
        if (!elf_segment(e, n, &s))
            continue;
        if ((uint64_t)s.offset + s.file_size > kernel->size || s.file_size > s.memory_size)
            return error_set(err, "-kernel %s: truncated, the file ends within a segment",
                             kernel->file);
        low = MIN(low, (uint64_t)s.address);
        high = MAX(high, (uint64_t)s.address + s.memory_size);
    }
    if (high == 0)
        return error_set(err, "-kernel %s: ELF file with nothing to load", kernel->file);
    if (high > limit)
        return does_not_fit(kernel, err);
    image->address = low;
    image->size = high - low;
    image->entry = load_le32(e + 24);
    image->data = host_alloc(image->size);
    for (unsigned n = 0; n < count; n++) {
        if (!elf_segment(e, n, &s))
            continue;
        __builtin_memcpy(image->data + (s.address - low), e + s.offset, s.file_size);
        /* Some kernels give the entry as a virtual address; the physical one is what can be jumped
         * to. */
        uint32_t virtual = load_le32(e + load_le32(e + 28) + (size_t)n * load_le16(e + 42) + 8);
        uint32_t entry = load_le32(e + 24);
        if (virtual != s.address && entry >= virtual && entry - virtual < s.memory_size)
            image->entry = entry - virtual + s.address;
    }
    return true;
}

struct information {
    uint8_t bytes[INFORMATION_SIZE];
    uint32_t address, used;
    bool full;
};

/* Append bytes; their guest address. */
static uint32_t append(struct information *info, const void *data, size_t size)
{
    if (size > INFORMATION_SIZE - info->used) {
        info->full = true;
        return 0;
    }
    uint32_t at = info->used;
    __builtin_memcpy(info->bytes + at, data, size);
    info->used += (uint32_t)size;
    return info->address + at;
}

static uint64_t page_up(uint64_t v)
{
    return (v + PAGE_SIZE - 1) & ~(uint64_t)(PAGE_SIZE - 1);
}

/* Modules behind the kernel, and the list of them in the information structure. */
static bool add_modules(struct fw_cfg *fw, struct information *info,
                        const struct pc_module *modules, unsigned count, uint64_t start,
                        uint64_t limit, struct error *err)
{
    uint64_t size = 0;
    for (unsigned n = 0; n < count; n++) {
        size = page_up(size) + modules[n].blob.size;
        if (start + size > limit)
            return does_not_fit(&modules[n].blob, err);
    }
    if (count == 0)
        return true;
    uint8_t *data = host_alloc(size + 1);
    uint32_t list = info->used;
    if ((uint64_t)count * MODULE_SIZE > INFORMATION_SIZE - list) {
        info->full = true;
        count = 0;
    }
    info->used += count * MODULE_SIZE;
    uint64_t at = 0;
    for (unsigned n = 0; n < count; n++) {
        at = page_up(at);
        __builtin_memcpy(data + at, modules[n].blob.data, modules[n].blob.size);
        uint8_t *entry = info->bytes + list + n * MODULE_SIZE;
        store_le32(entry, (uint32_t)(start + at));
        store_le32(entry + 4, (uint32_t)(start + at + modules[n].blob.size));
        store_le32(entry + 8, append(info, modules[n].text, text_length(modules[n].text) + 1));
        at += modules[n].blob.size;
    }
    store_le32(info->bytes + MBI_MODS_COUNT, count);
    store_le32(info->bytes + MBI_MODS_ADDR, info->address + list);
    fw_cfg_set_u32(fw, FW_CFG_INITRD_ADDR, (uint32_t)start);
    fw_cfg_set_u32(fw, FW_CFG_INITRD_SIZE, (uint32_t)size);
    fw_cfg_set(fw, FW_CFG_INITRD_DATA, data, (uint32_t)size);
    host_free(data);
    return true;
}

/* 3.3: the command line begins with the kernel's name. */
static void add_strings(struct information *info, const struct pc_blob *kernel,
                        const char *command_line)
{
    uint32_t line = append(info, kernel->file, text_length(kernel->file));
    append(info, " ", 1);
    append(info, command_line, text_length(command_line) + 1);
    store_le32(info->bytes + MBI_CMDLINE, line);
    store_le32(info->bytes + MBI_BOOT_LOADER_NAME, append(info, "bmbt", 5));
}

/* 3.2, EBX: the information lies anywhere but in the memory of the kernel; 0: there is no room. */
static uint32_t information_address(const struct image *image)
{
    uint64_t at = INFORMATION_LOWEST;
    if (image->address < at + INFORMATION_ROOM && at < image->address + image->size)
        at = page_up(image->address + image->size);
    return at + INFORMATION_ROOM <= CONVENTIONAL_END ? (uint32_t)at : 0;
}

bool multiboot_setup(struct fw_cfg *fw, const struct pc_blob *kernel,
                     const struct pc_module *modules, unsigned count, const char *command_line,
                     uint64_t low_ram, struct error *err)
{
    long at = find_header(kernel);
    host_assert(at >= 0, "multiboot_setup without a Multiboot header");
    uint32_t flags = load_le32(kernel->data + at + 4);
    if (flags & FLAGS_MANDATORY & ~FLAGS_KNOWN)
        return error_set(err, "-kernel %s: wants Multiboot features %#x that bmbt does not have",
                         kernel->file, flags & FLAGS_MANDATORY & ~FLAGS_KNOWN);
    uint64_t limit = low_ram > FIRMWARE_RESERVE ? low_ram - FIRMWARE_RESERVE : 0;
    struct image image = { 0 };
    if (!(flags & FLAG_ADDRESSES ? load_by_addresses(kernel, (size_t)at, limit, &image, err)
                                 : load_elf(kernel, limit, &image, err)))
        return false;

    struct information *info = host_alloc(sizeof *info);
    info->address = information_address(&image);
    info->used = MBI_SIZE;
    store_le32(info->bytes + MBI_FLAGS, MBI_HAS_CMDLINE | MBI_HAS_MODS | MBI_HAS_LOADER_NAME);
    uint64_t behind = MAX(page_up(image.address + image.size), MODULES_LOWEST);
    bool good = add_modules(fw, info, modules, count, behind, limit, err);
    add_strings(info, kernel, command_line);
    if (good && info->address == 0)
        good =
            error_set(err, "-kernel %s: leaves no room for the Multiboot information below 576 KiB",
                      kernel->file);
    if (good && info->full)
        good = error_set(
            err, "-append, -initrd: the texts are longer than the %u bytes there are for them",
            INFORMATION_SIZE);
    if (good) {
        fw_cfg_set_u32(fw, FW_CFG_KERNEL_ADDR, (uint32_t)image.address);
        fw_cfg_set_u32(fw, FW_CFG_KERNEL_SIZE, (uint32_t)image.size);
        fw_cfg_set(fw, FW_CFG_KERNEL_DATA, image.data, (uint32_t)image.size);
        fw_cfg_set_u32(fw, FW_CFG_KERNEL_ENTRY, image.entry);
        fw_cfg_set_u32(fw, FW_CFG_SETUP_ADDR, info->address);
        fw_cfg_set_u32(fw, FW_CFG_SETUP_SIZE, info->used);
        fw_cfg_set(fw, FW_CFG_SETUP_DATA, info->bytes, info->used);
        boot_rom_add(fw);
    }
    host_free(info);
    host_free(image.data);
    return good;
}
