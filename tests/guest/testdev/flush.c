// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// pc-testdev's flush: what is kept of a page is forgotten while it is used, and nobody sees it.
#include "testdev.h"

enum { FLUSH = 0xe4, ROUNDS = 40 };

static unsigned breakpoints, faults;
static uint32_t frame_page;

static bool flush_hook(struct frame *f)
{
    if (f->vector == EXC_BP) {
        breakpoints++;
        outl(FLUSH, (uint32_t)f); /* the stack that IRET is going to read */
        return true;
    }
    if (f->vector == EXC_PF) {
        faults++;
        map(TEST_LINEAR, frame_page, PTE_P | PTE_W);
        outl(FLUSH, frame_page);
        outl(FLUSH, (uint32_t)page_directory);
        return true;
    }
    return false;
}

/* Each with the descriptor table, the stack and the code itself forgotten just before. */
static void check_exceptions(void)
{
    struct {
        uint16_t limit;
        uint32_t base;
    } __attribute__((packed)) idtr;
    __asm__ volatile("sidt %0" : "=m"(idtr));
    hook = flush_hook;
    for (unsigned n = 0; n < ROUNDS; n++) {
        outl(FLUSH, idtr.base);
        outl(FLUSH, (uint32_t)&idtr);
        outl(FLUSH, (uint32_t)check_exceptions);
        __asm__ volatile("int3" : : : "memory");
        *(volatile uint32_t *)map_entry(TEST_LINEAR) = 0;
        invlpg(TEST_LINEAR);
        EQUAL(load32(TEST_LINEAR + 4 * n), n * 0x01010101);
    }
    EQUAL(breakpoints, ROUNDS);
    EQUAL(faults, ROUNDS);
    hook = NULL;
}

/* Memory keeps what it holds, by whichever of its addresses it is reached. */
static void check_contents(void)
{
    map(TEST_LINEAR, frame_page, PTE_P | PTE_W);
    for (uint32_t n = 0; n < 1024; n++) {
        store32(TEST_LINEAR + 4 * n, n * 0x01010101);
        if (n % 64 == 0)
            outl(FLUSH, frame_page);
    }
    for (uint32_t n = 0; n < 1024; n++)
        EQUAL(load32(frame_page + 4 * n), n * 0x01010101);
}

/* Code that was changed after it was forgotten is run as it is now. */
static void check_code(void)
{
    uint32_t code = FRAME(8);
    for (uint32_t n = 0; n < ROUNDS; n++) {
        store8(code, 0xb8); /* mov eax, n; ret */
        store32(code + 1, n);
        store8(code + 5, 0xc3);
        outl(FLUSH, code);
        EQUAL(call_code((const void *)code, 0, 0), n);
    }
}

void test_flush(void)
{
    frame_page = FRAME(4);
    check_contents();
    check_exceptions();
    check_code();
    EQUAL(inl(FLUSH), 0);
    outl(FLUSH, 0xffffffff); /* where nothing is */
}
