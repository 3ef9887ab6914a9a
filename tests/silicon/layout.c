// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Segments and first contents of the pages.
#include "layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "values.h"

const struct layout_segment layout_segments[] = {
    [ENTRY_ARENA] = { .base = ARENA, .limit = ARENA_SIZE - 1, .big = true },
    [ENTRY_ARENA16] = { .base = ARENA, .limit = ARENA_SIZE - 1 },
    [ENTRY_BASED] = { .base = ARENA, .limit = 0xfffff, .big = true, .pages = true },
    [ENTRY_SHORT] = { .base = ARENA, .limit = 0x2ffe, .big = true },
    [ENTRY_READ_ONLY] = { .limit = 0xfffff, .big = true, .pages = true, .read_only = true },
    [ENTRY_EXPAND_DOWN] = { .base = ARENA,
                            .limit = 0x5fff,
                            .contents = SEGMENT_EXPAND_DOWN,
                            .big = true },
    [ENTRY_EXPAND16] = { .base = ARENA, .limit = 0x5fff, .contents = SEGMENT_EXPAND_DOWN },
    [ENTRY_WRAP] = { .base = ARENA + 0x12345678, .limit = 0xfffff, .big = true, .pages = true },
    [ENTRY_CODE] = { .limit = 0xfffff, .contents = SEGMENT_CODE, .big = true, .pages = true },
    [ENTRY_CODE_BASED] = { .base = CODE,
                           .limit = CODE_SIZE - 1,
                           .contents = SEGMENT_CODE,
                           .big = true },
    [ENTRY_CODE16] = { .base = CODE, .limit = 0xffff, .contents = SEGMENT_CODE },
    [ENTRY_EXECUTE_ONLY] = { .limit = 0xfffff,
                             .contents = SEGMENT_CODE,
                             .big = true,
                             .pages = true,
                             .read_only = true },
    [ENTRY_ABSENT] = { .limit = 0xfffff, .big = true, .pages = true, .absent = true },
};
const unsigned layout_segment_count = ARRAY_SIZE(layout_segments);

uint32_t layout_base(uint16_t selector)
{
    unsigned entry = selector >> 3;
    return (selector & 4) && entry < layout_segment_count ? layout_segments[entry].base : 0;
}

/* Strings want equal bytes, everything else the values of random_bytes(). */
static void fill(struct random *r, uint8_t *page, unsigned number)
{
    for (unsigned at = 0; at < LAYOUT_PAGE; at += 16) {
        random_bytes(r, page + at, 16);
        if (number % 3 == 1)
            memset(page + at, page[at], 16);
    }
}

const uint8_t *layout_background(void)
{
    static uint8_t *background;
    if (background != NULL)
        return background;
    background = aligned_alloc(LAYOUT_PAGE, LAYOUT_PAGES * LAYOUT_PAGE);
    struct random r = random_begin(0, 0);
    for (unsigned n = 0; n < LAYOUT_PAGES; n++) {
        if (layout_page_kind(n) == PAGE_CODE)
            memset(background + n * LAYOUT_PAGE, CODE_FILLER, LAYOUT_PAGE);
        else
            fill(&r, background + n * LAYOUT_PAGE, n);
    }
    return background;
}
