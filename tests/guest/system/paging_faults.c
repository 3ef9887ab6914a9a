// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Page faults while an exception is delivered: double faults, and one after the other.
#include "paging.h"

#define AT (TEST_PAGE + 0x10)

CODE(bad_segment, "mov eax, 0xfff8; mov ds, ax");
CODE(undefined, "ud2");

static uint64_t idt_room[1024] __attribute__((aligned(4096)));

/* The IDT with its page border before this vector; one of its pages is away. */
static uint64_t *split_idt(unsigned vector, unsigned absent)
{
    uint64_t *moved = idt_room + 512 - vector;
    for (unsigned n = 0; n < 256; n++)
        moved[n] = idt[n];
    table[0][((uint32_t)idt_room >> 12) + absent] &= ~(uint32_t)P;
    set_cr3(directory);
    set_idt(moved, 256 * 8 - 1);
    return moved;
}

TEST(page_fault_twice, "SDM 3A 6.15 interrupt 8, table 6-5")
{
    paging_start();
    map(0);
    uint64_t *moved = split_idt(9, 1); /* #DF can be found, #PF cannot */
    test_address = AT;
    RAISES(page_read, EXC_DF, 0);
    EQUAL(last_cr2, moved + EXC_PF);
}

TEST(page_fault_then_contributory, "SDM 3A 6.15 interrupt 8, table 6-5")
{
    paging_start();
    map(0);
    idt[EXC_PF] = 0;
    test_address = AT;
    RAISES(page_read, EXC_DF, 0);
    EQUAL(last_cr2, AT);
}

TEST(contributory_then_page_fault, "SDM 3A 6.15 interrupt 8, table 6-5")
{
    paging_start();
    uint64_t *moved = split_idt(14, 0); /* #PF can be found, #GP cannot */
    RAISES(bad_segment, EXC_PF, 0);     /* one after the other */
    EQUAL(last_cr2, moved + EXC_GP);
    EQUAL(last.eip, (uint32_t)bad_segment + 5);
}

TEST(benign_then_page_fault, "SDM 3A 6.15 interrupt 8, table 6-5")
{
    paging_start();
    uint64_t *moved = split_idt(14, 0);
    RAISES(undefined, EXC_PF, 0);
    EQUAL(last_cr2, moved + EXC_UD);
    EQUAL(last.eip, undefined);
}
