// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The Bochs VBE display interface: modes of any size in a linear frame buffer.
#include "device/display/vga_internal.h"

#define VBE_ID_NEWEST 0xb0c5
#define VBE_ID_OLDEST 0xb0c0
#define VBE_MAX_XRES  16000
#define VBE_MAX_YRES  12000
#define VBE_MAX_BPP   32
#define BANK_SIZE     0x10000u

static unsigned bytes_per_line(const struct vga *vga, unsigned pixels)
{
    unsigned bpp = vga->vbe[VBE_BPP];
    return bpp == 4 ? pixels / 2 : pixels * ((bpp + 7) / 8);
}

static unsigned pixels_per_line(const struct vga *vga, uint32_t bytes)
{
    unsigned bpp = vga->vbe[VBE_BPP];
    return bpp == 4 ? bytes * 2 : bytes / ((bpp + 7) / 8);
}

static bool known_depth(unsigned bpp)
{
    return bpp == 4 || bpp == 8 || bpp == 15 || bpp == 16 || bpp == 24 || bpp == 32;
}

/* Virtual width, height and offsets, within what the memory holds. */
static void update_geometry(struct vga *vga)
{
    uint16_t *vbe = vga->vbe;
    vbe[VBE_VIRT_WIDTH] = MAX(vbe[VBE_VIRT_WIDTH], vbe[VBE_XRES]);
    vga->vbe_line = bytes_per_line(vga, vbe[VBE_VIRT_WIDTH]);
    if (vga->vbe_line == 0 || (uint64_t)vga->vbe_line * vbe[VBE_YRES] > vga->vram_size) {
        vbe[VBE_VIRT_WIDTH] = vbe[VBE_XRES];
        vga->vbe_line = bytes_per_line(vga, vbe[VBE_XRES]);
    }
    unsigned lines = vga->vbe_line ? vga->vram_size / vga->vbe_line : 0;
    vbe[VBE_VIRT_HEIGHT] = (uint16_t)MIN(lines, 0xffffu);
    if (vbe[VBE_X_OFFSET] > vbe[VBE_VIRT_WIDTH] - vbe[VBE_XRES])
        vbe[VBE_X_OFFSET] = vbe[VBE_VIRT_WIDTH] - vbe[VBE_XRES];
    if (lines >= vbe[VBE_YRES] && vbe[VBE_Y_OFFSET] > lines - vbe[VBE_YRES])
        vbe[VBE_Y_OFFSET] = (uint16_t)(lines - vbe[VBE_YRES]);
    vga->vbe_start = vbe[VBE_Y_OFFSET] * vga->vbe_line + bytes_per_line(vga, vbe[VBE_X_OFFSET]);
}

static bool size_fits(const struct vga *vga)
{
    const uint16_t *vbe = vga->vbe;
    return vbe[VBE_XRES] && vbe[VBE_YRES] && known_depth(vbe[VBE_BPP]) &&
           (uint64_t)bytes_per_line(vga, vbe[VBE_XRES]) * vbe[VBE_YRES] <= vga->vram_size;
}

bool vbe_mode_fits(const struct vga *vga)
{
    return !vga_vbe_enabled(vga) || size_fits(vga);
}

/*
 * Enabling sets the VGA's registers so that its memory window reaches the frame buffer: graphics,
 * no shift interleave, chained planes for packed pixels.
 */
static void enable(struct vga *vga, uint16_t value)
{
    vga->vbe[VBE_VIRT_WIDTH] = vga->vbe[VBE_XRES];
    vga->vbe[VBE_X_OFFSET] = vga->vbe[VBE_Y_OFFSET] = 0;
    update_geometry(vga);
    if (!(value & VBE_NO_CLEAR)) {
        uint64_t size = (uint64_t)vga->vbe_line * vga->vbe[VBE_YRES];
        size = MIN(size, (uint64_t)vga->vram_size);
        __builtin_memset(vga->vram->host, 0, size);
        ram_written(vga->vram, 0, size);
    }
    vga->graphics[GFX_MISC] = (vga->graphics[GFX_MISC] & ~0x0c) | 0x04 | GFX_MISC_GRAPHICS;
    if (vga->vbe[VBE_BPP] == 4) {
        vga->sequencer[SEQ_MEMORY_MODE] &= ~SEQ_MEMORY_CHAIN_4;
    } else {
        vga->sequencer[SEQ_MEMORY_MODE] |= SEQ_MEMORY_CHAIN_4;
        vga->sequencer[SEQ_MAP_MASK] = 0x0f;
    }
}

