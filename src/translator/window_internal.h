// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the files of the windows share: spaces, windows, and the stretches that they are mapped in.
#ifndef TRANSLATOR_WINDOW_INTERNAL_H
#define TRANSLATOR_WINDOW_INTERNAL_H

#include "cpu/cpu.h"
#include "cpu/tlb.h"
#include "host/host.h"
#include "translator/window.h"
#include "translator/window_tunables.h"

/*
 * What a kept window must never do is show a translation that a TLB, flushed as the guest flushed
 * its own, could not hold. For every page that is mapped the window keeps the entry it was mapped
 * under. A flush makes a new epoch; before a window of an older epoch is used again, its entries
 * are compared with what the page tables hold by then, and what has changed goes. No store of the
 * guest's into its page tables has to be seen for this: between two flushes a TLB is as stale.
 *
 * A window's bookkeeping is by stretches: 2 MiB of linear addresses, which is what one large page
 * of PAE maps, or 512 entries of a page table in any format. All of it is allocated at creation,
 * as it is needed in the host's fault handler.
 */
#define STRETCH_SHIFT 21
#define STRETCH_PAGES 512u
#define STRETCHES     2048u
#define WINDOW_SIZE   (UINT64_C(1) << 32)
#define PAGE_WORDS    (STRETCH_PAGES / 64)

/* Paging entries, SDM 3A tables 4-4 to 4-11. */
#define ENTRY_P  0x001u
#define ENTRY_W  0x002u
#define ENTRY_U  0x004u
#define ENTRY_A  0x020u
#define ENTRY_D  0x040u
#define ENTRY_PS 0x080u

struct stretch {
    const uint8_t *table; /* the 512 entries of its pages; NULL: a large page, or no paging */
    uint16_t index;       /* linear >> STRETCH_SHIFT */
    uint8_t entry_size;   /* 4 or 8; 0 without paging */
    uint16_t pages, writable_pages;
    uint32_t frame_min, frame_max; /* no page has a frame outside */
    uint64_t mapped[PAGE_WORDS], writable[PAGE_WORDS];
    uint32_t frame[STRETCH_PAGES]; /* which page of guest RAM is mapped: frame_of() */
    uint64_t leaf[STRETCH_PAGES];  /* the entry it was mapped under, if table != NULL */
};

struct window {
    struct host_window *host; /* NULL: not created yet */
    uint8_t *address;         /* of linear 0 */
    bool taken;               /* belongs to a space, or to several (supervisor) */
    bool user, paged;
    uint32_t flags;     /* SPACE_*: how its page tables are read */
    uint64_t epoch;     /* checked against the page tables in this one */
    uint64_t map_epoch; /* of the physical memory map that it was filled by */
    uint64_t last_used;
    uint32_t mappings; /* at most so many of the host's */
    uint32_t pages;
    uint32_t expected;         /* linear page: where a fault would follow the last one; */
    unsigned ahead;            /* then so many pages are mapped along, and more */
    unsigned count;            /* of stretches */
    uint16_t used[STRETCHES];  /* their indices, ascending */
    uint64_t entry[STRETCHES]; /* of the page directory, for used[n]: what a check looks at first */
    uint16_t at[STRETCHES];    /* place in the pool + 1, by index; 0: nothing mapped */
    /* By stretch, lately: pages that were taken away, and for how many of these others came. Where
     * that is often, mapping does not pay. */
    uint8_t lost[STRETCHES], churn[STRETCHES];
    bool churned; /* one of them is not 0 */
};

/* What besides CR3 decides what a linear address means. */
enum {
    SPACE_PAGED = 1 << 0,
    SPACE_WP = 1 << 1,
    SPACE_PSE = 1 << 2,
    SPACE_PAE = 1 << 3,
    SPACE_NXE = 1 << 4,
    SPACE_IN_SMM = 1 << 5,
    SPACE_A20_MASKED = 1 << 6,
};

/* One guest address space. */
struct space {
    uint64_t key;             /* CR3 and SPACE_* << 32; SPACE_UNUSED */
    struct window *window[2]; /* [0] supervisor, which other spaces may share; [1] user */
    uint64_t last_used;
    /* Of the process that it now is, ns: since it was seen first; and of that in user code. */
    int64_t ran, user_ran;
    /* What the user window may still cost, as it saves time by being used; and what it has cost
     * since the last look, ns. */
    int64_t credit, cost;
    int64_t taken_at, soft_until; /* by `user_ran`: got a window; gets none before */
    unsigned failures;            /* windows that did not pay, in succession */
    /* A page of its stack and the entry that mapped it; 0: not looked at. Systems give the same
     * page directory to the next process. */
    uint32_t witness;
    uint64_t witness_leaf;
};
#define SPACE_UNUSED UINT64_MAX

/* RAM pages of all blocks in one numbering, with room between blocks. */
struct ram_frames {
    struct ram_block *ram;
    uint32_t first;
};

struct windows {
    struct cpu *cpu;
    enum window_policy policy;
    struct window_counts counts;
    uint64_t epoch; /* of flushes; starts at 1 */
    uint64_t map_epoch;
    bool watched; /* pages were watched at the last flush */
    struct memory_listener listener;

