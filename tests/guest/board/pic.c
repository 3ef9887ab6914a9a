// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pair of 8259As: requests, priorities, ends of interrupts.
#include "board.h"

void pic_begin(unsigned icw4, void (*with)(struct frame *f))
{
    if (has(HAS_APIC))
        apic_init();
    drop_irq1_irq12();
    drop_irq0();
    pic_init(icw4);
    count_interrupts(with);
}

TEST(pic_registers, "8259A, initialization; PIIX3, edge/level control registers")
{
    pic_begin(0, 0);
    outb(PIC1 + 1, 0x5a);
    outb(PIC2 + 1, 0xa5);
    EQUAL(inb(PIC1 + 1), 0x5a);
    EQUAL(inb(PIC2 + 1), 0xa5);
    outb(PIC1, 0x11); /* ICW1 clears the mask */
    outb(PIC1 + 1, IRQ_BASE);
    outb(PIC1 + 1, 4);
    outb(PIC1 + 1, 1);
    EQUAL(inb(PIC1 + 1), 0);
    outb(0x4d0, 0xff); /* IRQ 0, 1, 2, 8 and 13 are always edges */
    outb(0x4d1, 0xff);
    EQUAL(inb(0x4d0), 0xf8);
    EQUAL(inb(0x4d1), 0xde);
    pic_init(0);
}

TEST(pic_request_and_service, "8259A, interrupt sequence, OCW2, OCW3")
{
    pic_begin(0, 0);
    pic_mask(0xfffd);
    EQUAL(pic_irr(PIC1) & 2, 0);
    raise_irq1();
    EQUAL(pic_irr(PIC1) & 2, 2);
    EQUAL(pic_isr(PIC1), 0);
    EQUAL(came[IRQ_BASE + 1], 0);
    let_in();
    EQUAL(came[IRQ_BASE + 1], 1);
    EQUAL(pic_irr(PIC1) & 2, 0);
    EQUAL(pic_isr(PIC1), 2);
    outb(PIC1, 0x20);
    EQUAL(pic_isr(PIC1), 0);
    let_in(); /* the line is still high: an edge counts once */
    EQUAL(came[IRQ_BASE + 1], 1);
    drop_irq1_irq12();
    raise_irq1();
    let_in();
    EQUAL(came[IRQ_BASE + 1], 2);
    EQUAL(order_count, 2);
    outb(PIC1, 0x20);
}

TEST(pic_mask_register, "8259A, OCW1")
{
    pic_begin(0, pic_eoi);
    raise_irq1();
    EQUAL(pic_irr(PIC1) & 2, 2); /* a mask does not hide the request */
    let_in();
    EQUAL(order_count, 0);
    pic_mask(0xfffd);
    let_in();
    EQUAL(came[IRQ_BASE + 1], 1);
    EQUAL(order_count, 1);
}

TEST(pic_vectors, "8259A, ICW2")
{
    pic_begin(0, pic_eoi);
    outb(PIC1, 0x11);
    outb(PIC1 + 1, 0x67); /* the low bits are the input's number */
    outb(PIC1 + 1, 4);
    outb(PIC1 + 1, 1);
    pic_mask(0xfffd);
    raise_irq1();
    let_in();
    EQUAL(came[0x61], 1);
    EQUAL(order_count, 1);
}

TEST(pic_fully_nested, "8259A, fully nested mode")
{
    pic_begin(0, pic_eoi);
    raise_irq1();
    raise_irq0();
    pic_mask(0xfffc);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[0], IRQ_BASE);
    EQUAL(order[1], IRQ_BASE + 1);
    pic_begin(0, 0);
    pic_mask(0xfffc);
    raise_irq0();
    let_in(); /* IRQ 0 stays in service */
    raise_irq1();
    let_in();
    EQUAL(order_count, 1);
    outb(PIC1, 0x20);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[1], IRQ_BASE + 1);
    drop_irq0();
    raise_irq0(); /* and interrupts IRQ 1 in service */
    let_in();
    EQUAL(order_count, 3);
    EQUAL(pic_isr(PIC1), 3);
    outb(PIC1, 0x20); /* ends the higher one */
    EQUAL(pic_isr(PIC1), 2);
    outb(PIC1, 0x20);
    EQUAL(pic_isr(PIC1), 0);
}

