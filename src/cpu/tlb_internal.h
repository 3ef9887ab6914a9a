// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The soft TLB's own state: tlb.c and tlb_fast.c.
#ifndef CPU_TLB_INTERNAL_H
#define CPU_TLB_INTERNAL_H

#include "cpu/tlb.h"

/*
 * Guests flush at each task switch, so a flush must touch what was filled since and no more: places
 * in the table of fast entries are listed as they are filled, those of global pages apart. Each
 * place is in a list at most once. Memory that is not used is not touched.
 */
enum { TLB_LIST_LOCAL, TLB_LIST_GLOBAL, TLB_LISTS };
enum {
    TLB_LISTED = 1 << 0, /* shifted by the list: it is in there */
    TLB_GLOBAL = 1 << 2, /* what is there now is a global page */
};
struct tlb_list {
    uint32_t count;
    uint16_t index[TLB_SIZE];
};
struct tlb_fast {
    uint8_t state[2][TLB_SIZE];
    struct tlb_list list[2][TLB_LISTS];
};

/* Whole translations, direct-mapped by the low bits of the page number. */
struct tlb_set {
    uint64_t used[TLB_PAGES / 64];
    uint64_t global[TLB_PAGES / 64];
    struct tlb_page page[TLB_PAGES];
};

struct tlb_extra {
    struct tlb_page victim[2][TLB_VICTIMS]; /* of data[] */
    unsigned next_victim;
    /* 4 MiB regions of linear addresses: something may have been entered from a large page. */
    uint64_t large[1024 / 64];
    struct {
        uint64_t physical; /* page address + 1, 0: unused */
        struct memory_page page;
    } walk[TLB_WALK_PAGES];
    struct tlb_set data[2], fetch[2];
    struct tlb_fast fast;
};

/* Make the fast entry of the page, if plain accesses to it are right. */
void tlb_fast_enter(struct cpu *cpu, const struct tlb_page *p, bool user);
void tlb_fast_flush(struct cpu *cpu, bool keep_global);
void tlb_fast_drop_page(struct cpu *cpu, uint32_t linear);
void tlb_fast_drop_region(struct cpu *cpu, uint32_t linear); /* the 4 MiB around it */

static inline unsigned tlb_region(uint32_t linear)
{
    return linear >> 22;
}
/* The linear page address that a tag stands for, and its region. */
static inline uint32_t tlb_tag_linear(uint32_t tag)
{
    return ~tag << 12;
}

#endif
