// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The VGA's memory at A0000h-BFFFFh: planes, latches and write modes.
#include "device/display/vga_internal.h"

/* Where each setting of the graphics controller's memory map select puts the window (Misc bits
 * 2-3). */
static const struct {
    uint32_t start, size;
} windows[4] = {
    { 0x00000, 0x20000 }, { 0x00000, 0x10000 }, { 0x10000, 0x08000 }, { 0x18000, 0x08000 }
};

#define UNMAPPED UINT32_MAX

/* Offset in A0000h-BFFFFh to address in the window, with the VBE bank added. */
static uint32_t window_address(const struct vga *vga, uint64_t offset)
{
    unsigned map = vga->graphics[GFX_MISC] >> 2 & 3;
    if (!(vga->misc & MISC_RAM_ENABLE) || offset - windows[map].start >= windows[map].size)
        return UNMAPPED;
    return (uint32_t)(offset - windows[map].start) + vga->vbe_bank_offset;
}

static bool chain_4(const struct vga *vga)
{
    return vga->sequencer[SEQ_MEMORY_MODE] & SEQ_MEMORY_CHAIN_4;
}

static bool odd_even(const struct vga *vga)
{
    return !(vga->sequencer[SEQ_MEMORY_MODE] & SEQ_MEMORY_NO_ODD_EVEN);
}

static uint8_t read_planes(struct vga *vga, uint32_t address)
{
    const uint8_t *bytes = vga->vram->host + (uint64_t)address * 4;
    __builtin_memcpy(vga->latch, bytes, 4);
    if (!(vga->graphics[GFX_MODE] & GFX_MODE_READ_COMPARE))
        return vga->latch[vga->graphics[GFX_READ_MAP] & 3];
    /* Read mode 1: a bit is set where the cared-for planes show the compare colour. */
    uint8_t differ = 0;
    for (unsigned p = 0; p < 4; p++)
        if (bit(vga->graphics[GFX_COLOR_DONT_CARE], p))
            differ |= vga->latch[p] ^ (bit(vga->graphics[GFX_COLOR_COMPARE], p) ? 0xff : 0);
    return (uint8_t)~differ;
}

static uint8_t read_byte(struct vga *vga, uint64_t offset)
{
    uint32_t address = window_address(vga, offset);
    if (address == UNMAPPED)
        return 0xff;
    uint32_t planes = vga->vram_size / 4;
    if (chain_4(vga)) {
        if (address >= vga->vram_size)
            return 0xff;
        __builtin_memcpy(vga->latch, vga->vram->host + (address & ~3u), 4);
        return vga->vram->host[address];
    }
    if (vga->graphics[GFX_MODE] & GFX_MODE_ODD_EVEN) {
        unsigned plane = (vga->graphics[GFX_READ_MAP] & 2) | (address & 1);
        address >>= 1;
        if (address >= planes)
            return 0xff;
        __builtin_memcpy(vga->latch, vga->vram->host + (uint64_t)address * 4, 4);
        return vga->latch[plane];
    }
    return address < planes ? read_planes(vga, address) : 0xff;
}

static uint8_t rotate_right(uint8_t v, unsigned count)
{
    return (uint8_t)(v >> count | v << (8 - count));
}

/* The logical unit: CPU data against the latch (Data Rotate bits 3-4). */
static uint8_t combine(const struct vga *vga, uint8_t data, uint8_t latch)
{
    switch (vga->graphics[GFX_DATA_ROTATE] >> 3 & 3) {
    case 1: return data & latch;
    case 2: return data | latch;
    case 3: return data ^ latch;
    default: return data;
    }
}

/* What write modes 0 to 3 put into plane p. */
static uint8_t plane_data(const struct vga *vga, unsigned p, uint8_t value)
{
    const uint8_t *g = vga->graphics;
    uint8_t mask = g[GFX_BIT_MASK], latch = vga->latch[p], data;
    uint8_t set = bit(g[GFX_SET_RESET], p) ? 0xff : 0;
    uint8_t rotated = rotate_right(value, g[GFX_DATA_ROTATE] & 7);
    switch (g[GFX_MODE] & GFX_MODE_WRITE) {
    case 0: data = combine(vga, bit(g[GFX_ENABLE_SET_RESET], p) ? set : rotated, latch); break;
    case 1: return latch;
    case 2: data = combine(vga, bit(value, p) ? 0xff : 0, latch); break;
    default:
        mask &= rotated;
        data = combine(vga, set, latch);
        break;
    }
    return (data & mask) | (latch & ~mask);
}

static void write_planes(struct vga *vga, uint32_t address, uint8_t planes, uint8_t value)
{
    uint8_t *bytes = vga->vram->host + (uint64_t)address * 4;
    for (unsigned p = 0; p < 4; p++)
        if (bit(planes, p))
            bytes[p] = plane_data(vga, p, value);
    ram_written(vga->vram, (uint64_t)address * 4, 4);
}

static void write_byte(struct vga *vga, uint64_t offset, uint8_t value)
{
    uint32_t address = window_address(vga, offset);
    uint8_t mask = vga->sequencer[SEQ_MAP_MASK];
    if (address == UNMAPPED)
        return;
    if (chain_4(vga)) {
        if (address >= vga->vram_size || !bit(mask, address & 3))
            return;
        vga->vram->host[address] = value;
        ram_written(vga->vram, address, 1);
        return;
    }
    if (odd_even(vga)) {
        mask &= address & 1 ? 0x0a : 0x05;
        address >>= 1;
    }
    if (address < vga->vram_size / 4)
        write_planes(vga, address, mask, value);
}

static bool memory_window_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)size;
    *value = read_byte(opaque, offset);
    return true;
}

static bool memory_window_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)size;
    write_byte(opaque, offset, (uint8_t)value);
    return true;
}

const struct region_desc vga_memory_desc = { .name = "vga-lowmem",
                                             .size = 0x20000,
                                             .min_size = 1,
                                             .max_size = 1,
                                             .read = memory_window_read,
                                             .write = memory_window_write };