TEST(pic_cascade, "8259A, cascade mode")
{
    pic_begin(0, 0);
    pic_mask(0xeffb);
    raise_irq12();
    EQUAL(pic_irr(PIC2), 0x10);
    EQUAL(pic_irr(PIC1) & 4, 4);
    let_in();
    EQUAL(came[IRQ_BASE + 12], 1);
    EQUAL(order_count, 1);
    EQUAL(pic_isr(PIC1), 4);
    EQUAL(pic_isr(PIC2), 0x10);
    outb(PIC2, 0x20);
    EQUAL(pic_isr(PIC2), 0);
    EQUAL(pic_isr(PIC1), 4);
    outb(PIC1, 0x20);
    EQUAL(pic_isr(PIC1), 0);
}

TEST(pic_specific_eoi, "8259A, OCW2")
{
    pic_begin(0, 0);
    pic_mask(0xfffc);
    raise_irq1();
    let_in();
    raise_irq0();
    let_in();
    EQUAL(pic_isr(PIC1), 3);
    outb(PIC1, 0x61);
    EQUAL(pic_isr(PIC1), 1);
    outb(PIC1, 0x65); /* a level that is not in service */
    EQUAL(pic_isr(PIC1), 1);
    outb(PIC1, 0x60);
    EQUAL(pic_isr(PIC1), 0);
}

TEST(pic_level_triggered,
     "8259A, edge and level triggered modes; PIIX3, edge/level control registers")
{
    pic_begin(0, 0);
    outb(0x4d1, 0x10);
    pic_mask(0xeffb);
    raise_irq12();
    let_in();
    EQUAL(came[IRQ_BASE + 12], 1);
    outb(PIC2, 0x20);
    outb(PIC1, 0x20);
    let_in(); /* still high: once more */
    EQUAL(came[IRQ_BASE + 12], 2);
    drop_irq1_irq12();
    outb(PIC2, 0x20);
    outb(PIC1, 0x20);
    let_in();
    EQUAL(came[IRQ_BASE + 12], 2);
    EQUAL(order_count, 2);
    raise_irq12();
    drop_irq1_irq12(); /* gone before it was acknowledged */
    EQUAL(pic_irr(PIC2) & 0x10, 0);
    outb(0x4d1, 0);
}

/* IRQ 15 and 7 with nobody at it: poll and EOI of nothing change nothing. */
TEST(pic_eoi_of_nothing, "8259A, OCW2")
{
    pic_begin(0, pic_eoi);
    outb(PIC1, 0x20);
    outb(PIC1, 0x67);
    EQUAL(pic_isr(PIC1), 0);
    pic_mask(0xfffd);
    raise_irq1();
    let_in();
    EQUAL(came[IRQ_BASE + 1], 1);
}

static void take_byte(struct frame *f)
{
    inb(0x60);
    pic_eoi(f);
}

/* The request has to stay until INTA in either mode. */
TEST(pic_request_withdrawn, "8259A, edge and level triggered modes")
{
    for (unsigned level = 0; level < 2; level++) {
        pic_begin(0, pic_eoi);
        outb(0x4d1, level ? 0x10 : 0);
        pic_mask(0xeffb);
        raise_irq12();
        EQUAL(pic_irr(PIC2), 0x10);
        EQUAL(pic_irr(PIC1) & 4, 4);
        drop_irq1_irq12();
        EQUAL(pic_irr(PIC2), 0);
        EQUAL(pic_irr(PIC1) & 4, 0);
        let_in();
        EQUAL(came[IRQ_BASE + 12], 0);
        CHECK(order_count == came[IRQ_BASE + 7] + came[IRQ_BASE + 15]); /* at most a default IR7 */
        count_interrupts(take_byte);
        raise_irq12();
        let_in();
        EQUAL(came[IRQ_BASE + 12], 1);
    }
    pic_init(0);
}

/* Initialization forgets what is in service, and edges that came before. */
TEST(pic_initialization_clears, "8259A, initialization command words, a. to e.")
{
    pic_begin(0, 0);
    pic_mask(0xfffc);
    raise_irq1();
    let_in();
    EQUAL(pic_isr(PIC1), 2);
    raise_irq0();
    outb(PIC1, 0xc3); /* a rotated order, special mask mode, ISR selected */
    outb(PIC1, 0x6b);
    outb(PIC1, 0x11);
    outb(PIC1 + 1, IRQ_BASE);
    outb(PIC1 + 1, 4);
    outb(PIC1 + 1, 1);
    EQUAL(inb(PIC1) & 3, 0); /* IRR is selected, and the edges are gone */
    EQUAL(pic_isr(PIC1), 0);
    count_interrupts(pic_eoi);
    let_in();
    EQUAL(order_count, 0);
    raise_irq0_irq1();
    let_in();
    EQUAL(order[0], IRQ_BASE); /* the order is the first one again */
    EQUAL(order[1], IRQ_BASE + 1);
    pic_init(0);
}
