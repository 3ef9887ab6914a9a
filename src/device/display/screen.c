// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The screen source: text or picture, and whether it changed.
#include "device/display/vga_internal.h"
#include "host/host.h"

void vga_image_size(struct screen_image *out, unsigned width, unsigned height)
{
    size_t pixels = (size_t)width * height;
    if (pixels > out->capacity) {
        host_free(out->pixels);
        out->pixels = host_alloc(pixels * sizeof *out->pixels);
        out->capacity = pixels;
    }
    out->width = width;
    out->height = height;
}

static bool screen_is_text(void *opaque)
{
    return vga_text_mode(opaque);
}

static bool screen_text(void *opaque, struct screen_text *out)
{
    return vga_text_cells(opaque, out);
}

static void screen_size(void *opaque, unsigned *width, unsigned *height)
{
    const struct vga *vga = opaque;
    if (vga_text_mode(vga))
        vga_text_size(vga, width, height);
    else
        vga_graphics_size(vga, width, height);
}

static bool screen_render(void *opaque, struct screen_image *out)
{
    struct vga *vga = opaque;
    bool written =
        ram_dirty_fetch(vga->vram, RAM_PAGE_DIRTY_DISPLAY, 0, vga->vram_size / PAGE_SIZE, NULL);
    bool changed = vga->changed || written || vga_text_mode(vga);
    vga->changed = false;
    if (vga_text_mode(vga))
        vga_draw_text(vga, out);
    else
        vga_draw_graphics(vga, out);
    if (vga_blanked(vga))
        __builtin_memset(out->pixels, 0, (size_t)out->width * out->height * sizeof *out->pixels);
    return changed;
}

struct screen_source vga_screen(struct vga *vga)
{
    return (struct screen_source){ .is_text = screen_is_text,
                                   .text = screen_text,
                                   .size = screen_size,
                                   .render = screen_render,
                                   .opaque = vga };
}
