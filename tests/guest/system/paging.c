// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Paging: error codes, A and D bits, WP, PSE, PAE, NX, page-crossing stores.
#include "harness.h"

#define P  1u
#define W  2u
#define U  4u
#define A  0x20u
#define D  0x40u
#define PS 0x80u

static uint32_t directory[1024] __attribute__((aligned(4096))),
    table[2][1024] __attribute__((aligned(4096)));
static uint64_t pointers[4] __attribute__((aligned(32))),
    pae_directory[512] __attribute__((aligned(4096))),
    pae_table[512] __attribute__((aligned(4096)));
uint32_t test_address, test_value;

CODE(page_read, "mov ecx, test_address; mov eax, [ecx]; mov test_value, eax");
CODE(page_write, "mov ecx, test_address; mov eax, test_value; mov [ecx], eax");
CODE(page_call, "call dword ptr test_address");
CODE(page_modify, "mov ecx, test_address; add dword ptr [ecx], 1");
CODE(user_read, "mov ecx, test_address; mov eax, [ecx]; int 0x30");
CODE(user_write, "mov ecx, test_address; mov [ecx], eax; int 0x30");
CODE(user_call, "call dword ptr test_address; int 0x30");

static void set_cr0(uint32_t set, uint32_t clear)
{
    uint32_t v;
    __asm__ volatile("movl %%cr0, %0" : "=r"(v));
    __asm__ volatile("movl %0, %%cr0" : : "r"((v | set) & ~clear));
}

static void set_cr4(uint32_t set, uint32_t clear)
{
    uint32_t v;
    __asm__ volatile("movl %%cr4, %0" : "=r"(v));
    __asm__ volatile("movl %0, %%cr4" : : "r"((v | set) & ~clear));
}

static void set_cr3(void *to)
{
    __asm__ volatile("movl %0, %%cr3" : : "r"(to) : "memory");
}

#define TEST_PAGE 0x700000u /* linear; its frame is 600000h */
#define FRAME     0x600000u

static void map(uint32_t bits)
{
    table[1][TEST_PAGE >> 12 & 1023] = FRAME | bits;
    set_cr3(directory);
}

static uint32_t entry(void)
{
    return table[1][TEST_PAGE >> 12 & 1023];
}

static void faults(int (*try)(void (*)(void)), void (*code)(void), int vector, uint32_t error)
{
    test_address = TEST_PAGE + 0x10;
    EQUAL(try(code), vector);
    if (vector == EXC_PF) {
        EQUAL(last.error, error);
        EQUAL(last_cr2, TEST_PAGE + 0x10);
        EQUAL(last.eflags & EFLAGS_RF, EFLAGS_RF);
    }
}

static int as_user(void (*code)(void))
{
    return try_user(code, EFLAGS_IF);
}

static void plain(void)
{
    for (unsigned n = 0; n < 2048; n++)
        table[n / 1024][n % 1024] = n << 12 | P | W | U;
    for (unsigned n = 0; n < 1024; n++)
        directory[n] = 0;
    directory[0] = (uint32_t)table[0] | P | W | U;
    directory[1] = (uint32_t)table[1] | P | W | U;
    set_cr3(directory);
    set_cr0(0x80000000, 0);

    map(0);
    faults(try_call, page_read, EXC_PF, 0);
    faults(try_call, page_write, EXC_PF, 2);
    faults(as_user, user_read, EXC_PF, 4);
    faults(as_user, user_write, EXC_PF, 6);
    map(P);
    faults(try_call, page_read, -1, 0);
    EQUAL(entry(), FRAME | P | A);
    faults(as_user, user_read, EXC_PF, 5);
    faults(try_call, page_write, -1, 0); /* CR0.WP is clear */
    EQUAL(entry(), FRAME | P | A | D);
    map(P | U);
    faults(as_user, user_read, BACK, 0);
    faults(as_user, user_write, EXC_PF, 7);
    EQUAL(entry(), FRAME | P | U | A);
    set_cr0(0x10000, 0);
    map(P | U);
    faults(try_call, page_write, EXC_PF, 3);
    EQUAL(entry() & D, 0);
    map(P | W | U);
    faults(try_call, page_read, -1, 0);
    EQUAL(entry() & D, 0);
    faults(try_call, page_modify, -1, 0);
    EQUAL(entry() & D, D);
    directory[1] &= ~U; /* rights are those of both levels */
    map(P | W | U);
    faults(as_user, user_read, EXC_PF, 5);
    directory[1] |= U;
    set_cr0(0, 0x10000);
    EQUAL(directory[1] & A, A);
    test_address = 0x40000010; /* no table at all */
    EQUAL(try_call(page_read), EXC_PF);
    EQUAL(last.error, 0);
}

