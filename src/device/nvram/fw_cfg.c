// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// fw_cfg: selector, data port and DMA over a table of items.
#include "device/nvram/fw_cfg.h"

#include "base/bits.h"
#include "base/state.h"
#include "base/text.h"
#include "host/host.h"

#define FILE_SLOTS           48
#define FILE_NAME_SIZE       56
#define DIRECTORY_ENTRY_SIZE 64
#define KEY_ARCH_LOCAL       0x8000
#define KEY_MASK             0x3fff
#define LOW_KEYS             (FW_CFG_FILE_FIRST + FILE_SLOTS)
#define ARCH_KEYS            8

/* DMA control bits. */
#define DMA_ERROR  0x01
#define DMA_READ   0x02
#define DMA_SKIP   0x04
#define DMA_SELECT 0x08
#define DMA_WRITE  0x10

#define ID_TRADITIONAL 0x1
#define ID_DMA         0x2

struct item {
    uint8_t *data;
    uint32_t size;
};

struct fw_cfg {
    struct memory *memory;
    const struct log *log;
    struct item items[LOW_KEYS];
    struct item arch_items[ARCH_KEYS];
    char names[FILE_SLOTS][FILE_NAME_SIZE];
    unsigned files;
    uint16_t selected;
    uint32_t offset;
    uint64_t dma_address;
    struct region *ports, *dma;
};

static struct item *find_item(struct fw_cfg *fw, uint16_t key)
{
    unsigned index = key & KEY_MASK;
    if (key & KEY_ARCH_LOCAL)
        return index < ARCH_KEYS ? &fw->arch_items[index] : NULL;
    return index < LOW_KEYS ? &fw->items[index] : NULL;
}

static void store_be32(uint8_t *p, uint32_t v)
{
    store_le32(p, __builtin_bswap32(v));
}

/* The directory is big endian: count, then size, key, reserved and name of each file. */
static void build_directory(struct fw_cfg *fw)
{
    uint32_t size = 4 + fw->files * DIRECTORY_ENTRY_SIZE;
    uint8_t *data = host_alloc(size);
    store_be32(data, fw->files);
    for (unsigned n = 0; n < fw->files; n++) {
        uint8_t *entry = data + 4 + n * DIRECTORY_ENTRY_SIZE;
        store_be32(entry, fw->items[FW_CFG_FILE_FIRST + n].size);
        entry[4] = 0;
        entry[5] = (uint8_t)(FW_CFG_FILE_FIRST + n);
        __builtin_memcpy(entry + 8, fw->names[n], FILE_NAME_SIZE);
    }
    host_free(fw->items[FW_CFG_FILE_DIR].data);
    fw->items[FW_CFG_FILE_DIR] = (struct item){ data, size };
}

void fw_cfg_set(struct fw_cfg *fw, uint16_t key, const void *data, uint32_t size)
{
    struct item *item = find_item(fw, key);
    host_assert(item != NULL, "fw_cfg key out of range");
    host_free(item->data);
    item->data = host_alloc(size ? size : 1);
    item->size = size;
    if (size)
        __builtin_memcpy(item->data, data, size);
}

void fw_cfg_set_u16(struct fw_cfg *fw, uint16_t key, uint16_t value)
{
    uint8_t bytes[2];
    store_le16(bytes, value);
    fw_cfg_set(fw, key, bytes, sizeof bytes);
}

void fw_cfg_set_u32(struct fw_cfg *fw, uint16_t key, uint32_t value)
{
    uint8_t bytes[4];
    store_le32(bytes, value);
    fw_cfg_set(fw, key, bytes, sizeof bytes);
}

void fw_cfg_set_u64(struct fw_cfg *fw, uint16_t key, uint64_t value)
{
    uint8_t bytes[8];
    store_le64(bytes, value);
    fw_cfg_set(fw, key, bytes, sizeof bytes);
}

bool fw_cfg_set_file(struct fw_cfg *fw, const char *name, const void *data, uint32_t size)
{
    unsigned slot = 0;
    while (slot < fw->files && !text_equal(fw->names[slot], name))
        slot++;
    if (slot == FILE_SLOTS || text_length(name) >= FILE_NAME_SIZE)
        return false;
    if (slot == fw->files) {
        __builtin_memcpy(fw->names[slot], name, text_length(name) + 1);
        fw->files++;
    }
    fw_cfg_set(fw, (uint16_t)(FW_CFG_FILE_FIRST + slot), data, size);
    build_directory(fw);
    return true;
}

static void select_item(struct fw_cfg *fw, uint16_t key)
{
    fw->selected = key;
    fw->offset = 0;
    LOG(fw->log, NVRAM, "fw_cfg: select %04x\n", key);
}

static uint8_t next_byte(struct fw_cfg *fw)
{
    const struct item *item = find_item(fw, fw->selected);
    if (item == NULL || fw->offset >= item->size)
        return 0;
    return item->data[fw->offset++];
}

