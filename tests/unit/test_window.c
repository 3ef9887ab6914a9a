// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: what they map and what they refuse.
#include "window_fixture.h"

/* ---- without paging ---- */

TEST(without_paging_linear_is_physical)
{
    struct fixture *f = fixture();
    *machine_at(f->m, 0x1234) = 7;
    CHECK_EQ(peek(f, 0x1234), 7);
    CHECK(poke(f, 0x1ff000, 8));
    CHECK_EQ(*machine_at(f->m, 0x1ff000), 8);
    CHECK(poke(f, UPPER + 0x5000, 9));
    CHECK_EQ(f->upper->host[0x5000], 9);
    CHECK_EQ(faults(f), 2); /* 2 MiB each */
    CHECK_EQ(peek(f, UPPER + 0x6000), 0);
    CHECK_EQ(faults(f), 2);
    CHECK_EQ(peek(f, UPPER + UPPER_SIZE), -1);
    CHECK_EQ(peek(f, 0xfffff000), -1);
    done(f);
}

TEST(roms_are_read_only_and_chips_refused)
{
    struct fixture *f = fixture();
    f->rom->host[0x1001] = 5;
    CHECK_EQ(peek(f, ROM + 0x1001), 5);
    CHECK(!poke(f, ROM + 0x1001, 6));
    CHECK_EQ(f->rom->host[0x1001], 5);
    CHECK_EQ(peek(f, CHIP), -1);
    CHECK(!poke(f, CHIP, 1));
    done(f);
}

TEST(a_change_of_the_map_shows)
{
    struct fixture *f = fixture();
    f->rom->host[0] = 5;
    CHECK_EQ(peek(f, ROM), 5);
    f->upper->host[0x3000] = 6;
    memory_begin(f->m->memory);
    region_set_ram(f->rom_region, f->upper, 0x3000, f->upper, 0x3000);
    memory_commit(f->m->memory);
    flush(f, false);
    CHECK_EQ(peek(f, ROM), 6);
    CHECK(poke(f, ROM, 7));
    CHECK_EQ(f->upper->host[0x3000], 7);
    done(f);
}

TEST(smm_and_a20_have_windows_of_their_own)
{
    struct fixture *f = fixture();
    *machine_at(f->m, 0x1000) = 1;
    *machine_at(f->m, 0x101000) = 2;
    f->rom->host[0] = 3;
    CHECK_EQ(peek(f, 0x101000), 2);
    CHECK_EQ(peek(f, ROM), 3);
    f->cpu->a20_mask = ~(1u << 20);
    flush(f, false);
    CHECK_EQ(peek(f, 0x101000), 1);
    f->cpu->a20_mask = ~0u;
    f->cpu->smm = true;
    flush(f, false);
    CHECK_EQ(peek(f, 0x101000), 2);
    CHECK_EQ(peek(f, ROM), -1); /* only mapped outside of SMM here */
    f->cpu->smm = false;
    flush(f, false);
    CHECK_EQ(peek(f, ROM), 3);
    done(f);
}

/* ---- accessed and dirty ---- */

TEST(a_read_sets_accessed_and_a_write_dirty)
{
    struct fixture *f = paged(0, 0);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & 0xfff, P | W | U | A);
    CHECK_EQ(peek32(f->m, TABLE + 12) & 0xfff, P | W | U | A);
    CHECK(poke(f, LINEAR, 0x12));
    CHECK_EQ(*machine_at(f->m, FRAME), 0x12);
    CHECK_EQ(peek32(f->m, TABLE + 12) & 0xfff, P | W | U | A | D);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & 0xfff, P | W | U | A);
    CHECK_EQ(faults(f), 2);
    done(f);
}

TEST(a_refused_access_sets_nothing)
{
    struct fixture *f = paged(CR0_WP, 0);
    poke32(f->m, TABLE + 12, FRAME | P);
    CHECK(!poke(f, LINEAR, 1));
    CHECK_EQ(peek32(f->m, TABLE + 12) & 0xfff, P);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & A, 0);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1);
    CHECK_EQ(peek32(f->m, TABLE + 16), 0);
    CHECK_EQ(peek(f, 0x00800000), -1);
    done(f);
}

