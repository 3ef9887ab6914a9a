// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows against page tables that change at random.
#include "window_fixture.h"

/* ---- at random ---- */

/*
 * Two address spaces share some tables; entries change at random, each change being followed by a
 * flush that a processor needs to see it. Then each access has to give what the entries say, and to
 * set A and D in just the entries that it uses.
 */
struct chaos {
    struct fixture *f;
    uint64_t seed;
    bool pae;
    unsigned current; /* space */
};
enum { CHAOS_PAGES = 48, CHAOS_FRAMES = 64, CHAOS_BASE = 0x00400000 };

static unsigned pick(struct chaos *c, unsigned limit)
{
    c->seed = c->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (unsigned)(c->seed >> 33) % limit;
}
static uint32_t chaos_table(unsigned space)
{
    return 0x110000 + space * 0x2000;
}
/* The directory entry of space for the pages, and the leaf entry of page. */
static uint32_t chaos_directory_entry(const struct chaos *c, unsigned space)
{
    return 0x118000 + space * 0x4000 + (c->pae ? 0x1000 + 16 : 4);
}
static uint32_t chaos_cr3(unsigned space)
{
    return 0x118000 + space * 0x4000;
}
static uint32_t chaos_leaf(const struct chaos *c, unsigned space, unsigned page)
{
    return chaos_table(space) + page * (c->pae ? 8 : 4);
}
static uint64_t chaos_get(const struct chaos *c, uint32_t at)
{
    return c->pae ? peek64(c->f->m, at) : peek32(c->f->m, at);
}
static void chaos_set(const struct chaos *c, uint32_t at, uint64_t value)
{
    if (c->pae)
        poke64(c->f->m, at, value);
    else
        poke32(c->f->m, at, (uint32_t)value);
}
static uint32_t chaos_frame(unsigned n)
{
    return UPPER + n * 0x1000;
}

static uint64_t random_leaf(struct chaos *c)
{
    static const uint16_t bits[] = {
        P | W | U, P | W | U | A,         P | W | U | A | D, P | U, P | U | A, P | W, P | W | A | D,
        0,         P | W | U | A | D | G, P | U | A | D
    };
    return chaos_frame(pick(c, CHAOS_FRAMES)) | bits[pick(c, ARRAY_SIZE(bits))];
}

static void chaos_change(struct chaos *c)
{
    unsigned page = pick(c, CHAOS_PAGES);
    uint32_t leaf = chaos_leaf(c, c->current, page);
    uint32_t linear = CHAOS_BASE + page * 0x1000;
    switch (pick(c, 8)) {
    case 0: /* another space's entry: its CR3 load flushes it */
        chaos_set(c, chaos_leaf(c, !c->current, page), random_leaf(c));
        break;
    case 1:
        chaos_set(c, leaf, random_leaf(c));
        flush(c->f, false);
        break;
    case 2: /* as fork() does it */
        for (unsigned n = 0; n < CHAOS_PAGES; n++)
            chaos_set(c, chaos_leaf(c, c->current, n),
                      chaos_get(c, chaos_leaf(c, c->current, n)) & ~(uint64_t)(W | G));
        flush(c->f, false);
        break;
    case 3: /* as a scan for idle pages does it */
        for (unsigned n = 0; n < CHAOS_PAGES; n++)
            chaos_set(c, chaos_leaf(c, c->current, n),
                      chaos_get(c, chaos_leaf(c, c->current, n)) & ~(uint64_t)(A | D));
        flush(c->f, false);
        break;
    case 4: {
        uint32_t at = chaos_directory_entry(c, c->current);
        uint64_t rights = pick(c, 4) == 0 ? 0 : pick(c, 4) == 0 ? U : W | U;
        chaos_set(c, at, chaos_table(c->current) | P | rights);
        flush(c->f, false);
        break;
    }
    default: chaos_set(c, leaf, random_leaf(c)); flush_page(c->f, linear);
    }
}

static void chaos_switch(struct chaos *c)
{
    switch (pick(c, 4)) {
    case 0: /* global pages would be kept: both spaces differ in theirs */
        c->current = !c->current;
        c->f->cpu->cr3 = chaos_cr3(c->current);
        if (c->pae)
            CHECK(paging_load_pdptes(c->f->cpu, chaos_cr3(c->current)));
        flush(c->f, false);
        break;
    case 1:
        c->f->cpu->cr0 ^= CR0_WP;
        flush(c->f, false);
        break;
    default: set_cpl(c->f, c->f->cpu->cpl == 3 ? 0 : 3);
    }
}

