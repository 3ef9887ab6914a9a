// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: what flushes leave of them, and pages whose stores have to be seen.
#include "window_fixture.h"

/* ---- flushes ---- */

TEST(a_changed_entry_shows_after_cr3_and_invlpg)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 16, (FRAME + 0x2000) | P | W | U);
    *machine_at(f->m, FRAME + 0x2000) = 0x33;
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x33);
    poke32(f->m, TABLE + 12, (FRAME + 0x1000) | P | W | U);
    flush_page(f, LINEAR);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    uint64_t before = faults(f);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x33);
    CHECK_EQ(faults(f), before);
    poke32(f->m, TABLE + 12, FRAME | P | W | U);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    poke32(f->m, TABLE + 12, 0);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), -1);
    poke32(f->m, DIRECTORY + 4, 0);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1);
    done(f);
}

TEST(a_write_that_walks_again_sees_the_new_frame)
{
    struct fixture *f = paged(0, 0);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    poke32(f->m, TABLE + 12, (FRAME + 0x1000) | P | W | U); /* no flush: but D has to be set */
    CHECK(poke(f, LINEAR, 0x44));
    CHECK_EQ(*machine_at(f->m, FRAME + 0x1000), 0x44);
    CHECK_EQ(*machine_at(f->m, FRAME), 0x11);
    CHECK_EQ(peek(f, LINEAR), 0x44);
    done(f);
}

TEST(windows_are_kept_over_a_switch)
{
    struct fixture *f = two_spaces(0);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    load_cr3(f, OTHER_DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    uint64_t before = faults(f);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    load_cr3(f, OTHER_DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    CHECK_EQ(faults(f), before);
    poke32(f->m, TABLE + 12, (FRAME + 0x2000) | P | W | U); /* while the other space is current */
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0);
    CHECK_EQ(faults(f), before + 1);
    done(f);
}

TEST(a_kernel_keeps_its_window_in_all_spaces)
{
    struct fixture *f = two_spaces(CR4_PGE);
    *machine_at(f->m, FRAME + 0x10000) = 0x55;
    for (unsigned n = 0; n < 8; n++)
        CHECK(poke(f, 0xc0000001u + n * 0x1000, 1));
    CHECK_EQ(peek(f, 0xc0000000u), 0x55);
    uint64_t before = faults(f);
    load_cr3(f, OTHER_DIRECTORY);
    CHECK_EQ(peek(f, 0xc0000000u), 0x55);
    CHECK_EQ(faults(f), before);
    CHECK_EQ(peek(f, LINEAR), 0x22);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    poke32(f->m, KERNEL_TABLE, (FRAME + 0x1000) | P | W | G);
    flush_page(f, 0xc0000000u);
    CHECK_EQ(peek(f, 0xc0000000u), 0x22);
    done(f);
}

/* ---- pages whose stores have to be seen ---- */

TEST(code_pages_are_protected_in_all_windows)
{
    struct fixture *f = two_spaces(0);
    poke32(f->m, OTHER_TABLE + 12, FRAME | P | W | U);
    CHECK(poke(f, LINEAR, 1));
    set_cpl(f, 3);
    CHECK(poke(f, LINEAR, 2));
    load_cr3(f, OTHER_DIRECTORY);
    CHECK(poke(f, LINEAR, 3));
    ram_page_set_flags(f->m->ram, FRAME >> PAGE_SHIFT, RAM_PAGE_CODE);
    window_protect(f->ws, f->m->ram, FRAME + 0x10, 4);
    CHECK(!poke(f, LINEAR, 4));
    load_cr3(f, DIRECTORY);
    CHECK(!poke(f, LINEAR, 5));
    set_cpl(f, 0);
    CHECK(!poke(f, LINEAR, 6));
    CHECK_EQ(peek(f, LINEAR), 3);
    ram_page_clear_flags(f->m->ram, FRAME >> PAGE_SHIFT, RAM_PAGE_CODE);
    CHECK(poke(f, LINEAR, 7));
    done(f);
}

TEST(a_code_page_within_a_large_page)
{
    struct fixture *f = paged(0, CR4_PSE);
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS);
    ram_page_set_flags(f->upper, 0x203, RAM_PAGE_CODE);
    CHECK(!poke(f, 0x00803000, 1));
    CHECK(poke(f, 0x00802000, 1));
    CHECK(poke(f, 0x00804000, 1));
    CHECK_EQ(peek(f, 0x00803000), 0);
    ram_page_set_flags(f->upper, 0x300, RAM_PAGE_CODE);
    CHECK(poke(f, 0x00900000, 1));
    window_protect(f->ws, f->upper, 0x300000, 0x1000);
    CHECK(!poke(f, 0x00900000, 2));
    CHECK(poke(f, 0x00901000, 2));
    CHECK(poke(f, 0x008ff000, 2));
    done(f);
}

