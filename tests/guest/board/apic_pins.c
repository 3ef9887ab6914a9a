// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC's LINT0 pin, its spurious vector, off and on, INIT.
#include "board.h"

TEST(apic_lint0_extint, "SDM 3A 10.5.1")
{
    if (!apic_begin(pic_eoi))
        return;
    drop_irq0();
    pic_mask(0xfffe);
    set_apic(APIC_LVT_LINT0, 0x10700);
    raise_irq0();
    let_in();
    EQUAL(order_count, 0); /* masked */
    set_apic(APIC_LVT_LINT0, 0x700);
    let_in();
    EQUAL(came[IRQ_BASE], 1);
    EQUAL(apic_bit(APIC_ISR, IRQ_BASE), 0); /* the APIC knows nothing of it */
    pic_mask(0xffff);
    set_apic(APIC_LVT_LINT0, 0x56); /* fixed: the 8259A is not asked for the vector */
    service = apic_eoi;
    drop_irq0();
    raise_irq0();
    pic_mask(0xfffe);
    let_in();
    EQUAL(came[0x56], 1);
    pic_init(0);
    set_apic(APIC_LVT_LINT0, 0x700);
}

/* Globally disabled it is not there, and INTR is the processor's pin. */
TEST(apic_global_disable, "SDM 3A 10.4.3")
{
    if (!apic_begin(pic_eoi))
        return;
    wrmsr(0x1b, 0xfee00100);
    drop_irq0();
    pic_mask(0xfffe);
    raise_irq0();
    let_in();
    EQUAL(came[IRQ_BASE], 1);
    pic_mask(0xffff);
    wrmsr(0x1b, 0xfee00900);
    EQUAL(apic(APIC_SVR) & 0x1ff, 0xff); /* as after a reset */
    apic_init();
}

/* Level-sensitive and fixed: remote IRR stands until the EOI. */
TEST(apic_lint0_level, "SDM 3A 10.5.1, remote IRR, trigger mode")
{
    if (!apic_begin(0))
        return;
    drop_irq0();
    set_apic(APIC_LVT_LINT0, 0x8057);
    EQUAL(apic(APIC_LVT_LINT0) & 0x1ffff, 0x8057);
    raise_irq0();
    pic_mask(0xfffe); /* INTR stays high: nobody acknowledges the 8259A */
    EQUAL(apic(APIC_LVT_LINT0) & 0x4000, 0x4000);
    EQUAL(apic_bit(APIC_TMR, 0x57), 1);
    let_in();
    EQUAL(came[0x57], 1);
    EQUAL(apic(APIC_LVT_LINT0) & 0x4000, 0x4000);
    let_in();
    EQUAL(order_count, 1);
    set_apic(APIC_EOI, 0); /* still high */
    let_in();
    EQUAL(came[0x57], 2);
    pic_mask(0xffff);
    set_apic(APIC_EOI, 0);
    EQUAL(apic(APIC_LVT_LINT0) & 0x4000, 0);
    let_in();
    EQUAL(order_count, 2);
    apic_init();
}

TEST(apic_lint0_nmi, "SDM 3A 10.5.1, delivery mode")
{
    if (!apic_begin(0))
        return;
    drop_irq0();
    set_apic(APIC_LVT_LINT0, 0x455); /* the vector means nothing */
    pic_mask(0xfffe);
    raise_irq0();
    CHECK(WAIT(came[EXC_NMI])); /* IF is clear */
    EQUAL(came[EXC_NMI], 1);
    let_in();
    EQUAL(order_count, 1);
    set_apic(APIC_LVT_LINT0, 0x10700);
    pic_init(0);
    apic_init();
}

/* A request that the task priority takes back before INTA: nothing, or the spurious vector. */
TEST(apic_spurious_vector, "SDM 3A 10.9")
{
    if (!apic_begin(0))
        return;
    apic_send(0x51);
    set_apic(APIC_TPR, 0x60);
    let_in();
    EQUAL(came[0x51], 0);
    EQUAL(order_count, came[0xff]);
    EQUAL(apic_bit(APIC_ISR, 0xff), 0); /* no in-service bit, no EOI */
    EQUAL(apic_bit(APIC_IRR, 0x51), 1);
    count_interrupts(apic_eoi);
    set_apic(APIC_TPR, 0);
    let_in();
    EQUAL(came[0x51], 1);
    EQUAL(order_count, 1);
}

/* The processor starts over at its reset vector, and the firmware does. */
TEST(apic_init_message, "SDM 3A 10.6.1, INIT; 9.1")
{
    if (!apic_begin(0))
        return;
    outb(0x70, 0x0f);
    outb(0x71, 0); /* the AT's shutdown status: a cold start */
    expect_reset();
    apic_send(0x500);
    WAIT(false);
    CHECK(false);
}
