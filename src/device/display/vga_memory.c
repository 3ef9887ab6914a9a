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

/* Banks of a VBE mode in chained planes are plain memory, as is its frame buffer. */
static bool vbe_packed(const struct vga *vga)
{
    return vga_vbe_enabled(vga) && chain_4(vga);
}

/* Read mode 1: a bit is set where the cared-for planes show the compare colour. */
static uint8_t compare(const struct vga *vga)
{
    uint8_t differ = 0;
    for (unsigned p = 0; p < 4; p++)
        if (bit(vga->graphics[GFX_COLOR_DONT_CARE], p))
            differ |= vga->latch[p] ^ (bit(vga->graphics[GFX_COLOR_COMPARE], p) ? 0xff : 0);
    return (uint8_t)~differ;
}

/* Chain 4 and odd/even take the plane from the address; a read loads all latches anyway, and read
 * mode 1 sees all of them. */
static uint8_t read_byte(struct vga *vga, uint64_t offset)
{
    uint32_t address = window_address(vga, offset);
    unsigned plane = vga->graphics[GFX_READ_MAP] & 3;
    if (address == UNMAPPED)
        return 0xff;
    if (chain_4(vga)) {
        plane = address & 3;
        address >>= 2;
    } else if (vga->graphics[GFX_MODE] & GFX_MODE_ODD_EVEN) {
        plane = (plane & 2) | (address & 1);
        address >>= 1;
    }
    if (address >= vga->vram_size / 4)
        return 0xff;
    __builtin_memcpy(vga->latch, vga->vram->host + (uint64_t)address * 4, 4);
    if (vga->graphics[GFX_MODE] & GFX_MODE_READ_COMPARE && !vbe_packed(vga))
        return compare(vga);
    return vga->latch[plane];
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

/* In chain 4 the two lowest address bits choose the map; all that the graphics controller does to a
 * byte it does there, too. Mostly that is nothing. */
static bool stores_plainly(const struct vga *vga)
{
    const uint8_t *g = vga->graphics;
    bool changes = g[GFX_ENABLE_SET_RESET] | g[GFX_DATA_ROTATE] | (g[GFX_MODE] & GFX_MODE_WRITE);
    return (!changes && g[GFX_BIT_MASK] == 0xff) || vbe_packed(vga);
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
        if (stores_plainly(vga)) {
            vga->vram->host[address] = value;
            ram_written(vga->vram, address, 1);
        } else {
            write_planes(vga, address >> 2, (uint8_t)(1u << (address & 3)), value);
        }
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