static void write_enable(struct vga *vga, uint16_t value)
{
    bool was = vga_vbe_enabled(vga);
    if (value & VBE_ENABLED && !size_fits(vga)) {
        LOG(vga->log, GUEST_ERRORS, "vbe: mode %ux%ux%u does not fit\n", vga->vbe[VBE_XRES],
            vga->vbe[VBE_YRES], vga->vbe[VBE_BPP]);
        value &= ~VBE_ENABLED;
    }
    /* Turning the 8-bit DAC on or off rescales what it holds. */
    if ((vga->vbe[VBE_ENABLE] ^ value) & VBE_8BIT_DAC)
        for (unsigned n = 0; n < 256 * 3; n++)
            vga->dac[n / 3][n % 3] = value & VBE_8BIT_DAC ? (uint8_t)(vga->dac[n / 3][n % 3] << 2)
                                                          : vga->dac[n / 3][n % 3] >> 2;
    vga->vbe[VBE_ENABLE] = value;
    if (value & VBE_ENABLED && !was)
        enable(vga, value);
    if (!(value & VBE_ENABLED))
        vga->vbe_bank_offset = vga->vbe[VBE_BANK] = 0;
    LOG(vga->log, DISPLAY, "vbe: enable %04x, %ux%ux%u\n", value, vga->vbe[VBE_XRES],
        vga->vbe[VBE_YRES], vga->vbe[VBE_BPP]);
}

uint16_t vbe_read(struct vga *vga, uint16_t index)
{
    if (index >= VBE_COUNT)
        return 0;
    if (index == VBE_MEMORY_64K)
        return (uint16_t)(vga->vram_size / BANK_SIZE);
    if (vga->vbe[VBE_ENABLE] & VBE_GETCAPS) {
        switch (index) {
        case VBE_XRES: return VBE_MAX_XRES;
        case VBE_YRES: return VBE_MAX_YRES;
        case VBE_BPP: return VBE_MAX_BPP;
        default: break;
        }
    }
    return vga->vbe[index];
}

void vbe_write(struct vga *vga, uint16_t index, uint16_t value)
{
    uint16_t *vbe = vga->vbe;
    switch (index) {
    case VBE_ID:
        if (value >= VBE_ID_OLDEST && value <= VBE_ID_NEWEST)
            vbe[VBE_ID] = value;
        break;
    case VBE_XRES:
        if (!vga_vbe_enabled(vga) && value <= VBE_MAX_XRES && !(value & 7))
            vbe[index] = value;
        break;
    case VBE_YRES:
        if (!vga_vbe_enabled(vga) && value <= VBE_MAX_YRES)
            vbe[index] = value;
        break;
    case VBE_BPP:
        value = value ? value : 8;
        if (!vga_vbe_enabled(vga) && known_depth(value))
            vbe[index] = value;
        break;
    case VBE_ENABLE: write_enable(vga, value); break;
    case VBE_BANK:
        if (value < vga->vram_size / (vbe[VBE_BPP] == 4 ? 4 * BANK_SIZE : BANK_SIZE)) {
            vbe[index] = value;
            vga->vbe_bank_offset = value * BANK_SIZE;
        }
        break;
    case VBE_VIRT_WIDTH:
        if (vga_vbe_enabled(vga)) {
            vbe[index] = (uint16_t)MIN((unsigned)value, pixels_per_line(vga, vga->vram_size));
            update_geometry(vga);
        }
        break;
    case VBE_X_OFFSET:
    case VBE_Y_OFFSET:
        if (vga_vbe_enabled(vga)) {
            vbe[index] = value;
            update_geometry(vga);
        }
        break;
    default: return;
    }
    vga->changed = true;
}

void vbe_reset(struct vga *vga)
{
    __builtin_memset(vga->vbe, 0, sizeof vga->vbe);
    vga->vbe[VBE_ID] = VBE_ID_NEWEST;
    vga->vbe[VBE_BPP] = 8;
    vga->vbe_index = 0;
    vga->vbe_bank_offset = vga->vbe_start = vga->vbe_line = 0;
}
