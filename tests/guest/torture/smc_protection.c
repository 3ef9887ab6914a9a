// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Hot code on a page that goes away, becomes read-only, somebody else's, or not executable.
#include "smc.h"

static struct {
    unsigned count;
    uint32_t error, cr2, eip, entry; /* the entry that makes the page good again */
} fault;

static bool repair(struct frame *f)
{
    if (f->vector != EXC_PF)
        return false;
    fault.count++;
    fault.error = f->error;
    fault.cr2 = last_cr2;
    fault.eip = f->eip;
    *map_entry(last_cr2) = fault.entry;
    invlpg(last_cr2);
    return true;
}

static void expect_fault(unsigned count, uint32_t error, uint32_t cr2, uint32_t eip)
{
    EQUAL(fault.count, count);
    if (fault.count == 0 || count == 0)
        return;
    EQUAL(fault.error, error);
    EQUAL(fault.cr2, cr2);
    EQUAL(fault.eip, eip);
    fault.count = 0;
}

CODE(user_number, "mov eax, 5; int3");
/* EAX: the entry; ECX: its new value. Then it would go on. */
CODE(take_away, "mov [eax], ecx; call take_away_flush; nop; nop; mov eax, 7; ret");
CODE(user_store, "mov [eax], eax; mov eax, 9; int3");
/* Stores into its own page, just behind itself. */
CODE(user_own, "call 1f; 1: pop edx; inc byte ptr [edx + 2f - 1b + 1]; 2: mov al, 0; int3");

/* In the kernel: flush page 49 and return into it. */
CODE(take_away_flush_code, "invlpg [0x40000000 + 49 * 4096]; ret");
__asm__(".globl take_away_flush\n.set take_away_flush, take_away_flush_code");

static void not_present(void)
{
    place_number(PAGE(48), 5);
    fault.entry = FRAME(48) | RWX;
    for (unsigned n = 0; n < 200; n++) {
        EQUAL(run_hot(PAGE(48), n % 50 ? 3 : HOT), 5 * (n % 50 ? 3 : HOT));
        expect_fault(0, 0, 0, 0);
        map(PAGE(48), FRAME(48), 0);
        EQUAL(call0(PAGE(48)), 5);
        expect_fault(1, 0, PAGE(48), PAGE(48));
    }
    /* Running there; CALL is relative, so the copy is mended. */
    uint32_t end = PLACE(PAGE(49), take_away);
    store32(PAGE(49) + 3, (uint32_t)take_away_flush_code - (PAGE(49) + 7));
    fault.entry = FRAME(49) | RWX;
    for (unsigned n = 0; n < 500; n++) {
        bool away = n % 3 == 2;
        uint32_t entry = away ? FRAME(49) : FRAME(49) | RWX;
        EQUAL(call_code((void *)PAGE(49), (uint32_t)map_entry(PAGE(49)), entry), 7);
        expect_fault(away, 0, PAGE(49) + 7, PAGE(49) + 7);
    }
    (void)end;
}

static void user_pages(void)
{
    PLACE(PAGE(50), user_number);
    fault.entry = FRAME(50) | RWX;
    for (unsigned n = 0; n < 300; n++) {
        EQUAL(run_user(PAGE(50), 0), 5);
        expect_fault(0, 0, 0, 0);
        if (n % 3 == 1)
            map(PAGE(50), FRAME(50), PTE_P | PTE_W);
        else if (n % 3 == 2)
            map(PAGE(50), FRAME(50), PTE_W | PTE_U);
        EQUAL(run_user(PAGE(50), 0), 5);
        expect_fault(n % 3 != 0, n % 3 == 1 ? 5 : 4, PAGE(50), PAGE(50));
    }
}

/* A store into a hot page that may no longer be written, by itself and from elsewhere. */
static void read_only(void)
{
    uint8_t value = 0;
    PLACE(PAGE(51), user_own);
    PLACE(PAGE(52), user_store);
    for (unsigned n = 0; n < 400; n++) {
        bool protected = n % 4 == 3;
        if (protected)
            map(PAGE(51), FRAME(51), PTE_P | PTE_U);
        fault.entry = FRAME(51) | RWX;
        value++;
        EQUAL(run_user(PAGE(51), 0) & 0xff, value);
        expect_fault(protected, 7, PAGE(51) + 13, PAGE(51) + 6);
    }
    for (unsigned n = 0; n < 100; n++) {
        uint32_t at = PAGE(51) + 0x800;
        map(PAGE(51), FRAME(51), n & 1 ? PTE_P | PTE_U : RWX);
        EQUAL(run_user(PAGE(52), at), 9);
        expect_fault(n & 1, 7, at, PAGE(52));
        EQUAL(load32(at), at);
        value++;
        EQUAL(run_user(PAGE(51), 0) & 0xff, value);
        /* By level 0, which CR0.WP binds, too. */
        map(PAGE(51), FRAME(51), n & 1 ? PTE_P | PTE_U : RWX);
        store8(PAGE(51) + 0x900, (uint8_t)n);
        EQUAL(fault.count, n & 1);
        EQUAL(load8(PAGE(51) + 0x900), n & 0xff);
        fault.count = 0;
    }
}

