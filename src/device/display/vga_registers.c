// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The VGA's ports: sequencer, graphics controller, CRTC, attribute controller, DAC.
#include "device/display/vga_internal.h"

/* Bits that exist in each register; the rest reads 0. */
static const uint8_t sequencer_mask[SEQ_COUNT] = { 0x03, 0x3d, 0x0f, 0x3f, 0x0e, 0, 0, 0 };
static const uint8_t graphics_mask[GFX_COUNT] = { 0x0f, 0x0f, 0x0f, 0x1f, 0x03,
                                                  0x7b, 0x0f, 0x0f, 0xff };

/* A frame as the CRTC counts it, and the dot clock that it counts by. */
struct timing {
    uint32_t clock;            /* Hz */
    uint32_t line, line_shown; /* dots */
    uint32_t lines, lines_shown, retrace_start, retrace_end;
};

/* That of a 640x480 monitor, at 60 Hz. */
static const struct timing standard_timing = { 25175000, 800, 640, 525, 480, 490, 492 };

/*
 * Totals are stored less 5 characters and less 2 lines, ends of the display less 1; retrace ends
 * at the line whose four low bits are those of its register. VBE modes have no timing of their own,
 * and what no monitor could show, as the registers after reset, is taken for the standard's.
 */
static struct timing timing_of(const struct vga *vga)
{
    static const uint32_t clocks[4] = { 25175000, 28322000, 0, 0 }; /* Misc bits 2-3 */
    uint8_t clocking = vga->sequencer[SEQ_CLOCKING];
    uint32_t dots = clocking & SEQ_CLOCKING_8_DOTS ? 8 : 9;
    if (clocking & SEQ_CLOCKING_HALF_DOT)
        dots *= 2;
    uint32_t start = vga_vertical(vga, CRTC_V_RETRACE_START, 2, 7);
    uint32_t length = (vga->crtc[CRTC_V_RETRACE_END] - start) & 15;
    struct timing t = { .clock = clocks[vga->misc >> 2 & 3],
                        .line = (vga->crtc[CRTC_H_TOTAL] + 5u) * dots,
                        .line_shown = (vga->crtc[CRTC_H_DISPLAY_END] + 1u) * dots,
                        .lines = vga_vertical(vga, CRTC_V_TOTAL, 0, 5) + 2,
                        .lines_shown = vga_vertical(vga, CRTC_V_DISPLAY_END, 1, 6) + 1,
                        .retrace_start = start };
    t.retrace_end = MIN(start + (length == 0 ? 16 : length), t.lines);
    bool possible = t.clock != 0 && vga->crtc[CRTC_H_TOTAL] != 0 && t.lines > 2 &&
                    t.line_shown < t.line && t.lines_shown <= start && start < t.lines;
    return possible && !vga_vbe_enabled(vga) ? t : standard_timing;
}

/* Where the beam of the monitor would be. */
static uint8_t input_status_1(const struct vga *vga)
{
    struct timing t = timing_of(vga);
    int64_t dots = muldiv64(clock_now(vga->clock), t.clock, NS_PER_SECOND);
    uint32_t in_frame = (uint32_t)(dots % (t.line * t.lines));
    uint32_t line = in_frame / t.line, in_line = in_frame % t.line;
    uint8_t status = 0;
    if (line >= t.lines_shown || in_line >= t.line_shown)
        status |= STATUS1_NO_DISPLAY;
    if (line >= t.retrace_start && line < t.retrace_end)
        status |= STATUS1_RETRACE;
    return status;
}

/* 3C0h takes index and data in turns; reading input status 1 starts anew. */
static void write_attribute(struct vga *vga, uint8_t value)
{
    if (!vga->attribute_data) {
        vga->attribute_index = value & 0x3f;
    } else {
        unsigned index = vga->attribute_index & 0x1f;
        static const uint8_t masks[ATTR_COUNT] = {
            [0 ... 15] = 0x3f,          [ATTR_MODE] = 0xef,        [ATTR_OVERSCAN] = 0xff,
            [ATTR_PLANE_ENABLE] = 0x3f, [ATTR_PEL_PANNING] = 0x0f, [ATTR_COLOR_SELECT] = 0x0f
        };
        /* The palette is the display's while the screen is on (index bit 5). */
        if (index < ATTR_COUNT &&
            (index >= ATTR_MODE || !(vga->attribute_index & ATTR_INDEX_SCREEN_ON)))
            vga->attribute[index] = value & masks[index];
    }
    vga->attribute_data = !vga->attribute_data;
}

static void write_crtc(struct vga *vga, uint8_t value)
{
    unsigned index = vga->crtc_index;
    if (index >= CRTC_COUNT)
        return;
    /* Protected, 0-7 keep their values but for bit 8 of line compare. */
    if (vga->crtc[CRTC_V_RETRACE_END] & CRTC_PROTECT && index <= CRTC_OVERFLOW) {
        if (index == CRTC_OVERFLOW)
            vga->crtc[index] = (vga->crtc[index] & ~0x10) | (value & 0x10);
        return;
    }
    vga->crtc[index] = value;
}