TEST(cleared_bits_are_set_again_after_a_flush)
{
    struct fixture *f = paged(0, 0);
    CHECK(poke(f, LINEAR, 1));
    poke32(f->m, TABLE + 12, FRAME | P | W | U | A);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 1);
    CHECK_EQ(peek32(f->m, TABLE + 12) & D, 0);
    CHECK(poke(f, LINEAR, 2));
    CHECK_EQ(peek32(f->m, TABLE + 12) & D, D);
    poke32(f->m, TABLE + 12, FRAME | P | W | U | D);
    flush_page(f, LINEAR);
    CHECK_EQ(peek(f, LINEAR), 2);
    CHECK_EQ(peek32(f->m, TABLE + 12) & A, A);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U);
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, LINEAR), 2);
    CHECK_EQ(peek32(f->m, DIRECTORY + 4) & A, A);
    done(f);
}

TEST(neighbours_come_along_only_if_accessed)
{
    struct fixture *f = paged(0, 0);
    for (unsigned n = 4; n < 40; n++)
        poke32(f->m, TABLE + 4 * n, (FRAME + (n - 3) * 0x1000) | P | W | U | (n == 6 ? 0 : A));
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(faults(f), 1);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    CHECK_EQ(peek(f, LINEAR + 0x2000), 0);
    CHECK_EQ(faults(f), 1);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 6) & A, 0);
    CHECK_EQ(peek(f, LINEAR + 0x3000), 0);
    CHECK_EQ(faults(f), 2);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 6) & A, A);
    CHECK(poke(f, LINEAR + 0x1000, 1));
    CHECK_EQ(peek32(f->m, TABLE + 4 * 4) & D, D);
    CHECK_EQ(peek32(f->m, TABLE + 4 * 5) & D, 0);
    done(f);
}

TEST(a_hint_sets_no_bits)
{
    struct fixture *f = paged(0, 0);
    window_hint(f->ws, LINEAR, false);
    CHECK_EQ(peek32(f->m, TABLE + 12) & A, 0);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U | A);
    poke32(f->m, TABLE + 12, FRAME | P | W | U | A | D);
    window_hint(f->ws, LINEAR, true);
    CHECK(poke(f, LINEAR, 3));
    CHECK_EQ(faults(f), 0);
    done(f);
}

TEST(a_page_is_mapped_after_its_page_fault)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 12, 0);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), -1);
    CHECK(window_fault_is_guests(f->ws));
    f->cpu->cr2 = LINEAR + 5;
    set_cpl(f, 0);
    poke32(f->m, TABLE + 12, FRAME | P | W | U | A | D);
    poke32(f->m, DIRECTORY + 4, TABLE | P | W | U | A);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK(poke(f, LINEAR, 0x12));
    CHECK_EQ(faults(f), 0);
    CHECK_EQ(peek(f, LINEAR + 0x100000), -1);
    CHECK(window_fault_is_guests(f->ws));
    poke32(f->m, TABLE + 16, CHIP | P | W | U);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1);
    CHECK(!window_fault_is_guests(f->ws));
    done(f);
}

/* ---- rights ---- */

TEST(users_do_not_reach_supervisor_pages)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 12, FRAME | P | W);
    poke32(f->m, TABLE + 16, (FRAME + 0x1000) | P | U);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR), -1);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    CHECK(!poke(f, LINEAR + 0x1000, 1));
    set_cpl(f, 0);
    CHECK(poke(f, LINEAR + 0x1000, 0x23));
    set_cpl(f, 3);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x23);
    CHECK(!poke(f, LINEAR + 0x1000, 1));
    done(f);
}

TEST(write_protect_binds_the_supervisor)
{
    struct fixture *f = paged(0, 0);
    poke32(f->m, TABLE + 12, FRAME | P | U);
    CHECK(poke(f, LINEAR, 1));
    f->cpu->cr0 |= CR0_WP;
    flush(f, false);
    CHECK_EQ(peek(f, LINEAR), 1);
    CHECK(!poke(f, LINEAR, 2));
    f->cpu->cr0 &= ~CR0_WP;
    flush(f, false);
    CHECK(poke(f, LINEAR, 3));
    done(f);
}

