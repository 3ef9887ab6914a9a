// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the files of the VGA share: its registers and memory.
#ifndef DEVICE_DISPLAY_VGA_INTERNAL_H
#define DEVICE_DISPLAY_VGA_INTERNAL_H

#include "base/bits.h"
#include "device/display/vga.h"
#include "device/pci/pci.h"

/* Register names and bits as in the IBM PS/2 VGA technical reference. */
enum { SEQ_RESET, SEQ_CLOCKING, SEQ_MAP_MASK, SEQ_CHARACTER_MAP, SEQ_MEMORY_MODE, SEQ_COUNT = 8 };
#define SEQ_CLOCKING_8_DOTS     0x01
#define SEQ_CLOCKING_HALF_DOT   0x08
#define SEQ_CLOCKING_SCREEN_OFF 0x20
#define SEQ_MEMORY_EXTENDED     0x02
#define SEQ_MEMORY_NO_ODD_EVEN  0x04
#define SEQ_MEMORY_CHAIN_4      0x08

enum {
    GFX_SET_RESET,
    GFX_ENABLE_SET_RESET,
    GFX_COLOR_COMPARE,
    GFX_DATA_ROTATE,
    GFX_READ_MAP,
    GFX_MODE,
    GFX_MISC,
    GFX_COLOR_DONT_CARE,
    GFX_BIT_MASK,
    GFX_COUNT = 16
};
#define GFX_MODE_WRITE             0x03
#define GFX_MODE_READ_COMPARE      0x08
#define GFX_MODE_ODD_EVEN          0x10
#define GFX_MODE_SHIFT_INTERLEAVED 0x20
#define GFX_MODE_SHIFT_256         0x40
#define GFX_MISC_GRAPHICS          0x01

enum {
    CRTC_H_TOTAL = 0x00,
    CRTC_H_DISPLAY_END = 0x01,
    CRTC_V_TOTAL = 0x06,
    CRTC_OVERFLOW = 0x07,
    CRTC_PRESET_ROW_SCAN = 0x08,
    CRTC_MAX_SCAN_LINE = 0x09,
    CRTC_CURSOR_START = 0x0a,
    CRTC_CURSOR_END = 0x0b,
    CRTC_START_HIGH = 0x0c,
    CRTC_START_LOW = 0x0d,
    CRTC_CURSOR_HIGH = 0x0e,
    CRTC_CURSOR_LOW = 0x0f,
    CRTC_V_RETRACE_START = 0x10,
    CRTC_V_RETRACE_END = 0x11,
    CRTC_V_DISPLAY_END = 0x12,
    CRTC_OFFSET = 0x13,
    CRTC_UNDERLINE = 0x14,
    CRTC_MODE_CONTROL = 0x17,
    CRTC_LINE_COMPARE = 0x18,
    CRTC_COUNT = 0x19
};
#define CRTC_CURSOR_OFF              0x20
#define CRTC_PROTECT                 0x80
#define CRTC_MODE_NOT_CGA_BANKS      0x01 /* clear: row scan bit 0 is address bit 13 */
#define CRTC_MODE_NOT_HERCULES_BANKS 0x02
#define CRTC_MODE_BYTE               0x40
#define CRTC_MAX_SCAN_DOUBLE         0x80

enum {
    ATTR_MODE = 0x10,
    ATTR_OVERSCAN,
    ATTR_PLANE_ENABLE,
    ATTR_PEL_PANNING,
    ATTR_COLOR_SELECT,
    ATTR_COUNT = 0x15
};
#define ATTR_MODE_GRAPHICS       0x01
#define ATTR_MODE_LINE_GRAPHICS  0x04
#define ATTR_MODE_BLINK          0x08
#define ATTR_MODE_PAN_COMPATIBLE 0x20
#define ATTR_MODE_8_BIT          0x40
#define ATTR_MODE_P54            0x80
#define ATTR_INDEX_SCREEN_ON     0x20

#define VGA_PLANE_MASK     0xffffu /* the chip counts 64 KiB in each plane, and begins anew */
#define MISC_COLOR         0x01    /* CRTC at 3D4h */
#define MISC_RAM_ENABLE    0x02
#define STATUS1_RETRACE    0x08
#define STATUS1_NO_DISPLAY 0x01

