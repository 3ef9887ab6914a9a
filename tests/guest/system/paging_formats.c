// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Large pages and PAE: their entries, each reserved bit, NX.
#include "paging.h"

uint64_t pointers[4] __attribute__((aligned(32))),
    pae_directory[512] __attribute__((aligned(4096))),
    pae_table[512] __attribute__((aligned(4096)));

#define RESERVED 8u
#define FETCH    0x10u

unsigned physical_bits(void)
{
    uint32_t eax = 0x80000000;
    __asm__ volatile("cpuid" : "+a"(eax) : : "ebx", "ecx", "edx");
    if (eax < 0x80000008 || eax > 0x8000ffff)
        return has(HAS_PAE | HAS_PSE36) ? 36 : 32;
    eax = 0x80000008;
    __asm__ volatile("cpuid" : "+a"(eax) : : "ebx", "ecx", "edx");
    return eax & 0xff;
}

/* ---- 4 MiB pages ----------------------------------------------------------------------------- */

#define LARGE 0x800000u /* linear; shows 400000h */

static void map_large(uint32_t bits)
{
    directory[LARGE >> 22] = 0x400000 | P | W | PS | bits;
    set_cr3(directory);
}

TEST(large_page, "SDM 3A 4.3, 4.8")
{
    paging_start();
    set_cr4(CR4_PSE, 0);
    map_large(0);
    store32(FRAME + 0x20, 0xfeedface);
    expect(try_call, page_read, LARGE + 0x200020, -1, 0);
    EQUAL(test_value, 0xfeedface);
    EQUAL(directory[LARGE >> 22], 0x400000 | P | W | PS | A);
    expect(try_call, page_write, LARGE + 0x200020, -1, 0);
    EQUAL(directory[LARGE >> 22], 0x400000 | P | W | PS | A | D);
    expect(as_user, user_read, LARGE + 0x3ffffc, EXC_PF, 5);
    map_large(U);
    expect(as_user, user_read, LARGE + 0x3ffffc, BACK, 0);
    directory[LARGE >> 22] &= ~(uint32_t)W;
    set_cr3(directory);
    expect(as_user, user_write, LARGE, EXC_PF, 7);
    EQUAL(directory[LARGE >> 22] & D, 0);
}

TEST(large_page_reserved_bits, "SDM 3A 4.3, tables 4-4, 4.7")
{
    unsigned width = has(HAS_PSE36) ? physical_bits() : 32;
    paging_start();
    set_cr4(CR4_PSE, 0);
    if (width > 40)
        width = 40;
    for (unsigned bit = 13; bit <= 21; bit++) {
        bool address = bit < 21 && bit - 13 < width - 32;
        if (address)
            continue;
        map_large(1u << bit | U);
        expect(try_call, page_read, LARGE, EXC_PF, RESERVED | P);
        expect(as_user, user_write, LARGE, EXC_PF, RESERVED | P | W | U);
        EQUAL(directory[LARGE >> 22] & (A | D), 0);
        directory[LARGE >> 22] &= ~(uint32_t)P; /* absent: nothing is reserved */
        set_cr3(directory);
        expect(try_call, page_read, LARGE, EXC_PF, 0);
    }
    map_large(1u << 12 | U); /* PAT */
    if (has(HAS_PAT))
        expect(try_call, page_read, LARGE, -1, 0);
}

/* Without CR4.PSE bit 7 says nothing: the entry points to a table. */
TEST(large_page_without_pse, "SDM 3A 4.3")
{
    paging_start();
    directory[LARGE >> 22] = (uint32_t)table[1] | P | W | PS;
    set_cr3(directory);
    table[1][0] = FRAME | P | W;
    store32(FRAME, 0xabcdef01);
    expect(try_call, page_read, LARGE, -1, 0);
    EQUAL(test_value, 0xabcdef01);
}

/* ---- PAE ------------------------------------------------------------------------------------- */

