// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Graphics modes: planar, CGA, 256 colours, and VBE frame buffers.
#include "device/display/vga_internal.h"

/* What the values of a pixel look like, for one picture: 16 through the attribute controller, or
 * 256 of the DAC. */
struct colors {
    uint32_t rgb[256];
};

static const uint8_t *vram_at(const struct vga *vga, uint64_t byte)
{
    return vga->vram->host + (byte & (vga->vram_size - 1));
}

static void find_colors(const struct vga *vga, struct colors *colors, bool attributes)
{
    for (unsigned n = 0; n < (attributes ? 16 : 256); n++)
        colors->rgb[n] =
            vga_palette(vga, attributes ? vga_attribute_color(vga, (uint8_t)n) : (uint8_t)n);
}

/* One bit of each plane a pixel, the leftmost on top. `planes` is where the four bytes of eight
 * pixels are. */
static uint32_t planar_pixel(const struct colors *colors, const uint8_t *planes, unsigned dot)
{
    unsigned color = 0;
    for (unsigned p = 0; p < 4; p++)
        color |= bit(planes[p], 7 - dot) << p;
    return colors->rgb[color];
}

/* ---- VBE ------------------------------------------------------------------------------------- */

/* Widen a color field of `count` bits to eight by repeating its top. */
static uint32_t widen(unsigned v, unsigned count)
{
    return (v << (8 - count) | v >> (2 * count - 8)) & 0xff;
}

/* One line that does not reach over the end of the memory. */
static void draw_packed(const struct colors *colors, uint32_t *line, const uint8_t *from,
                        unsigned width, unsigned bpp)
{
    unsigned v;
    switch (bpp) {
    case 8:
        for (unsigned x = 0; x < width; x++)
            line[x] = colors->rgb[from[x]];
        break;
    case 15:
        for (unsigned x = 0; x < width; x++) {
            v = load_le16(from + 2 * x);
            line[x] = widen(v >> 10 & 31, 5) << 16 | widen(v >> 5 & 31, 5) << 8 | widen(v & 31, 5);
        }
        break;
    case 16:
        for (unsigned x = 0; x < width; x++) {
            v = load_le16(from + 2 * x);
            line[x] = widen(v >> 11, 5) << 16 | widen(v >> 5 & 63, 6) << 8 | widen(v & 31, 5);
        }
        break;
    case 24:
        for (unsigned x = 0; x < width; x++)
            line[x] =
                from[3 * x] | (uint32_t)from[3 * x + 1] << 8 | (uint32_t)from[3 * x + 2] << 16;
        break;
    default:
        for (unsigned x = 0; x < width; x++)
            line[x] = load_le32(from + 4 * x) & 0xffffff;
        break;
    }
}

static void draw_vbe(struct vga *vga, struct screen_image *out)
{
    unsigned width = vga->vbe[VBE_XRES], height = vga->vbe[VBE_YRES], bpp = vga->vbe[VBE_BPP];
    unsigned bytes = (bpp + 7) / 8;
    struct colors colors;
    find_colors(vga, &colors, bpp == 4);
    vga_image_size(out, width, height);
    for (unsigned y = 0; y < height; y++) {
        uint32_t *line = out->pixels + (size_t)y * width;
        uint64_t at = vga->vbe_start + (uint64_t)y * vga->vbe_line;
        if (bpp == 4)
            for (unsigned x = 0; x < width; x++)
                line[x] = planar_pixel(&colors, vram_at(vga, (at & ~3u) + x / 8 * 4), x & 7);
        else if (at + (uint64_t)width * bytes <= vga->vram_size)
            draw_packed(&colors, line, vga->vram->host + at, width, bpp);
        else
            __builtin_memset(line, 0, width * sizeof *line);
    }
}

/* ---- VGA ------------------------------------------------------------------------------------- */

struct scan {
    unsigned width, height; /* pixels as memory holds them, scan lines */
    unsigned wide;          /* dots a pixel is shown */
    unsigned rows;          /* values of the row scan counter for one row of memory */
    unsigned repeat;        /* scan lines for each of them */
};

static struct scan scan_of(const struct vga *vga)
{
    struct scan scan = { .width = 8 * (vga->crtc[CRTC_H_DISPLAY_END] + 1u),
                         .height = vga_vertical(vga, CRTC_V_DISPLAY_END, 1, 6) + 1,
                         .wide = vga->sequencer[SEQ_CLOCKING] & SEQ_CLOCKING_HALF_DOT ? 2 : 1,
                         .rows = (vga->crtc[CRTC_MAX_SCAN_LINE] & 0x1f) + 1u,
                         .repeat = vga->crtc[CRTC_MAX_SCAN_LINE] & CRTC_MAX_SCAN_DOUBLE ? 2 : 1 };
    /* With 256-colour shift each pixel takes two dot clocks. */
    if (vga->graphics[GFX_MODE] & GFX_MODE_SHIFT_256) {
        scan.width /= 2;
        scan.wide *= 2;
    }
    return scan;
}

