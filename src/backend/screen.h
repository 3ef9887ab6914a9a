// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a display chip shows: pulled by whoever draws it.
#ifndef BACKEND_SCREEN_H
#define BACKEND_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text as the CRT would show it: one cell a character, code page 437 and attribute byte. */
struct screen_text {
    unsigned columns, rows;   /* at least 1 */
    uint16_t cells[132 * 60]; /* low byte character, high byte attribute */
    bool blink; /* attribute bit 7 blinks; otherwise it is the background's intensity */
    bool cursor_visible;
    unsigned cursor_column, cursor_row;
    unsigned cursor_first_line, cursor_last_line;
};

/* A picture: 0x00RRGGBB, width * height, owned by whoever draws; grown with host_alloc by the
 * source. */
struct screen_image {
    unsigned width, height;
    uint32_t *pixels;
    size_t capacity; /* pixels allocated */
};

/* All calls under the device lock. */
struct screen_source {
    bool (*is_text)(void *opaque);
    bool (*text)(void *opaque, struct screen_text *out); /* false in graphics modes */
    void (*size)(void *opaque, unsigned *width,
                 unsigned *height); /* of the picture, in pixels, at least 1 */
    /* Draw the whole picture, text modes too (with the guest's font). Returns whether anything
     * changed since the last call; *out is complete anyway. */
    bool (*render)(void *opaque, struct screen_image *out);
    void *opaque;
};

#endif