static bool chaos_allowed(const struct chaos *c, uint64_t directory, uint64_t leaf, bool write)
{
    bool user = c->f->cpu->cpl == 3;
    uint64_t rights = directory & leaf;
    if (!(rights & P) || (user && !(rights & U)))
        return false;
    return !write || rights & W || (!user && !(c->f->cpu->cr0 & CR0_WP));
}

static bool chaos_access(struct chaos *c)
{
    unsigned page = pick(c, CHAOS_PAGES), offset = pick(c, 0x1000);
    bool write = pick(c, 2);
    uint32_t at[2] = { chaos_directory_entry(c, c->current), chaos_leaf(c, c->current, page) };
    uint64_t directory = chaos_get(c, at[0]), leaf = chaos_get(c, at[1]);
    bool allowed = chaos_allowed(c, directory, leaf, write);
    /* Of use only where the access is allowed. */
    uint8_t *byte =
        (uint8_t *)((uintptr_t)c->f->upper->host + (leaf & 0xfffff000) - UPPER + offset);
    uint32_t linear = CHAOS_BASE + page * 0x1000 + offset;
    uint8_t value = (uint8_t)pick(c, 256);
    bool right =
        write ? poke(c->f, linear, value) == allowed : peek(c->f, linear) == (allowed ? *byte : -1);
    if (write && allowed)
        right &= *byte == value;
    if (allowed) {
        directory |= A;
        leaf |= A | (write ? D : 0);
    }
    return right && chaos_get(c, at[0]) == directory && chaos_get(c, at[1]) == leaf;
}

static void chaos_protect(struct chaos *c)
{
    unsigned n = pick(c, CHAOS_FRAMES);
    ram_page_set_flags(c->f->upper, n, RAM_PAGE_CODE);
    window_protect(c->f->ws, c->f->upper, n * 0x1000, 0x1000);
    for (unsigned page = 0; page < CHAOS_PAGES; page++) {
        uint64_t leaf = chaos_get(c, chaos_leaf(c, c->current, page));
        if ((leaf & 0xfffff000) == chaos_frame(n))
            CHECK(!poke(c->f, CHAOS_BASE + page * 0x1000, 1));
    }
    ram_page_clear_flags(c->f->upper, n, RAM_PAGE_CODE);
}

static void chaos(bool pae, uint64_t seed, uint32_t budget)
{
    struct chaos c = { .f = fixture(), .seed = seed, .pae = pae };
    c.f->cpu->cr4 = pae ? CR4_PAE : 0;
    c.f->cpu->cr0 |= CR0_PG;
    if (budget != 0)
        windows_set_budget(c.f->ws, budget);
    for (unsigned space = 0; space < 2; space++) {
        if (pae)
            poke64(c.f->m, chaos_cr3(space), (chaos_cr3(space) + 0x1000) | P);
        chaos_set(&c, chaos_directory_entry(&c, space), chaos_table(space) | P | W | U);
    }
    for (unsigned n = 0; n < UPPER_SIZE; n++)
        c.f->upper->host[n] = (uint8_t)(n * 5 + (n >> 12));
    load_cr3(c.f, chaos_cr3(0));
    for (unsigned n = 0; n < 20000; n++) {
        unsigned what = pick(&c, 40);
        if (what == 0)
            chaos_switch(&c);
        else if (what < 3)
            chaos_change(&c);
        else if (what == 3 && pick(&c, 8) == 0)
            chaos_protect(&c);
        else if (!chaos_access(&c)) {
            unit_fail(__FILE__, __LINE__, "step %u of seed %llu, %s", n, (unsigned long long)seed,
                      pae ? "PAE" : "32-bit");
            break;
        }
    }
    done(c.f);
}

TEST(random_changes_of_32_bit_tables)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        chaos(false, seed, seed == 4 ? 32 : 0);
}

TEST(random_changes_of_pae_tables)
{
    for (uint64_t seed = 11; seed <= 14; seed++)
        chaos(true, seed, seed == 14 ? 32 : 0);
}