/* Bits of the row scan counter may stand in for address bits 13 and 14 (CGA's interlaced banks). */
static uint32_t line_address(const struct vga *vga, uint32_t start, unsigned line,
                             const struct scan *s)
{
    uint8_t mode = vga->crtc[CRTC_MODE_CONTROL];
    unsigned scan = line / s->repeat % s->rows, row = line / s->repeat / s->rows;
    uint32_t address = start + row * vga->crtc[CRTC_OFFSET] * 2u;
    /* In word mode our plane addresses are half those of the chip. */
    unsigned bank = mode & CRTC_MODE_BYTE ? 13 : 12;
    if (!(mode & CRTC_MODE_NOT_CGA_BANKS))
        address = (address & ~(1u << bank)) | (scan & 1) << bank;
    if (!(mode & CRTC_MODE_NOT_HERCULES_BANKS))
        address = (address & ~(2u << bank)) | (scan >> 1 & 1) << (bank + 1);
    return address;
}

/* Where the four bytes of the planes at an address are. */
static const uint8_t *planes_at(const struct vga *vga, uint32_t address)
{
    return vga->vram->host + (uint64_t)(address & VGA_PLANE_MASK) * 4;
}

/* Two bits a pixel from each of plane pairs 0, 1: even bytes in plane 0, odd ones in plane 1. */
static uint32_t interleaved_pixel(const struct colors *colors, const uint8_t *planes, unsigned dot)
{
    unsigned half = dot / 4, shift = 6 - 2 * (dot % 4);
    return colors->rgb[(planes[half] >> shift & 3) | (planes[2 + half] >> shift & 3) << 2];
}

static void draw_line(const struct vga *vga, const struct colors *colors, uint32_t *line,
                      const struct scan *scan, uint32_t address, unsigned pan)
{
    uint8_t mode = vga->graphics[GFX_MODE];
    for (unsigned n = 0; n < scan->width; n++) {
        unsigned x = n + pan;
        uint32_t rgb;
        if (mode & GFX_MODE_SHIFT_256)
            rgb = colors->rgb[planes_at(vga, address + x / 4)[x & 3]];
        else if (mode & GFX_MODE_SHIFT_INTERLEAVED)
            rgb = interleaved_pixel(colors, planes_at(vga, address + x / 8), x & 7);
        else
            rgb = planar_pixel(colors, planes_at(vga, address + x / 8), x & 7);
        for (unsigned k = 0; k < scan->wide; k++)
            *line++ = rgb;
    }
}

static void draw_vga(struct vga *vga, struct screen_image *out)
{
    struct scan scan = scan_of(vga);
    struct colors colors;
    unsigned compare = vga->crtc[CRTC_LINE_COMPARE] | bit(vga->crtc[CRTC_OVERFLOW], 4) << 8 |
                       bit(vga->crtc[CRTC_MAX_SCAN_LINE], 6) << 9;
    unsigned pan = vga->attribute[ATTR_PEL_PANNING] & 7;
    uint32_t start = vga_start_address(vga) + bits(vga->crtc[CRTC_PRESET_ROW_SCAN], 5, 2);
    unsigned split = 0; /* scan lines above the split screen */

    if (vga->graphics[GFX_MODE] & GFX_MODE_SHIFT_256)
        pan /= 2;
    find_colors(vga, &colors, !(vga->graphics[GFX_MODE] & GFX_MODE_SHIFT_256));
    vga_image_size(out, scan.width * scan.wide, scan.height);
    for (unsigned y = 0; y < scan.height; y++) {
        if (y == compare + 1) {
            start = 0;
            split = y;
            if (vga->attribute[ATTR_MODE] & ATTR_MODE_PAN_COMPATIBLE)
                pan = 0;
        }
        draw_line(vga, &colors, out->pixels + (size_t)y * out->width, &scan,
                  line_address(vga, start, y - split, &scan), pan);
    }
}

void vga_graphics_size(const struct vga *vga, unsigned *width, unsigned *height)
{
    if (vga_vbe_enabled(vga)) {
        *width = vga->vbe[VBE_XRES];
        *height = vga->vbe[VBE_YRES];
    } else {
        struct scan scan = scan_of(vga);
        *width = scan.width * scan.wide;
        *height = scan.height;
    }
}

void vga_draw_graphics(struct vga *vga, struct screen_image *out)
{
    if (vga_vbe_enabled(vga))
        draw_vbe(vga, out);
    else
        draw_vga(vga, out);
}