    uint64_t key; /* of the current space */
    struct space *space;
    struct window *choice[2];
    uint64_t chosen[2]; /* the epoch in which choice[] was made */
    struct window *current;
    bool guests_fault; /* the last fault that was refused: because of the page tables */
    uint32_t seen_cr2; /* of the last page fault of the guest's that a page was mapped after */
    unsigned patience; /* quick selections until the clock is looked at again */
    int64_t since, decay_at;
    /* Some stays in user code are measured, and count for others: when it began, or 0; for how many
     * it counts; how many entries until the next is. */
    int64_t stay_began;
    unsigned stay_weight, until_stay;
    uint32_t interrupts; /* jit.interrupts at the last selection */
    uint64_t stamp;      /* counts selections, for last_used */

    struct window window[WINDOWS_MAX];
    struct space spaces[SPACES_MAX];
    struct ram_frames frames[FRAME_BLOCKS_MAX];
    unsigned frame_blocks;
    uint32_t next_frame;

    uint32_t budget;       /* of the host's mappings */
    int64_t refused_until; /* the host gave no mapping at all: no windows for a while */
    uint32_t mappings;

    struct stretch *pool;
    uint16_t *free; /* places in the pool */
    unsigned free_count;
    /* Pages of page tables (not large ones) mapped writable, by frame modulo: most frames that get
     * protected have none. */
    uint32_t writable_frames[FRAME_FILTER];
};

static inline struct stretch *stretch_at(const struct windows *ws, const struct window *w,
                                         unsigned index)
{
    return w->at[index] ? &ws->pool[w->at[index] - 1] : NULL;
}
static inline bool page_bit(const uint64_t *map, unsigned page)
{
    return map[page / 64] >> (page % 64) & 1;
}
/* The linear page number of a stretch's page. */
static inline uint64_t page_linear(const struct stretch *s, unsigned page)
{
    return ((uint64_t)s->index << STRETCH_SHIFT) + ((uint64_t)page << PAGE_SHIFT);
}
static inline uint64_t stored_entry(const uint8_t *at, unsigned size)
{
    return size == 4 ? load_le32(at) : load_le64(at);
}
/* Time that a user window cost its space. */
static inline void window_cost(struct windows *ws, const struct window *w, int64_t ns)
{
    if (w->user && ws->space != NULL)
        ws->space->cost += ns;
}

/* window_stretch.c: bookkeeping without the host. */
void stretches_create(struct windows *ws);
void stretches_destroy(struct windows *ws);
/* Where index is, or would be, in used[]. */
unsigned stretch_position(const struct window *w, unsigned index);
/* NULL: the pool is empty. */
struct stretch *stretch_add(struct windows *ws, struct window *w, unsigned index, uint64_t entry,
                            const uint8_t *table, uint8_t entry_size);
/* Forget the stretches used[from] to used[to - 1] and their pages. */
void stretches_remove(struct windows *ws, struct window *w, unsigned from, unsigned to);
void page_note_mapped(struct windows *ws, struct window *w, struct stretch *s, unsigned page,
                      uint32_t frame, uint64_t leaf, bool writable);
void page_note_writable(struct windows *ws, struct stretch *s, unsigned page, bool writable);
void page_note_unmapped(struct windows *ws, struct window *w, struct stretch *s, unsigned page);
/* False: too many blocks. */
bool frame_of(struct windows *ws, struct ram_block *ram, uint64_t offset, uint32_t *frame);

/* window_pages.c: changes of what is mapped. pages_map() may have to give up other mappings of the
 * same window for want of the host's: then it gives false, and all stretches are gone. The others
 * always succeed, maybe by giving up more than they were asked to; false tells so. */
bool pages_map(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
               unsigned end, struct ram_block *ram, uint64_t offset, bool writable);
bool pages_protect(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
                   unsigned end, bool writable);
bool pages_unmap(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
                 unsigned end);
/* The stretches used[from] to used[to - 1]. */
bool stretches_unmap(struct windows *ws, struct window *w, unsigned from, unsigned to);
void window_drop(struct windows *ws, struct window *w);
/* Keep within the budget of mappings and see that the pool has a stretch left: `w` may lose all. */
void window_make_room(struct windows *ws, struct window *w);

/* window_map.c: the way from a linear address to a page of RAM. */
struct place {
    uint64_t entry;       /* of the page directory */
    const uint8_t *table; /* NULL: a large page, or no paging */
    uint8_t entry_size;
};
/* Where the page tables say how stretch `index` is mapped. False: not at all, or they are not in
 * RAM. */
bool place_find(const struct windows *ws, unsigned index, struct place *place);
/* The entries of the page directory for stretch `index` and those behind it that are on the same
 * page: their number, 0 where they are not in RAM; two stretches share one of 4 bytes. */
unsigned directory_find(const struct windows *ws, unsigned index, const uint8_t **entries);
/* The entry that maps linear in the current space; 0: none. */
uint64_t leaf_find(const struct windows *ws, uint32_t linear);
/* hint: nothing has faulted there, so that nothing is to be set for it, A and D bits among it. */
bool window_map_page(struct windows *ws, struct window *w, uint32_t linear, bool write, bool hint);

/* window.c: window_hint() of a window. */
bool window_map_ahead(struct windows *ws, struct window *w, uint32_t linear, bool write);

/* window_check.c: make w show nothing older than the page tables are now. */
void window_check(struct windows *ws, struct window *w);
void window_check_page(struct windows *ws, struct window *w, uint32_t linear);
/* How many of w's stretches the current page tables map as w has them. */
unsigned window_matches(const struct windows *ws, const struct window *w);

/* window_space.c */
void spaces_create(struct windows *ws);

#endif
