// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// `screendump`: the screen as a picture.
#include "control/monitor_internal.h"

#include <stdio.h>
#include <string.h>

#include "backend/screen.h"
#include "device/display/vga.h"
#include "host/host.h"

static bool write_ppm(const struct screen_image *image, const char *path)
{
    FILE *file = fopen(path, "wbe");
    if (file == NULL)
        return false;
    fprintf(file, "P6\n%u %u\n255\n", image->width, image->height);
    for (size_t n = 0; n < (size_t)image->width * image->height; n++) {
        uint32_t p = image->pixels[n];
        const uint8_t rgb[3] = {(uint8_t)(p >> 16), (uint8_t)(p >> 8), (uint8_t)p};
        fwrite(rgb, 1, 3, file);
    }
    return fclose(file) == 0;
}

void command_screendump(struct monitor_call *c)
{
    char path[1024];
    struct screen_image image = {0};
    if (!monitor_word(c, path, sizeof path)) {
        monitor_say(c, "screendump: which file?\n");
        return;
    }
    if (c->session->pc->vga == NULL) {
        monitor_say(c, "There is no graphics card\n");
        return;
    }
    struct screen_source screen = vga_screen(c->session->pc->vga);
    screen.render(screen.opaque, &image);
    if (!write_ppm(&image, path))
        monitor_say(c, "cannot write '%s'\n", path);
    host_free(image.pixels);
}
