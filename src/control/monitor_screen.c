// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// `screendump`: the screen as a picture.
#include "control/monitor_internal.h"

#include <stdio.h>
#include <string.h>

#include "backend/screen.h"
#include "backend/screen/screendump.h"
#include "device/display/vga.h"
#include "host/host.h"

/* FILE and -f FORMAT in either order. */
static bool parse(struct monitor_call *c, char *path, size_t size, enum screendump_format *format)
{
    char word[1024];
    bool has_path = false, has_format = false;
    while (monitor_more(c)) {
        if (!monitor_word(c, word, sizeof word))
            return false;
        if (strcmp(word, "-f") == 0) {
            if (!monitor_word(c, word, sizeof word) || !screendump_format_find(word, format)) {
                monitor_say(c, "screendump: the formats are png and ppm\n");
                return false;
            }
            has_format = true;
        } else if (has_path) {
            monitor_say(c, "screendump: what is '%s'?\n", word);
            return false;
        } else {
            snprintf(path, size, "%s", word);
            has_path = true;
        }
    }
    if (!has_path)
        monitor_say(c, "screendump: which file?\n");
    else if (!has_format)
        *format = screendump_format_of(path);
    return has_path;
}

void command_screendump(struct monitor_call *c)
{
    char path[1024] = "";
    enum screendump_format format;
    struct screen_image image = { 0 };
    struct error err;
    if (!parse(c, path, sizeof path, &format))
        return;
    if (c->session->pc->vga == NULL) {
        monitor_say(c, "There is no graphics card\n");
        return;
    }
    struct screen_source screen = vga_screen(c->session->pc->vga);
    screen.render(screen.opaque, &image);
    if (!screendump_write(&image, path, format, &err))
        monitor_say(c, "screendump: cannot write '%s': %s\n", path, err.text);
    host_free(image.pixels);
}