/* Read-only pages without WP: level 0 changes what level 3 runs. */
static void without_wp(void)
{
    PLACE(PAGE(53), user_number);
    map(PAGE(53), FRAME(53), PTE_P | PTE_U);
    for (unsigned n = 0; n < 200; n++) {
        set_cr0(n & 1 ? cr0() & ~0x10000u : cr0() | 0x10000);
        if (n & 1)
            store8(PAGE(53) + 1, (uint8_t)n);
        EQUAL(run_user(PAGE(53), 0), n == 0 ? 5 : n & 1 ? n : n - 1);
    }
    set_cr0(cr0() | 0x10000);
    expect_fault(0, 0, 0, 0);
}

void smc_protection(void)
{
    hook = repair;
    fault.count = 0;
    not_present();
    user_pages();
    read_only();
    without_wp();
}

/* ---- PAE and NX ------------------------------------------------------------------------------ */

static uint64_t pointers[4] __attribute__((aligned(32))),
    pae_low[512] __attribute__((aligned(4096))), pae_test[512] __attribute__((aligned(4096))),
    pae_table[512] __attribute__((aligned(4096)));

static bool repair_pae(struct frame *f)
{
    if (f->vector != EXC_PF)
        return false;
    fault.count++;
    fault.error = f->error;
    fault.cr2 = last_cr2;
    fault.eip = f->eip;
    pae_table[last_cr2 >> 12 & 511] = fault.entry;
    invlpg(last_cr2);
    return true;
}

static void pae_on(void)
{
    set_cr0(cr0() & ~0x80000000);
    set_cr4(cr4() | 0x20);
    for (unsigned n = 0; n < 512; n++) {
        pae_low[n] = (uint64_t)n << 21 | PTE_P | PTE_W | PTE_PS;
        pae_test[n] = 0;
        pae_table[n] = (FRAMES + n * 4096) | RWX;
    }
    pae_test[0] = (uint32_t)pae_table | RWX;
    pointers[0] = (uint32_t)pae_low | PTE_P;
    pointers[TEST_LINEAR >> 30] = (uint32_t)pae_test | PTE_P;
    set_cr3((uint32_t)pointers);
    set_cr0(cr0() | 0x80000000);
}

static void pae_remap(void)
{
    place_number(FRAME(1), 1);
    place_number(FRAME(2), 2);
    for (unsigned n = 0; n < 600; n++) {
        pae_table[1] = FRAME(1 + n % 2) | RWX;
        if (n % 3)
            invlpg(PAGE(1));
        else
            set_cr3(cr3());
        EQUAL(call0(PAGE(1)), 1 + n % 2);
    }
    /* A table of the pointers' own: they are read when CR3 is loaded. */
    pae_test[1] = (FRAMES + 0x200000) | RWX | PTE_PS;
    place_number(FRAMES + 0x200000 + 0x3000, 33);
    set_cr3(cr3());
    EQUAL(run_hot(TEST_LINEAR + 0x200000 + 0x3000, HOT), 33 * HOT);
    store8(FRAMES + 0x203001, 34);
    EQUAL(run_hot(TEST_LINEAR + 0x200000 + 0x3000, HOT), 34 * HOT);
}

static void nx_pages(void)
{
    const uint64_t nx = UINT64_C(1) << 63;
    place_number(FRAME(3), 3);
    PLACE(FRAME(4), user_number);
    for (unsigned n = 0; n < 200; n++) {
        EQUAL(run_hot(PAGE(3), 5), 15);
        pae_table[3] |= nx;
        invlpg(PAGE(3));
        fault.entry = FRAME(3) | RWX;
        EQUAL(load32(PAGE(3) + 1), 3); /* data it still is */
        EQUAL(call0(PAGE(3)), 3);
        expect_fault(1, 0x11, PAGE(3), PAGE(3));
        EQUAL(run_user(PAGE(4), 0), 5);
        pae_table[4] |= nx;
        invlpg(PAGE(4));
        fault.entry = FRAME(4) | RWX;
        EQUAL(run_user(PAGE(4), 0), 5);
        expect_fault(1, 0x15, PAGE(4), PAGE(4));
    }
}

void smc_no_execute(void)
{
    uint32_t eax = 0x80000001, edx;
    __asm__ volatile("cpuid" : "+a"(eax), "=d"(edx) : : "ebx", "ecx");
    fault.count = 0;
    pae_on();
    hook = repair_pae;
    pae_remap();
    if (edx & 1 << 20) {
        __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(0x800), "d"(0));
        nx_pages();
        __asm__ volatile("wrmsr" : : "c"(0xc0000080), "a"(0), "d"(0));
    }
    hook = NULL;
    paging_start();
}