void pae_start(void)
{
    set_cr4(CR4_PAE, 0);
    for (unsigned n = 0; n < 512; n++) {
        pae_directory[n] = 0;
        pae_table[n] = FRAME + (n << 12) + P + W + U;
    }
    for (unsigned n = 0; n < 4; n++) {
        pae_directory[n] = (uint64_t)n << 21 | P | W | U | PS;
        pointers[n] = 0;
    }
    pae_directory[PAE_PAGE >> 21] = (uint32_t)pae_table | P | W | U;
    pointers[0] = (uint32_t)pae_directory | P;
    set_cr3(pointers);
    set_cr0(CR0_PG, 0);
}

TEST(pae_walk, "SDM 3A 4.4.2, 4.6-4.8")
{
    if (!has(HAS_PAE))
        return;
    pae_start();
    store32(FRAME + 0x3000, 0x13572468);
    expect(try_call, page_read, PAE_PAGE + 0x3000, -1, 0);
    EQUAL(test_value, 0x13572468);
    EQUAL(pae_table[3] & (A | D), A);
    EQUAL(pae_directory[PAE_PAGE >> 21] & (A | D), A);
    expect(try_call, page_write, PAE_PAGE + 0x3000, -1, 0);
    EQUAL(pae_table[3] & (A | D), A | D);
    EQUAL(pae_directory[3] >> 32, 0);
    pae_table[4] &= ~(uint64_t)U;
    pae_table[5] &= ~(uint64_t)W;
    pae_table[6] = 0;
    set_cr3(pointers);
    expect(as_user, user_read, PAE_PAGE + 0x4000, EXC_PF, 5);
    expect(as_user, user_write, PAE_PAGE + 0x5000, EXC_PF, 7);
    expect(as_user, user_call, PAE_PAGE + 0x6000, EXC_PF, 4);
    expect(try_call, page_read, 0x40000000, EXC_PF, 0); /* an absent pointer */
    expect(try_call, page_read, 0x3fffff00, EXC_PF, 0);
}

TEST(pae_large_page, "SDM 3A 4.4.2, 4.8")
{
    if (!has(HAS_PAE))
        return;
    pae_start();
    pae_directory[5] = FRAME | P | W | PS;
    store32(FRAME + 0x1ffffc, 0x24681357);
    expect(try_call, page_read, 0xbffffc, -1, 0);
    EQUAL(test_value, 0x24681357);
    EQUAL(pae_directory[5], FRAME | P | W | PS | A);
    expect(try_call, page_write, 0xbffffc, -1, 0);
    EQUAL(pae_directory[5], FRAME | P | W | PS | A | D);
    expect(as_user, user_read, 0xbffffc, EXC_PF, 5);
}

static void reserved(volatile uint64_t *e, uint64_t plain, unsigned bit, uint32_t address)
{
    *e = plain | UINT64_C(1) << bit;
    set_cr3(pointers);
    expect(try_call, page_read, address, EXC_PF, RESERVED | P);
    expect(try_call, page_write, address, EXC_PF, RESERVED | P | W);
    expect(as_user, user_read, address, EXC_PF, RESERVED | P | U);
    EQUAL(*e & (A | D), 0);
    *e = (plain | UINT64_C(1) << bit) & ~(uint64_t)P;
    set_cr3(pointers);
    expect(try_call, page_read, address, EXC_PF, 0);
    *e = plain;
}

TEST(pae_reserved_bits, "SDM 3A 4.4.2, tables 4-9 to 4-11")
{
    if (!has(HAS_PAE))
        return;
    unsigned width = physical_bits();
    pae_start();
    for (unsigned bit = width; bit < 64; bit++) {
        reserved(&pae_table[9], FRAME | P | W | U, bit, PAE_PAGE + 0x9000);
        reserved(&pae_directory[5], FRAME | P | W | U | PS, bit, 0xa00000);
        reserved(&pae_directory[6], (uint32_t)pae_table | P | W | U, bit, 0xc00000);
    }
    for (unsigned bit = 13; bit < 21; bit++)
        reserved(&pae_directory[5], FRAME | P | W | U | PS, bit, 0xa00000);
}

/* Pointers are checked, and read, when CR3 is loaded. */
CODE(load_cr3, "mov eax, offset pointers; mov cr3, eax");
CODE(set_pg, "mov eax, cr0; or eax, 0x80000000; mov cr0, eax; nop");

