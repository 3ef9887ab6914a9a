// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where everything of a case is: linear addresses and segments, the same on silicon and in the
// guest.
#ifndef TESTS_SILICON_LAYOUT_H
#define TESTS_SILICON_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A case sees two ranges of pages and nothing else below 4 GiB. The arena is 64 KiB of data, so
 * that segments with its base reach all of it with 16-bit addresses; a multiple of 64 KiB is in
 * its middle, where 16-bit pushes on a 32-bit stack shall not wrap. The code is filled with INT3:
 * wherever it is left or jumped to, the case ends. Its last bytes are followed by nothing.
 */
#define LAYOUT_PAGE 4096u
#define ARENA       0x1fff8000u
#define ARENA_PAGES 16u
#define ARENA_SIZE  (ARENA_PAGES * LAYOUT_PAGE)
#define CODE        0x20100000u
#define CODE_PAGES  8u
#define CODE_SIZE   (CODE_PAGES * LAYOUT_PAGE)
#define CODE_FILLER 0xcc
#define STACK       (ARENA + ARENA_SIZE / 2)

enum { LAYOUT_PAGES = ARENA_PAGES + CODE_PAGES };

enum page_kind { PAGE_WRITABLE, PAGE_READ_ONLY, PAGE_MISSING, PAGE_CODE };

static inline enum page_kind layout_page_kind(unsigned page)
{
    if (page >= ARENA_PAGES)
        return PAGE_CODE;
    return page == 4 || page == 10 ? PAGE_MISSING : page == 5 ? PAGE_READ_ONLY : PAGE_WRITABLE;
}
static inline uint32_t layout_page_address(unsigned page)
{
    return page < ARENA_PAGES ? ARENA + page * LAYOUT_PAGE
                              : CODE + (page - ARENA_PAGES) * LAYOUT_PAGE;
}
/* The page of an address; LAYOUT_PAGES: none. */
static inline unsigned layout_page_of(uint32_t address)
{
    if (address - ARENA < ARENA_SIZE)
        return (address - ARENA) / LAYOUT_PAGE;
    if (address - CODE < CODE_SIZE)
        return ARENA_PAGES + (address - CODE) / LAYOUT_PAGE;
    return LAYOUT_PAGES;
}

/* Linux's flat segments for 32-bit programs. */
#define FLAT_CODE 0x23
#define FLAT_DATA 0x2b

/* The local descriptor table: entry n has selector n << 3 | 7. As modify_ldt() takes them. */
enum { SEGMENT_DATA, SEGMENT_EXPAND_DOWN, SEGMENT_CODE };
struct layout_segment {
    uint32_t base, limit;
    uint8_t contents; /* SEGMENT_* */
    bool big;         /* D or B */
    bool pages;       /* G */
    bool read_only;   /* code: execute-only */
    bool absent;
};
extern const struct layout_segment layout_segments[];
extern const unsigned layout_segment_count;
static inline uint16_t layout_selector(unsigned entry)
{
    return (uint16_t)(entry << 3 | 7);
}
/* Entries by purpose. */
enum {
    ENTRY_ARENA,       /* data, all of the arena and no more */
    ENTRY_ARENA16,     /* the same, a 16-bit stack */
    ENTRY_BASED,       /* 4 GiB from the arena */
    ENTRY_SHORT,       /* the arena's first pages, an odd limit */
    ENTRY_READ_ONLY,   /* flat */
    ENTRY_EXPAND_DOWN, /* the arena's upper half */
    ENTRY_EXPAND16,
    ENTRY_WRAP, /* base beyond the arena: effective addresses have to wrap */
    ENTRY_CODE, /* readable, flat */
    ENTRY_CODE_BASED,
    ENTRY_CODE16,
    ENTRY_EXECUTE_ONLY,
    ENTRY_ABSENT,
};
/* Base of a segment by selector; what is no segment of ours counts as flat. */
uint32_t layout_base(uint16_t selector);

/* What the pages hold before a case's own bytes are put in: LAYOUT_PAGES of them. */
const uint8_t *layout_background(void);

#endif