TEST(rights_of_the_directory_bind_neighbours)
{
    struct fixture *f = paged(CR0_WP, 0);
    poke32(f->m, DIRECTORY + 4, TABLE | P | U | A);
    for (unsigned n = 3; n < 6; n++)
        poke32(f->m, TABLE + 4 * n, (FRAME + (n - 3) * 0x1000) | P | W | U | A | D);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK(!poke(f, LINEAR, 1));
    CHECK(!poke(f, LINEAR + 0x1000, 1));
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    done(f);
}

/* ---- large pages, PAE ---- */

TEST(pages_of_4_mib)
{
    struct fixture *f = paged(0, CR4_PSE);
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS);
    f->upper->host[0x200123] = 1; /* physical 0x400123 */
    f->upper->host[0x400456] = 2; /* 0x600456 */
    CHECK_EQ(peek(f, 0x00800123), 1);
    CHECK_EQ(peek(f, 0x00a00456), 2);
    CHECK_EQ(peek(f, 0x00a10456), 0);
    CHECK_EQ(faults(f), 2);
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & (A | D), A);
    CHECK(poke(f, 0x00a01000, 3));
    CHECK_EQ(f->upper->host[0x401000], 3);
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & (A | D), A | D);
    CHECK(poke(f, 0x00801000, 4));
    poke32(f->m, DIRECTORY + 8, 0x00400000 | P | W | U | PS | A); /* D goes */
    load_cr3(f, DIRECTORY);
    CHECK_EQ(peek(f, 0x00801000), 4);
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & D, 0);
    CHECK(poke(f, 0x00801000, 5));
    CHECK_EQ(peek32(f->m, DIRECTORY + 8) & D, D);
    poke32(f->m, DIRECTORY + 8, OTHER_TABLE | P | W | U); /* split */
    poke32(f->m, OTHER_TABLE, (FRAME + 0x1000) | P | W | U);
    flush_page(f, 0x00800000);
    CHECK_EQ(peek(f, 0x00800000), 0x22);
    CHECK_EQ(peek(f, 0x00a00456), -1);
    done(f);
}

TEST(pae_in_both_sizes)
{
    struct fixture *f = paged_pae(0);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek64(f->m, TABLE + 24) & 0xfff, P | W | U | A);
    CHECK(poke(f, LINEAR, 0x12));
    CHECK_EQ(peek64(f->m, TABLE + 24) & 0xfff, P | W | U | A | D);
    poke64(f->m, DIRECTORY + 32, 0x600000 | P | W | PS);
    f->upper->host[0x400789] = 9;
    CHECK_EQ(peek(f, 0x00800789), 9);
    CHECK(poke(f, 0x009fffff, 8));
    CHECK_EQ(f->upper->host[0x5fffff], 8);
    CHECK_EQ(peek64(f->m, DIRECTORY + 32) & (A | D), A | D);
    poke64(f->m, TABLE + 32, UINT64_C(1) << 63 | (FRAME + 0x1000) | P);
    CHECK_EQ(peek(f, LINEAR + 0x1000), -1); /* reserved while EFER.NXE is clear */
    poke64(f->m, POINTERS, OTHER_DIRECTORY | P);
    CHECK_EQ(peek(f, LINEAR), 0x12); /* the pointers are the processor's own */
    load_cr3(f, POINTERS);
    CHECK_EQ(peek(f, LINEAR), -1);
    done(f);
}

TEST(pae_data_may_be_no_execute)
{
    struct fixture *f = paged_pae(EFER_NXE);
    poke64(f->m, TABLE + 24, UINT64_C(1) << 63 | FRAME | P | A);
    poke64(f->m, TABLE + 32, UINT64_C(1) << 63 | (FRAME + 0x1000) | P | A);
    CHECK_EQ(peek(f, LINEAR), 0x11);
    CHECK_EQ(peek(f, LINEAR + 0x1000), 0x22);
    CHECK_EQ(faults(f), 1);
    done(f);
}