TEST(pae_pointers, "SDM 3A 4.4.1, table 4-8")
{
    if (!has(HAS_PAE))
        return;
    unsigned width = physical_bits();
    uint32_t cr3;
    pae_start();
    for (unsigned bit = 0; bit < 64; bit++) {
        bool bad = (bit >= 1 && bit <= 2) || (bit >= 5 && bit <= 8) || bit >= width;
        if (!bad)
            continue;
        pointers[2] = P | UINT64_C(1) << bit;
        RAISES(load_cr3, EXC_GP, 0);
        pointers[2] &= ~(uint64_t)P;
        EQUAL(try_call(load_cr3), -1);
    }
    __asm__ volatile("movl %%cr3, %0" : "=r"(cr3));
    EQUAL(cr3, (uint32_t)pointers);
    pointers[2] = 0;
    expect(try_call, page_read, 0x80000000, EXC_PF, 0);
    pointers[2] = pointers[0]; /* takes no effect yet */
    invlpg(0x80000000);
    expect(try_call, page_read, 0x80000000, EXC_PF, 0);
    set_cr3(pointers);
    expect(try_call, page_read, 0x80000000, -1, 0);
    EQUAL(pointers[2] & (A | D), 0); /* no A bit in them */
    set_cr0(0, CR0_PG);
    pointers[3] = P | 2;
    RAISES(set_pg, EXC_GP, 0);
    EQUAL(cr0() & CR0_PG, 0);
    pointers[3] = 0;
}

/* ---- NX -------------------------------------------------------------------------------------- */

TEST(nx_reserved_without_nxe, "SDM 3A 4.4.2, 4.6")
{
    if (!has_nx())
        return;
    pae_start();
    reserved(&pae_table[9], FRAME | P | W | U, 63, PAE_PAGE + 0x9000);
}

TEST(nx_forbids_fetch, "SDM 3A 4.6.1, 4.7, 5.13")
{
    if (!has_nx())
        return;
    pae_start();
    wrmsr(0xc0000080, 0x800);
    store8(FRAME + 0x2000, 0xc3);
    store8(FRAME + 0x3000, 0xc3);
    pae_table[2] |= UINT64_C(1) << 63;
    set_cr3(pointers);
    expect(try_call, page_read, PAE_PAGE + 0x2000, -1, 0);
    expect(try_call, page_call, PAE_PAGE + 0x2000, EXC_PF, FETCH | P);
    EQUAL(last.eip, PAE_PAGE + 0x2000);
    expect(as_user, user_call, PAE_PAGE + 0x2000, EXC_PF, FETCH | P | U);
    expect(try_call, page_call, PAE_PAGE + 0x3000, -1, 0);
    pae_table[4] = 0;
    set_cr3(pointers);
    expect(try_call, page_call, PAE_PAGE + 0x4000, EXC_PF, FETCH);
    pae_directory[PAE_PAGE >> 21] |= UINT64_C(1) << 63; /* it is enough at either level */
    set_cr3(pointers);
    expect(try_call, page_call, PAE_PAGE + 0x3000, EXC_PF, FETCH | P);
    pae_directory[5] = FRAME | P | W | U | PS | UINT64_C(1) << 63;
    set_cr3(pointers);
    expect(try_call, page_call, 0xa03000, EXC_PF, FETCH | P);
    expect(try_call, page_read, 0xa03000, -1, 0);
}

TEST(nx_is_reserved_in_pointers, "SDM 3A 4.4.1, table 4-8")
{
    if (!has_nx())
        return;
    pae_start();
    wrmsr(0xc0000080, 0x800);
    pointers[2] = (uint32_t)pae_directory | P | UINT64_C(1) << 63;
    RAISES(load_cr3, EXC_GP, 0);
    pointers[2] = 0;
}

/* A page that is not executable behind the first bytes of an instruction. */
TEST(nx_within_an_instruction, "SDM 3A 4.6.1")
{
    if (!has_nx())
        return;
    pae_start();
    wrmsr(0xc0000080, 0x800);
    store8(FRAME + 0x2fff, 0xb8);
    store32(FRAME + 0x3000, 0);
    store8(FRAME + 0x3004, 0xc3);
    pae_table[3] |= UINT64_C(1) << 63;
    set_cr3(pointers);
    test_address = PAE_PAGE + 0x2fff;
    EQUAL(try_call(page_call), EXC_PF);
    EQUAL(last.error, FETCH | P);
    EQUAL(last_cr2, PAE_PAGE + 0x3000);
    EQUAL(last.eip, PAE_PAGE + 0x2fff);
}

