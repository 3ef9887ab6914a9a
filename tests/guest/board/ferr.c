// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// x87 errors by FERR# and IRQ 13, where CR0.NE is clear.
#include "board.h"

uint32_t ferr_zero, ferr_result;
uint16_t ferr_control;

CODE(divide_and_wait,
     "fninit; mov word ptr ferr_control, 0x37b; fldcw ferr_control; fld1; fdiv dword ptr ferr_zero;"
     "ferr_nop: nop; nop; ferr_wait: fwait; ferr_behind: nop; mov dword ptr ferr_result, 1");
CODE(divide_only, "fninit; mov word ptr ferr_control, 0x37b; fldcw ferr_control; fld1; fdiv dword "
                  "ptr ferr_zero; nop; fnstsw ax; fnclex");
CODE(divide_masked, "fninit; fld1; fdiv dword ptr ferr_zero; fwait; fnclex");

extern char ferr_nop[], ferr_wait[], ferr_behind[];

static void begin(void (*with)(struct frame *f))
{
    if (has(HAS_APIC))
        apic_init();
    pic_init(0);
    outb(0xf0, 0);
    __asm__ volatile("fninit");
    count_interrupts(with);
    ferr_result = 0;
}

/* As AT handlers do: port F0h, the exception, the EOIs. */
static void acknowledge(struct frame *f)
{
    outb(0xf0, 0);
    __asm__ volatile("fnclex");
    pic_eoi(f);
}

TEST(ferr_requests_irq_13, "SDM 1 8.7.2, appendix D; PIIX3, coprocessor error register")
{
    begin(acknowledge);
    pic_mask(0xdffb);
    sti();
    EQUAL(try_call(divide_and_wait), -1);
    cli();
    EQUAL(came[IRQ_BASE + 13], 1);
    EQUAL(order_count, 1);
    CHECK(came_at[0] <= (uint32_t)ferr_wait); /* before the waiting instruction is through */
    CHECK(came_at[0] > (uint32_t)divide_and_wait);
    EQUAL(ferr_result, 1);
    EQUAL(pic_irr(PIC2) & 0x20, 0);
}

TEST(ferr_only_while_unmasked, "SDM 1 8.7.2")
{
    begin(acknowledge);
    pic_mask(0xdffb);
    EQUAL(try_call(divide_masked), -1);
    let_in();
    EQUAL(order_count, 0);
    set_cr0(CR0_NE, 0); /* native: #MF, no IRQ */
    EQUAL(try_call(divide_and_wait), EXC_MF);
    EQUAL(last.eip, ferr_wait);
    __asm__ volatile("fnclex");
    set_cr0(0, CR0_NE);
    let_in();
    EQUAL(order_count, 0);
}

static void keep_exception(struct frame *f)
{
    outb(0xf0, 0); /* IGNNE#: x87 instructions go on in spite of it */
    uint16_t status;
    __asm__ volatile("fld1; fnstsw %0" : "=a"(status));
    EQUAL(status & 0x80, 0x80);
    __asm__ volatile("fnclex");
    pic_eoi(f);
}

TEST(ignne_lets_x87_go_on, "SDM 1 appendix D.2.1.2; PIIX3, coprocessor error register")
{
    begin(keep_exception);
    pic_mask(0xdffb);
    sti();
    EQUAL(try_call(divide_and_wait), -1);
    cli();
    EQUAL(order_count, 1);
    EQUAL(ferr_result, 1);
}