/* VBE DISPI (Bochs VBE display interface, ids B0C0-B0C5). */
enum {
    VBE_ID,
    VBE_XRES,
    VBE_YRES,
    VBE_BPP,
    VBE_ENABLE,
    VBE_BANK,
    VBE_VIRT_WIDTH,
    VBE_VIRT_HEIGHT,
    VBE_X_OFFSET,
    VBE_Y_OFFSET,
    VBE_MEMORY_64K,
    VBE_COUNT
};
#define VBE_ENABLED     0x01
#define VBE_GETCAPS     0x02
#define VBE_8BIT_DAC    0x20
#define VBE_LFB_ENABLED 0x40
#define VBE_NO_CLEAR    0x80

struct vga {
    const struct log *log;
    struct clock *clock;
    struct ram_block *vram;
    uint32_t vram_size;
    struct pci_function pci;

    /*
     * Byte a of plane p is vram[4 * a + p]; chained and packed modes then are plain memory.
     */
    uint8_t sequencer_index, sequencer[SEQ_COUNT];
    uint8_t graphics_index, graphics[GFX_COUNT];
    uint8_t crtc_index, crtc[CRTC_COUNT];
    uint8_t attribute_index, attribute[ATTR_COUNT];
    bool attribute_data; /* the next write to 3C0h is data */
    uint8_t misc, feature;
    uint8_t dac[256][3];
    uint8_t dac_mask, dac_read_index, dac_write_index, dac_component;
    bool dac_reading;
    uint8_t latch[4];

    uint16_t vbe_index, vbe[VBE_COUNT];
    uint32_t vbe_bank_offset, vbe_start, vbe_line; /* bytes */

    bool changed;              /* a register that is seen changed since the last picture */
    struct screen_text *shown; /* text last drawn */

    struct region *ports[8], *memory_window, *frame_buffer, *mmio, *rom;
    unsigned port_count;
};

/* vga_registers.c: ports 3B0h-3DFh. */
uint8_t vga_port_read(struct vga *vga, uint16_t port);
void vga_port_write(struct vga *vga, uint16_t port, uint8_t value);

/* vga_memory.c: offset within A0000h-BFFFFh. */
extern const struct region_desc vga_memory_desc;

/* vbe.c */
uint16_t vbe_read(struct vga *vga, uint16_t index);
void vbe_write(struct vga *vga, uint16_t index, uint16_t value);
void vbe_reset(struct vga *vga);
/* Is there room for the mode that is on, if one is? */
bool vbe_mode_fits(const struct vga *vga);

/* The palette entry that a DAC index shows: 0x00RRGGBB. */
uint32_t vga_palette(const struct vga *vga, uint8_t index);
/* The DAC index that a 4-bit attribute colour leads to. */
uint8_t vga_attribute_color(const struct vga *vga, uint8_t color);

static inline bool vga_vbe_enabled(const struct vga *vga)
{
    return vga->vbe[VBE_ENABLE] & VBE_ENABLED;
}
static inline bool vga_text_mode(const struct vga *vga)
{
    return !vga_vbe_enabled(vga) && !(vga->graphics[GFX_MISC] & GFX_MISC_GRAPHICS);
}
/* The screen is dark while the sequencer or the attribute controller says so. */
static inline bool vga_blanked(const struct vga *vga)
{
    return !vga_vbe_enabled(vga) && (vga->sequencer[SEQ_CLOCKING] & SEQ_CLOCKING_SCREEN_OFF ||
                                     !(vga->attribute_index & ATTR_INDEX_SCREEN_ON));
}
/* First byte shown, counted in addresses of a plane. */
static inline uint32_t vga_start_address(const struct vga *vga)
{
    return (uint32_t)vga->crtc[CRTC_START_HIGH] << 8 | vga->crtc[CRTC_START_LOW];
}
/* A ten-bit vertical value: low byte and where its bits 8 and 9 are in the overflow register. */
static inline unsigned vga_vertical(const struct vga *vga, unsigned reg, unsigned bit8,
                                    unsigned bit9)
{
    uint8_t overflow = vga->crtc[CRTC_OVERFLOW];
    return vga->crtc[reg] | bit(overflow, bit8) << 8 | bit(overflow, bit9) << 9;
}

/* vga_text.c, vga_graphics.c, screen.c */
bool vga_text_cells(struct vga *vga, struct screen_text *out);
void vga_draw_text(struct vga *vga, struct screen_image *out);
void vga_draw_graphics(struct vga *vga, struct screen_image *out);
/* Make room for width * height pixels. */
void vga_image_size(struct screen_image *out, unsigned width, unsigned height);
/* The pixels that vga_draw_*() would draw. */
void vga_text_size(const struct vga *vga, unsigned *width, unsigned *height);
void vga_graphics_size(const struct vga *vga, unsigned *width, unsigned *height);

#endif