TEST(dirty_pages_are_noticed)
{
    struct fixture *f = paged(0, 0);
    uint64_t map[1] = { 0 };
    ram_dirty_attach(f->m->ram, RAM_PAGE_DIRTY_DISPLAY);
    CHECK(poke(f, LINEAR, 1));
    CHECK(ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    window_protect(f->ws, f->m->ram, FRAME, 0x1000);
    /* It may be found dirty once more, for stores between the two. */
    ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map);
    window_protect(f->ws, f->m->ram, FRAME, 0x1000);
    CHECK(!ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    CHECK_EQ(peek(f, LINEAR), 1);
    CHECK(!ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    CHECK(poke(f, LINEAR, 2));
    CHECK(ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, map));
    done(f);
}

TEST(all_pages_can_be_protected)
{
    struct fixture *f = paged(0, CR4_PSE);
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS);
    ram_dirty_attach(f->m->ram, RAM_PAGE_DIRTY_DISPLAY);
    ram_dirty_attach(f->upper, RAM_PAGE_DIRTY_DISPLAY);
    CHECK(poke(f, LINEAR, 1));
    CHECK(poke(f, 0x00803000, 1));
    for (unsigned n = 0; n < 2; n++) { /* the first finds them written in between */
        ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, 0, MIB(2) >> PAGE_SHIFT, NULL);
        ram_dirty_fetch(f->upper, RAM_PAGE_DIRTY_DISPLAY, 0, UPPER_SIZE >> PAGE_SHIFT, NULL);
        window_protect(f->ws, NULL, 0, 0);
    }
    CHECK(poke(f, LINEAR, 1));
    CHECK(poke(f, 0x00803000, 1));
    CHECK(ram_dirty_fetch(f->m->ram, RAM_PAGE_DIRTY_DISPLAY, FRAME >> PAGE_SHIFT, 1, NULL));
    CHECK(ram_dirty_fetch(f->upper, RAM_PAGE_DIRTY_DISPLAY, 0x203, 1, NULL));
    done(f);
}

TEST(watched_pages_are_refused)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 16, (FRAME + 0x1000) | P | W | U | A | D);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    f->cpu->dr[0] = LINEAR + 4;
    f->cpu->dr[7] = 1 | 1 << 16; /* writes */
    flush(f, false);
    CHECK_EQ(peek(f, LINEAR), -1);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    f->cpu->dr[7] = 0;
    flush(f, false);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    done(f);
}

TEST(checked_alignment_is_refused)
{
    struct fixture *f = paged(CR0_AM, 0);
    f->cpu->eflags |= EFLAGS_AC;
    CHECK_EQ(peek(f, LINEAR), 0x11);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), -1);
    done(f);
}

TEST(page_tables_outside_of_ram_are_refused)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, DIRECTORY + 8, CHIP | P | W | U);
    CHECK_EQ(peek(f, 0x00800000), -1);
    store_le32(f->rom->host, FRAME | P | W | U);
    store_le32(f->rom->host + 4, FRAME | P | W | U | A);
    poke32(f->m, DIRECTORY + 12, ROM | P | W | U);
    CHECK_EQ(peek(f, 0x00c00000), -1); /* A cannot be set here */
    CHECK_EQ(peek(f, 0x00c01000), 0x11);
    ram_page_set_flags(f->m->ram, TABLE >> PAGE_SHIFT, RAM_PAGE_CODE);
    CHECK_EQ(peek(f, LINEAR), -1); /* somebody has to hear of it */
    ram_page_clear_flags(f->m->ram, TABLE >> PAGE_SHIFT, RAM_PAGE_CODE);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    done(f);
}
