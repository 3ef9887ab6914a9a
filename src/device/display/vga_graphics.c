// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Graphics modes: planar, CGA, 256 colours, and VBE frame buffers.
#include "device/display/vga_internal.h"

static const uint8_t *vram_at(const struct vga *vga, uint64_t byte)
{
    return vga->vram->host + (byte & (vga->vram_size - 1));
}

/* ---- VBE ------------------------------------------------------------------------------------------------ */

/* Widen a color field of `count` bits to eight by repeating its top. */
static uint32_t widen(unsigned v, unsigned count)
{
    return (v << (8 - count) | v >> (2 * count - 8)) & 0xff;
}

static uint32_t packed_pixel(const struct vga *vga, const uint8_t *p)
{
    unsigned v;
    switch (vga->vbe[VBE_BPP]) {
    case 8: return vga_palette(vga, *p);
    case 15:
        v = load_le16(p);
        return widen(v >> 10 & 31, 5) << 16 | widen(v >> 5 & 31, 5) << 8 | widen(v & 31, 5);
    case 16:
        v = load_le16(p);
        return widen(v >> 11, 5) << 16 | widen(v >> 5 & 63, 6) << 8 | widen(v & 31, 5);
    case 24: return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    default: return load_le32(p) & 0xffffff;
    }
}

static uint32_t planar_pixel(const struct vga *vga, const uint8_t *planes, unsigned dot)
{
    unsigned color = 0;
    for (unsigned p = 0; p < 4; p++)
        color |= bit(planes[p], 7 - dot) << p;
    return vga_palette(vga, vga_attribute_color(vga, (uint8_t)color));
}

static void draw_vbe(struct vga *vga, struct screen_image *out)
{
    unsigned width = vga->vbe[VBE_XRES], height = vga->vbe[VBE_YRES], bpp = vga->vbe[VBE_BPP];
    unsigned bytes = (bpp + 7) / 8;
    vga_image_size(out, width, height);
    for (unsigned y = 0; y < height; y++) {
        uint32_t *line = out->pixels + (size_t)y * width;
        uint64_t at = vga->vbe_start + (uint64_t)y * vga->vbe_line;
        for (unsigned x = 0; x < width; x++) {
            if (bpp == 4)
                line[x] = planar_pixel(vga, vram_at(vga, ((uint64_t)y * vga->vbe[VBE_VIRT_WIDTH] / 8 + x / 8) * 4), x & 7);
            else if (bytes == 3 && ((at + x * 3u) & (vga->vram_size - 1)) > vga->vram_size - 3)
                line[x] = 0;
            else
                line[x] = packed_pixel(vga, vram_at(vga, at + (uint64_t)x * bytes));
        }
    }
}

/* ---- VGA ------------------------------------------------------------------------------------------------ */

struct scan {
    unsigned width, height; /* pixels as memory holds them */
    unsigned repeat;        /* scan lines a memory line is shown */
};

static struct scan scan_of(const struct vga *vga)
{
    unsigned dots = 8 * (vga->crtc[CRTC_H_DISPLAY_END] + 1u);
    unsigned lines = vga_vertical(vga, CRTC_V_DISPLAY_END, 1, 6) + 1;
    struct scan scan = {.repeat = (vga->crtc[CRTC_MAX_SCAN_LINE] & 0x1f) + 1u};
    if (vga->crtc[CRTC_MAX_SCAN_LINE] & CRTC_MAX_SCAN_DOUBLE)
        scan.repeat *= 2;
    /* With 256-colour shift each pixel takes two dot clocks. */
    if (vga->graphics[GFX_MODE] & GFX_MODE_SHIFT_256)
        dots /= 2;
    scan.width = dots;
    scan.height = lines;
    return scan;
}

/* Bits of the row scan counter may stand in for address bits 13 and 14 (CGA's interlaced banks). */
static uint32_t line_address(const struct vga *vga, uint32_t start, unsigned line, unsigned repeat)
{
    uint8_t mode = vga->crtc[CRTC_MODE_CONTROL];
    unsigned scan = line % repeat, row = line / repeat;
    uint32_t address = start + row * vga->crtc[CRTC_OFFSET] * 2u;
    /* In word mode our plane addresses are half those of the chip. */
    unsigned bank = mode & CRTC_MODE_BYTE ? 13 : 12;
    if (!(mode & CRTC_MODE_NOT_CGA_BANKS))
        address = (address & ~(1u << bank)) | (scan & 1) << bank;
    if (!(mode & CRTC_MODE_NOT_HERCULES_BANKS))
        address = (address & ~(2u << bank)) | (scan >> 1 & 1) << (bank + 1);
    return address;
}

/* Two bits a pixel from each of plane pairs 0, 1: even bytes in plane 0, odd ones in plane 1. */
static uint32_t interleaved_pixel(const struct vga *vga, uint32_t address, unsigned x)
{
    const uint8_t *planes = vram_at(vga, (uint64_t)(address + x / 8) * 4);
    unsigned half = x % 8 / 4, shift = 6 - 2 * (x % 4);
    unsigned color = (planes[half] >> shift & 3) | (planes[2 + half] >> shift & 3) << 2;
    return vga_palette(vga, vga_attribute_color(vga, (uint8_t)color));
}

static void draw_line(struct vga *vga, uint32_t *line, unsigned width, uint32_t address, unsigned pan)
{
    uint8_t mode = vga->graphics[GFX_MODE];
    for (unsigned n = 0; n < width; n++) {
        unsigned x = n + pan;
        if (mode & GFX_MODE_SHIFT_256)
            line[n] = vga_palette(vga, *vram_at(vga, (uint64_t)address * 4 + x));
        else if (mode & GFX_MODE_SHIFT_INTERLEAVED)
            line[n] = interleaved_pixel(vga, address, x);
        else
            line[n] = planar_pixel(vga, vram_at(vga, (uint64_t)(address + x / 8) * 4), x & 7);
    }
}

static void draw_vga(struct vga *vga, struct screen_image *out)
{
    struct scan scan = scan_of(vga);
    unsigned compare = vga->crtc[CRTC_LINE_COMPARE] | bit(vga->crtc[CRTC_OVERFLOW], 4) << 8 |
                       bit(vga->crtc[CRTC_MAX_SCAN_LINE], 6) << 9;
    unsigned pan = vga->attribute[ATTR_PEL_PANNING] & 7;
    uint32_t start = vga_start_address(vga);
    unsigned split = 0; /* scan lines above the split screen */

    if (vga->graphics[GFX_MODE] & GFX_MODE_SHIFT_256)
        pan /= 2;
    start += bits(vga->crtc[CRTC_PRESET_ROW_SCAN], 5, 2);
    vga_image_size(out, scan.width, scan.height);
    for (unsigned y = 0; y < scan.height; y++) {
        if (y == compare + 1) {
            start = 0;
            split = y;
            if (vga->attribute[ATTR_MODE] & ATTR_MODE_PAN_COMPATIBLE)
                pan = 0;
        }
        draw_line(vga, out->pixels + (size_t)y * scan.width, scan.width,
                  line_address(vga, start, y - split, scan.repeat), pan);
    }
}

void vga_draw_graphics(struct vga *vga, struct screen_image *out)
{
    if (vga_vbe_enabled(vga))
        draw_vbe(vga, out);
    else
        draw_vga(vga, out);
}