/* Bytes beyond an item's end, and of an absent item, read as zero. */
static bool dma_read(struct fw_cfg *fw, uint64_t address, uint32_t length)
{
    const struct item *item = find_item(fw, fw->selected);
    uint32_t left = item != NULL && fw->offset < item->size ? item->size - fw->offset : 0;
    uint32_t part = MIN(left, length);
    bool good = true;
    if (part) {
        good = memory_write_bytes(fw->memory, SPACE_MEMORY, address, item->data + fw->offset, part);
        fw->offset += part;
    }
    static const uint8_t zeros[256];
    for (uint32_t done = part; good && done < length;) {
        uint32_t piece = MIN(length - done, (uint32_t)sizeof zeros);
        good = memory_write_bytes(fw->memory, SPACE_MEMORY, address + done, zeros, piece);
        done += piece;
    }
    return good;
}

static void run_dma(struct fw_cfg *fw)
{
    uint64_t at = fw->dma_address;
    uint8_t descriptor[16];
    fw->dma_address = 0;
    if (!memory_read_bytes(fw->memory, SPACE_MEMORY, at, descriptor, sizeof descriptor)) {
        LOG(fw->log, GUEST_ERRORS, "fw_cfg: DMA descriptor at %#llx is not in memory\n",
            (unsigned long long)at);
        return;
    }
    uint32_t control = __builtin_bswap32(load_le32(descriptor));
    uint32_t length = __builtin_bswap32(load_le32(descriptor + 4));
    uint64_t address = __builtin_bswap64(load_le64(descriptor + 8));
    uint32_t result = 0;

    if (control & DMA_SELECT)
        select_item(fw, (uint16_t)(control >> 16));
    if (control & DMA_READ) {
        if (!dma_read(fw, address, length))
            result = DMA_ERROR;
    } else if (control & DMA_WRITE) {
        result = DMA_ERROR; /* no item is writable */
    } else if (control & DMA_SKIP) {
        const struct item *item = find_item(fw, fw->selected);
        uint32_t left = item != NULL && fw->offset < item->size ? item->size - fw->offset : 0;
        fw->offset += MIN(left, length);
    }
    uint8_t answer[4];
    store_be32(answer, result);
    memory_write_bytes(fw->memory, SPACE_MEMORY, at, answer, sizeof answer);
}

static bool port_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    if (offset == 0) { /* the selector is write-only */
        *value = 0;
        return size == 2;
    }
    *value = next_byte(opaque);
    return true;
}

static bool port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct fw_cfg *fw = opaque;
    if (offset == 0 && size == 2)
        select_item(fw, (uint16_t)value);
    return size == 2 || offset == 1; /* writes to the data port are ignored */
}

static bool dma_port_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque;
    static const uint8_t signature[8] = "QEMU CFG";
    *value = load_le(signature + offset, size);
    return true;
}

/* The address register is big endian; its low half starts the transfer. */
static bool dma_port_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct fw_cfg *fw = opaque;
    if (size == 4 && offset == 0) {
        fw->dma_address = (uint64_t)__builtin_bswap32((uint32_t)value) << 32;
        return true;
    }
    if (size == 4 && offset == 4) {
        fw->dma_address |= __builtin_bswap32((uint32_t)value);
        run_dma(fw);
        return true;
    }
    if (size == 8 && offset == 0) {
        fw->dma_address = __builtin_bswap64(value);
        run_dma(fw);
        return true;
    }
    return false;
}

static const struct region_desc port_desc = {
    .name = "fwcfg", .size = 2, .min_size = 1, .max_size = 2, .read = port_read, .write = port_write
};
static const struct region_desc dma_desc = { .name = "fwcfg.dma",
                                             .size = 8,
                                             .min_size = 1,
                                             .max_size = 8,
                                             .read = dma_port_read,
                                             .write = dma_port_write };

struct fw_cfg *fw_cfg_create(struct memory *memory, const struct log *log, uint16_t base)
{
    struct fw_cfg *fw = host_alloc(sizeof *fw);
    fw->memory = memory;
    fw->log = log;
    fw->ports = region_map_io(memory, 1u << SPACE_PORTS, &port_desc, fw, base, 0);
    fw->dma = region_map_io(memory, 1u << SPACE_PORTS, &dma_desc, fw, base + 4u, 0);
    fw_cfg_set(fw, FW_CFG_SIGNATURE, "QEMU", 4);
    fw_cfg_set_u32(fw, FW_CFG_ID, ID_TRADITIONAL | ID_DMA);
    build_directory(fw);
    return fw;
}

void fw_cfg_destroy(struct fw_cfg *fw)
{
    if (fw == NULL)
        return;
    region_unmap(fw->ports);
    region_unmap(fw->dma);
    for (unsigned n = 0; n < LOW_KEYS; n++)
        host_free(fw->items[n].data);
    for (unsigned n = 0; n < ARCH_KEYS; n++)
        host_free(fw->arch_items[n].data);
    host_free(fw);
}

void fw_cfg_reset(struct fw_cfg *fw)
{
    fw->selected = 0;
    fw->offset = 0;
    fw->dma_address = 0;
}

void fw_cfg_state(struct fw_cfg *fw, struct state *s)
{
    state_section(s, "fw_cfg", 1);
    state_u16(s, &fw->selected);
    state_u32(s, &fw->offset);
    state_u64(s, &fw->dma_address);
}