/* Address bits beyond 32: there is no memory, or other memory. */
TEST(large_page_above_4_gib, "SDM 3A 4.3, table 4-4 (PSE-36)")
{
    unsigned width = has(HAS_PSE36) ? physical_bits() : 32;
    paging_start();
    set_cr4(CR4_PSE, 0);
    store32(FRAME + 0x20, 0xfeedface);
    for (unsigned bit = 13; bit < 21 && bit - 13 + 32 < width; bit++) {
        map_large(1u << bit);
        expect(try_call, page_read, LARGE + 0x200020, -1, 0);
        CHECK(test_value != 0xfeedface);
        EQUAL(directory[LARGE >> 22] & A, A);
    }
}

TEST(pae_above_4_gib, "SDM 3A 4.4.2, tables 4-9, 4-11")
{
    if (!has(HAS_PAE))
        return;
    unsigned width = physical_bits();
    pae_start();
    store32(FRAME + 0x9000, 0xfeedface);
    for (unsigned bit = 32; bit < width; bit++) {
        pae_table[9] = (FRAME + 0x9000) | P | W | UINT64_C(1) << bit;
        pae_directory[5] = FRAME | P | W | PS | UINT64_C(1) << bit;
        set_cr3(pointers);
        expect(try_call, page_read, PAE_PAGE + 0x9000, -1, 0);
        CHECK(test_value != 0xfeedface);
        expect(try_call, page_read, 0xa09000, -1, 0);
        CHECK(test_value != 0xfeedface);
    }
    pae_table[9] = (FRAME + 0x9000) | P | W;
    set_cr3(pointers);
    expect(try_call, page_read, PAE_PAGE + 0x9000, -1, 0);
    EQUAL(test_value, 0xfeedface);
}

/* U/S and R/W are joined over both levels of PAE, too; the pointers have neither. */
TEST(pae_rights, "SDM 3A 4.6.1, 4.7")
{
    if (!has(HAS_PAE))
        return;
    pae_start();
    for (unsigned rights = 0; rights < 16; rights++) {
        uint32_t pte = (rights & 3) << 1, pde = rights >> 2 << 1, both = pte & pde;
        pae_directory[PAE_PAGE >> 21] = (uint32_t)pae_table | P | pde;
        pae_table[9] = FRAME | P | pte;
        for (unsigned wp = 0; wp < 2; wp++) {
            set_cr0(wp ? CR0_WP : 0, wp ? 0 : CR0_WP);
            set_cr3(pointers);
            expect(try_call, page_read, PAE_PAGE + 0x9000, -1, 0);
            expect(try_call, page_write, PAE_PAGE + 0x9000, wp && !(both & W) ? EXC_PF : -1, 3);
            expect(as_user, user_read, PAE_PAGE + 0x9000, both & U ? BACK : EXC_PF, 5);
            expect(as_user, user_write, PAE_PAGE + 0x9000, both == (U | W) ? BACK : EXC_PF, 7);
        }
    }
}

/* Global pages of each size, and without CR4.PGE. */
TEST(large_pages_global, "SDM 3A 4.10.2.4, 4.10.4.1")
{
    if (!has(HAS_PGE))
        return;
    paging_start();
    set_cr4(CR4_PSE | CR4_PGE, 0);
    store32(0x400040, 0x11111111);
    store32(0x40, 0x22222222);
    for (unsigned n = 0; n < 6; n++) {
        directory[LARGE >> 22] = (n & 1 ? 0u : 0x400000u) | P | W | PS | G;
        if (n < 4)
            invlpg(LARGE);
        else
            set_cr4(n & 1 ? CR4_PGE : 0, n & 1 ? 0 : CR4_PGE);
        expect(try_call, page_read, LARGE + 0x40, -1, 0);
        EQUAL(test_value, n & 1 ? 0x22222222 : 0x11111111);
    }
}
