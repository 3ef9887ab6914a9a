// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Text modes: cells for a terminal, and the same drawn with the guest's font.
#include "device/display/vga_internal.h"

#define BLINK_PERIOD_NS          (NS_PER_SECOND / 2)
#define FONT_BYTES_PER_CHARACTER 32
#define COLUMNS_MAX              132u
#define ROWS_MAX                 60u
#define BLANK_CELL               0x0720

static unsigned columns(const struct vga *vga)
{
    return vga->crtc[CRTC_H_DISPLAY_END] + 1u;
}

static unsigned cell_height(const struct vga *vga)
{
    return (vga->crtc[CRTC_MAX_SCAN_LINE] & 0x1f) + 1u;
}

static unsigned rows(const struct vga *vga)
{
    unsigned lines = vga_vertical(vga, CRTC_V_DISPLAY_END, 1, 6) + 1;
    if (vga->crtc[CRTC_MAX_SCAN_LINE] & CRTC_MAX_SCAN_DOUBLE)
        lines /= 2;
    return MAX(lines / cell_height(vga), 1u);
}

/* Plane address of the first cell of a row. */
static uint32_t row_address(const struct vga *vga, unsigned row)
{
    return vga_start_address(vga) + row * vga->crtc[CRTC_OFFSET] * 2u;
}

static uint16_t cell_at(const struct vga *vga, uint32_t address)
{
    return load_le16(vga->vram->host + (uint64_t)(address & VGA_PLANE_MASK) * 4);
}

static unsigned cell_width(const struct vga *vga)
{
    return vga->sequencer[SEQ_CLOCKING] & SEQ_CLOCKING_8_DOTS ? 8 : 9;
}

static void find_cursor(const struct vga *vga, struct screen_text *out)
{
    uint32_t cursor = (uint32_t)vga->crtc[CRTC_CURSOR_HIGH] << 8 | vga->crtc[CRTC_CURSOR_LOW];
    uint32_t from_start = cursor - vga_start_address(vga);
    unsigned pitch = vga->crtc[CRTC_OFFSET] * 2u;
    out->cursor_column = pitch ? from_start % pitch : 0;
    out->cursor_row = pitch ? from_start / pitch : 0;
    out->cursor_first_line = vga->crtc[CRTC_CURSOR_START] & 0x1f;
    out->cursor_last_line = vga->crtc[CRTC_CURSOR_END] & 0x1f;
    out->cursor_visible = !(vga->crtc[CRTC_CURSOR_START] & CRTC_CURSOR_OFF) &&
                          out->cursor_first_line <= out->cursor_last_line &&
                          out->cursor_column < out->columns && out->cursor_row < out->rows &&
                          !vga_blanked(vga);
}

bool vga_text_cells(struct vga *vga, struct screen_text *out)
{
    if (!vga_text_mode(vga))
        return false;
    out->columns = MIN(columns(vga), COLUMNS_MAX);
    out->rows = MIN(rows(vga), ROWS_MAX);
    out->blink = vga->attribute[ATTR_MODE] & ATTR_MODE_BLINK;
    for (unsigned y = 0; y < out->rows; y++)
        for (unsigned x = 0; x < out->columns; x++)
            out->cells[y * out->columns + x] =
                vga_blanked(vga) ? BLANK_CELL : cell_at(vga, row_address(vga, y) + x);
    find_cursor(vga, out);
    return true;
}

void vga_text_size(const struct vga *vga, unsigned *width, unsigned *height)
{
    *width = MIN(columns(vga), COLUMNS_MAX) * cell_width(vga);
    *height = MIN(rows(vga), ROWS_MAX) * cell_height(vga);
}

/* Attribute bit 3 chooses between two of eight fonts in plane 2, when they differ (character map
 * select). */
static uint32_t font_base(const struct vga *vga, uint8_t attribute)
{
    uint8_t select = vga->sequencer[SEQ_CHARACTER_MAP];
    unsigned a = bits(select, 2, 2) | bit(select, 5) << 2, b = bits(select, 0, 2) | bit(select, 4)
                                                                                        << 2;
    unsigned font = bit(attribute, 3) ? a : b;
    /* Fonts 0-3 are 16 KiB apart, 4-7 lie 8 KiB above them. */
    return (font & 3) * 0x4000u + (font >> 2) * 0x2000u;
}

/* Line drawing characters C0h-DFh repeat their eighth dot in the ninth. */
static unsigned glyph_line(const struct vga *vga, uint8_t character, uint8_t attribute,
                           unsigned line, unsigned dots)
{
    uint32_t address = font_base(vga, attribute) + character * FONT_BYTES_PER_CHARACTER + line;
    unsigned pattern = vga->vram->host[(uint64_t)address * 4 + 2];
    if (dots == 8)
        return pattern;
    bool repeat = vga->attribute[ATTR_MODE] & ATTR_MODE_LINE_GRAPHICS && (character & 0xe0) == 0xc0;
    return pattern << 1 | (repeat ? pattern & 1 : 0);
}

static void draw_cell(const struct vga *vga, uint32_t *pixels, unsigned pitch, uint16_t cell,
                      unsigned dots, bool blink_off)
{
    uint8_t character = (uint8_t)cell, attribute = (uint8_t)(cell >> 8);
    uint8_t front = attribute & 0x0f, back = attribute >> 4;
    bool underlined = (attribute & 0x77) == 0x01 && !(vga->misc & MISC_COLOR);
    if (vga->attribute[ATTR_MODE] & ATTR_MODE_BLINK) {
        if (back & 8 && blink_off)
            front = back & 7;
        back &= 7;
    }
    uint32_t on = vga_palette(vga, vga_attribute_color(vga, front));
    uint32_t off = vga_palette(vga, vga_attribute_color(vga, back));
    unsigned height = cell_height(vga);
    for (unsigned y = 0; y < height; y++) {
        unsigned pattern = glyph_line(vga, character, attribute, y, dots);
        if (underlined && y == (vga->crtc[CRTC_UNDERLINE] & 0x1fu))
            pattern = (1u << dots) - 1;
        for (unsigned x = 0; x < dots; x++)
            pixels[y * pitch + x] = pattern >> (dots - 1 - x) & 1 ? on : off;
    }
}

static void draw_cursor(const struct vga *vga, struct screen_image *out,
                        const struct screen_text *text, unsigned dots)
{
    uint16_t cell = text->cells[text->cursor_row * text->columns + text->cursor_column];
    uint32_t color = vga_palette(vga, vga_attribute_color(vga, cell >> 8 & 0x0f));
    unsigned height = cell_height(vga);
    for (unsigned y = text->cursor_first_line; y <= text->cursor_last_line && y < height; y++)
        for (unsigned x = 0; x < dots; x++)
            out->pixels[(text->cursor_row * height + y) * out->width + text->cursor_column * dots +
                        x] = color;
}

void vga_draw_text(struct vga *vga, struct screen_image *out)
{
    struct screen_text *text = vga->shown;
    unsigned dots = cell_width(vga), height = cell_height(vga);
    bool blink_off = clock_now(vga->clock) / BLINK_PERIOD_NS & 1;
    vga_text_cells(vga, text);
    vga_image_size(out, text->columns * dots, text->rows * height);
    for (unsigned y = 0; y < text->rows; y++)
        for (unsigned x = 0; x < text->columns; x++)
            draw_cell(vga, out->pixels + (size_t)y * height * out->width + x * dots, out->width,
                      text->cells[y * text->columns + x], dots, blink_off);
    if (text->cursor_visible && !blink_off)
        draw_cursor(vga, out, text, dots);
}