static void dac_next(struct vga *vga, uint8_t *index)
{
    if (++vga->dac_component == 3) {
        vga->dac_component = 0;
        ++*index;
    }
}

static void write_dac(struct vga *vga, uint8_t value)
{
    uint8_t mask = vga->vbe[VBE_ENABLE] & VBE_8BIT_DAC ? 0xff : 0x3f;
    vga->dac[vga->dac_write_index][vga->dac_component] = value & mask;
    dac_next(vga, &vga->dac_write_index);
}

static uint8_t read_dac(struct vga *vga)
{
    uint8_t value = vga->dac[vga->dac_read_index][vga->dac_component];
    dac_next(vga, &vga->dac_read_index);
    return value;
}

/* Only one of 3Bxh and 3Dxh is there, as Misc says. */
static bool decoded(const struct vga *vga, uint16_t port)
{
    bool color = vga->misc & MISC_COLOR;
    return !((port >= 0x3b0 && port <= 0x3bf && color) ||
             (port >= 0x3d0 && port <= 0x3df && !color));
}

uint8_t vga_port_read(struct vga *vga, uint16_t port)
{
    if (!decoded(vga, port))
        return 0xff;
    switch (port) {
    case 0x3c0: return vga->attribute_data ? 0 : vga->attribute_index;
    case 0x3c1: {
        unsigned index = vga->attribute_index & 0x1f;
        return index < ATTR_COUNT ? vga->attribute[index] : 0;
    }
    case 0x3c2: return 0x10; /* switch sense: a colour monitor */
    case 0x3c4: return vga->sequencer_index;
    case 0x3c5: return vga->sequencer[vga->sequencer_index];
    case 0x3c6: return vga->dac_mask;
    case 0x3c7: return vga->dac_reading ? 3 : 0;
    case 0x3c8: return vga->dac_write_index;
    case 0x3c9: return read_dac(vga);
    case 0x3ca: return vga->feature;
    case 0x3cc: return vga->misc;
    case 0x3ce: return vga->graphics_index;
    case 0x3cf: return vga->graphics[vga->graphics_index];
    case 0x3b4:
    case 0x3d4: return vga->crtc_index;
    case 0x3b5:
    case 0x3d5: return vga->crtc_index < CRTC_COUNT ? vga->crtc[vga->crtc_index] : 0;
    case 0x3ba:
    case 0x3da: vga->attribute_data = false; return input_status_1(vga);
    default: return 0xff;
    }
}

void vga_port_write(struct vga *vga, uint16_t port, uint8_t value)
{
    if (!decoded(vga, port))
        return;
    LOG(vga->log, DISPLAY, "vga: %03x <- %02x\n", port, value);
    switch (port) {
    case 0x3c0: write_attribute(vga, value); break;
    case 0x3c2: vga->misc = value & ~0x10; break;
    case 0x3c4: vga->sequencer_index = value & 7; return;
    case 0x3c5:
        vga->sequencer[vga->sequencer_index] = value & sequencer_mask[vga->sequencer_index];
        break;
    case 0x3c6: vga->dac_mask = value; break;
    case 0x3c7:
        vga->dac_read_index = value;
        vga->dac_component = 0;
        vga->dac_reading = true;
        return;
    case 0x3c8:
        vga->dac_write_index = value;
        vga->dac_component = 0;
        vga->dac_reading = false;
        return;
    case 0x3c9: write_dac(vga, value); break;
    case 0x3ce: vga->graphics_index = value & 0x0f; return;
    case 0x3cf:
        vga->graphics[vga->graphics_index] = value & graphics_mask[vga->graphics_index];
        break;
    case 0x3b4:
    case 0x3d4: vga->crtc_index = value; return;
    case 0x3b5:
    case 0x3d5: write_crtc(vga, value); break;
    case 0x3ba:
    case 0x3da: vga->feature = value & 0x10; return;
    default: return;
    }
    vga->changed = true;
}

/* Six bits a component, or eight where VBE switched the DAC. */
uint32_t vga_palette(const struct vga *vga, uint8_t index)
{
    const uint8_t *c = vga->dac[index & vga->dac_mask];
    if (vga->vbe[VBE_ENABLE] & VBE_8BIT_DAC)
        return (uint32_t)c[0] << 16 | (uint32_t)c[1] << 8 | c[2];
    uint32_t rgb = 0;
    for (unsigned n = 0; n < 3; n++)
        rgb = rgb << 8 | (uint32_t)(c[n] << 2 | c[n] >> 4);
    return rgb;
}

uint8_t vga_attribute_color(const struct vga *vga, uint8_t color)
{
    uint8_t entry = vga->attribute[color & vga->attribute[ATTR_PLANE_ENABLE] & 0x0f];
    uint8_t select = vga->attribute[ATTR_COLOR_SELECT];
    if (vga->attribute[ATTR_MODE] & ATTR_MODE_P54)
        return (uint8_t)((select & 0x0f) << 4 | (entry & 0x0f));
    return (uint8_t)((select & 0x0c) << 4 | entry);
}
