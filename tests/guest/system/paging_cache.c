// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What becomes of translations that a TLB keeps: INVLPG, CR3, global pages, changes of mode.
#include "paging.h"

#define AT (TEST_PAGE + 0x10)

/* The two frames that TEST_PAGE shows in turn. */
static void fill(void)
{
    store32(FRAME + 0x10, 0x11111111);
    store32(0x500010, 0x22222222);
}

static void point(uint32_t frame, uint32_t bits)
{
    table[1][TEST_PAGE >> 12 & 1023] = frame | bits;
}

static void shows(uint32_t value)
{
    expect(try_call, page_read, AT, -1, 0);
    EQUAL(test_value, value);
}

TEST(invlpg_drops_one_page, "SDM 3A 4.10.4.1; SDM 2 INVLPG")
{
    paging_start();
    fill();
    for (unsigned n = 0; n < 8; n++) {
        point(n & 1 ? 0x500000 : FRAME, P | W);
        invlpg(TEST_PAGE + n * 0x123); /* any address in it */
        shows(n & 1 ? 0x22222222 : 0x11111111);
    }
    point(FRAME, 0);
    invlpg(AT);
    expect(try_call, page_read, AT, EXC_PF, 0);
}

/* An absent page is never kept. */
TEST(absent_pages_are_not_kept, "SDM 3A 4.10.2.3")
{
    paging_start();
    fill();
    for (unsigned n = 0; n < 3; n++) {
        point(FRAME, 0);
        invlpg(AT);
        expect(try_call, page_read, AT, EXC_PF, 0);
        point(FRAME, P);
        shows(0x11111111);
    }
}

/* A page fault drops what was kept of its address: the handler need not. */
TEST(page_fault_drops_the_page, "SDM 3A 4.10.4.1")
{
    paging_start();
    map(P | U);
    expect(as_user, user_read, AT, BACK, 0);
    expect(as_user, user_write, AT, EXC_PF, 7);
    point(FRAME, P | U | W);
    test_address = AT;
    int vector = as_user(user_write);
    CHECK(vector == BACK || vector == EXC_PF); /* once more at most */
    expect(as_user, user_write, AT, BACK, 0);
}

TEST(cr3_drops_pages, "SDM 3A 4.10.4.1")
{
    paging_start();
    fill();
    for (unsigned n = 0; n < 8; n++) {
        point(n & 1 ? 0x500000 : FRAME, P | W);
        set_cr3(directory);
        shows(n & 1 ? 0x22222222 : 0x11111111);
    }
}

/* What must be gone: a global page after INVLPG, and after any change of CR4.PGE. */
TEST(global_pages, "SDM 3A 4.10.2.4, 4.10.4.1")
{
    if (!has(HAS_PGE))
        return;
    paging_start();
    fill();
    set_cr4(CR4_PGE, 0);
    for (unsigned n = 0; n < 6; n++) {
        point(n & 1 ? 0x500000 : FRAME, P | W | G);
        invlpg(TEST_PAGE);
        shows(n & 1 ? 0x22222222 : 0x11111111);
    }
    for (unsigned n = 0; n < 6; n++) {
        point(n & 1 ? 0x500000 : FRAME, P | W | G);
        set_cr4(n & 1 ? CR4_PGE : 0, n & 1 ? 0 : CR4_PGE);
        shows(n & 1 ? 0x22222222 : 0x11111111);
    }
    set_cr4(0, CR4_PGE); /* G means nothing now */
    for (unsigned n = 0; n < 4; n++) {
        point(n & 1 ? 0x500000 : FRAME, P | W | G);
        set_cr3(directory);
        shows(n & 1 ? 0x22222222 : 0x11111111);
    }
    EQUAL(entry() & G, G);
}

TEST(paging_off_drops_pages, "SDM 3A 4.10.4.1")
{
    paging_start();
    fill();
    for (unsigned n = 0; n < 4; n++) {
        point(n & 1 ? 0x500000 : FRAME, P | W | (has(HAS_PGE) ? G : 0));
        set_cr0(0, CR0_PG);
        EQUAL(load32(TEST_PAGE + 0x10), load32(0x700010)); /* as it is */
        set_cr0(CR0_PG, 0);
        shows(n & 1 ? 0x22222222 : 0x11111111);
    }
}

TEST(invlpg_of_a_large_page, "SDM 3A 4.10.4.1; SDM 2 INVLPG")
{
    paging_start();
    fill();
    set_cr4(CR4_PSE, 0);
    for (unsigned n = 0; n < 4; n++) {
        directory[2] = (n & 1 ? 0x400000u : 0) | P | W | PS;
        invlpg(0x800000 + n * 0x45678); /* any address in it drops it all */
        expect(try_call, page_read, 0x900010, -1, 0);
        EQUAL(test_value, n & 1 ? 0x22222222 : load32(0x100010));
    }
    directory[2] = (uint32_t)table[1] | P | W; /* a table in its place */
    point(FRAME, P | W);
    invlpg(0xb00010);
    expect(try_call, page_read, 0xb00010, -1, 0);
    EQUAL(test_value, 0x11111111);
}

CODE(user_invlpg, "invlpg [0x700000]");
CODE(invlpg_register, ".byte 0x0f, 0x01, 0xf8");
CODE(invlpg_null_es, "xor eax, eax; mov es, ax; invlpg es:[0x12345678]");

TEST(invlpg_faults, "SDM 2 INVLPG")
{
    paging_start();
    EQUAL(try_user(user_invlpg, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(try_call(invlpg_register), EXC_UD);
    map(0);
    EQUAL(try_call(user_invlpg), -1); /* an absent page is no fault */
    EQUAL(try_call(invlpg_null_es), -1);
}

/* The page that holds the tables is itself reached by them. */
TEST(tables_in_their_own_pages, "SDM 3A 4.10.4.1")
{
    paging_start();
    fill();
    directory[1023] = (uint32_t)directory | P | W;
    set_cr3(directory);
    uint32_t pte = 0xffc00000u + (TEST_PAGE >> 10);
    for (unsigned n = 0; n < 4; n++) {
        store32(pte, (n & 1 ? 0x500000u : FRAME) | P | W);
        invlpg(TEST_PAGE);
        shows(n & 1 ? 0x22222222 : 0x11111111);
        EQUAL(load32(pte) & (A | D), A);
    }
}