/* A store across two pages, the second one absent: nothing may be written. */
static void crossing(void)
{
    map(0);
    test_address = TEST_PAGE - 2;
    test_value = 0x12345678;
    *(volatile uint16_t *)(TEST_PAGE - 2) = 0xabcd;
    EQUAL(try_call(page_write), EXC_PF);
    EQUAL(last_cr2, TEST_PAGE);
    EQUAL(*(volatile uint16_t *)(TEST_PAGE - 2), 0xabcd);
    map(P | W);
    EQUAL(try_call(page_write), -1);
    EQUAL(*(volatile uint16_t *)(TEST_PAGE - 2), 0x5678);
    EQUAL(*(volatile uint16_t *)FRAME, 0x1234);
}

static void large(void)
{
    set_cr4(0x10, 0);
    directory[2] = 0x400000 | P | W | PS; /* linear 800000h shows 400000h */
    set_cr3(directory);
    *(volatile uint32_t *)(FRAME + 0x20) = 0xfeedface;
    test_address = 0x800000 + FRAME - 0x400000 + 0x20;
    EQUAL(try_call(page_read), -1);
    EQUAL(test_value, 0xfeedface);
    EQUAL(directory[2], 0x400000 | P | W | PS | A);
    EQUAL(try_call(page_write), -1);
    EQUAL(directory[2] & D, D);
    directory[2] = 0x400000 | 0x200000 | P | PS; /* a reserved bit */
    set_cr3(directory);
    EQUAL(try_call(page_read), EXC_PF);
    EQUAL(last.error, 9);
    set_cr4(0, 0x10);
}

static void pae(void)
{
    uint32_t edx;
    set_cr0(0, 0x80000000);
    set_cr4(0x20, 0);
    for (unsigned n = 0; n < 512; n++) {
        pae_directory[n] = 0;
        pae_table[n] = ((uint64_t)(6 << 21) >> 1) + ((uint64_t)n << 12) + P + W + U;
    }
    for (unsigned n = 0; n < 4; n++) {
        pae_directory[n] = (uint64_t)n << 21 | P | W | U | PS;
        pointers[n] = 0;
    }
    pae_directory[4] = (uint32_t)pae_table | P | W | U;
    pointers[0] = (uint32_t)pae_directory | P;
    set_cr3(pointers);
    set_cr0(0x80000000, 0);
    *(volatile uint32_t *)FRAME = 0xc3c3c3c3;
    test_address = 0x800000;
    *(volatile uint32_t *)0x603000 = 0xc3c3c3c3;
    EQUAL(try_call(page_read), -1);
    EQUAL(test_value, 0xc3c3c3c3);
    EQUAL(pae_table[0] & (A | D), A);
    pae_table[1] |=
        UINT64_C(1)
        << 40; /* beyond the physical address width of 36 bits or more: reserved if so */
    uint32_t eax = 0x80000001;
    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    if (edx & 1 << 20) {
        pae_table[2] |= UINT64_C(1) << 63;
        test_address = 0x802000;
        EQUAL(try_call(page_read), EXC_PF);
        EQUAL(last.error, 9); /* bit 63 is reserved until EFER.NXE */
        __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(0x800), "d"(0));
        EQUAL(try_call(page_read), -1);
        EQUAL(try_call(page_call), EXC_PF);
        EQUAL(last.error, 0x11);
        EQUAL(last_cr2, 0x802000);
        EQUAL(last.eip, 0x802000);
        EQUAL(as_user(user_call), EXC_PF);
        EQUAL(last.error, 0x15);
        test_address = 0x803000;
        EQUAL(try_call(page_call), -1);
        __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(0), "d"(0));
    }
    set_cr0(0, 0x80000000);
    set_cr4(0, 0x20);
}

void test_paging(void)
{
    plain();
    crossing();
    large();
    pae();
}
