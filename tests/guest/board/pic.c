// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pair of 8259As: requests, priorities, ends of interrupts, modes.
#include "board.h"

/* Interrupts reach the processor by LINT0. */
static void begin(unsigned icw4, void (*with)(struct frame *f))
{
    if (has(HAS_APIC))
        apic_init();
    drop_irq1_irq12();
    drop_irq0();
    pic_init(icw4);
    count_interrupts(with);
}

TEST(pic_registers, "8259A, initialization; PIIX3 2.5.8")
{
    begin(0, 0);
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
    begin(0, 0);
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
    begin(0, pic_eoi);
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
    begin(0, pic_eoi);
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
    begin(0, pic_eoi);
    raise_irq1();
    raise_irq0();
    pic_mask(0xfffc);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[0], IRQ_BASE);
    EQUAL(order[1], IRQ_BASE + 1);
    begin(0, 0);
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
    begin(0, 0);
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
    begin(0, 0);
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

TEST(pic_rotation, "8259A, automatic and specific rotation")
{
    begin(0, pic_eoi);
    outb(PIC1, 0xc0); /* IR0 lowest, IR1 highest */
    raise_irq0();
    raise_irq1();
    pic_mask(0xfffc);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[0], IRQ_BASE + 1);
    begin(0, 0);
    pic_mask(0xfffc);
    raise_irq0();
    let_in();
    outb(PIC1, 0xa0); /* ends it and makes it the lowest */
    EQUAL(pic_isr(PIC1), 0);
    pic_mask(0xffff);
    drop_irq0();
    raise_irq0();
    raise_irq1();
    pic_mask(0xfffc);
    let_in();
    EQUAL(order[1], IRQ_BASE + 1);
    let_in(); /* IRQ 1 in service holds it back */
    EQUAL(order_count, 2);
    outb(PIC1, 0xe1); /* IR1 ended and the lowest */
    let_in();
    EQUAL(order[2], IRQ_BASE);
    outb(PIC1, 0x20);
    pic_init(0);
}

TEST(pic_automatic_eoi, "8259A, automatic end of interrupt")
{
    begin(AUTO_EOI, 0);
    pic_mask(0xfffc);
    raise_irq0();
    let_in();
    EQUAL(order_count, 1);
    EQUAL(pic_isr(PIC1), 0);
    raise_irq1();
    let_in();
    EQUAL(order_count, 2);
    EQUAL(pic_isr(PIC1), 0);
}

TEST(pic_special_mask, "8259A, special mask mode")
{
    begin(0, 0);
    pic_mask(0xfffc);
    raise_irq0();
    let_in();
    raise_irq1();
    pic_mask(0xfffd);
    let_in();
    EQUAL(order_count, 1);
    outb(PIC1, 0x68); /* on: the masked IR0 in service holds nobody back */
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[1], IRQ_BASE + 1);
    EQUAL(pic_isr(PIC1), 3);
    outb(PIC1, 0x61);
    outb(PIC1, 0x60);
    EQUAL(pic_isr(PIC1), 0);
    outb(PIC1, 0x48);
}

TEST(pic_poll, "8259A, poll command")
{
    begin(0, 0);
    pic_mask(0xfffc);
    outb(PIC1, 0x0c);
    EQUAL(inb(PIC1) & 0x80, 0);
    raise_irq1();
    outb(PIC1, 0x0c);
    EQUAL(inb(PIC1) & 0x87, 0x81);
    EQUAL(pic_isr(PIC1), 2); /* it was the acknowledge */
    let_in();
    EQUAL(order_count, 0);
    outb(PIC1, 0x20);
}

/* While a request of the slave is in service, a higher one of the slave gets through. */
TEST(pic_special_fully_nested, "8259A, special fully nested mode")
{
    for (unsigned special = 0; special < 2; special++) {
        begin(special ? SPECIAL_NESTED : 0, 0);
        outb(0x70, 0x0c);
        inb(0x71);
        pic_mask(0xeefb);
        raise_irq12();
        let_in();
        EQUAL(order_count, 1);
        outb(0x70, 0x0a);
        outb(0x71, 0x26);
        outb(0x70, 0x0b);
        outb(0x71, 0x42); /* periodic */
        CHECK(WAIT(pic_irr(PIC2) & 1));
        let_in();
        EQUAL(order_count, 1 + special);
        if (special)
            EQUAL(order[1], IRQ_BASE + 8);
        outb(0x70, 0x0b);
        outb(0x71, 0x02);
        outb(0x70, 0x0c);
        inb(0x71);
    }
    pic_init(0);
}

TEST(pic_level_triggered, "8259A, edge and level triggered modes; PIIX3 2.5.8")
{
    begin(0, 0);
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
    begin(0, pic_eoi);
    outb(PIC1, 0x20);
    outb(PIC1, 0x67);
    EQUAL(pic_isr(PIC1), 0);
    pic_mask(0xfffd);
    raise_irq1();
    let_in();
    EQUAL(came[IRQ_BASE + 1], 1);
}

TEST(pic_rotate_in_automatic_eoi, "8259A, automatic rotation")
{
    for (unsigned rotate = 0; rotate < 2; rotate++) {
        begin(AUTO_EOI, 0);
        outb(PIC1, rotate ? 0x80 : 0x00);
        pic_mask(0xfffc);
        raise_irq0();
        let_in(); /* IR0 was served: the lowest now */
        pic_mask(0xffff);
        drop_irq0();
        raise_irq0();
        raise_irq1();
        pic_mask(0xfffc);
        let_in();
        EQUAL(order_count, 3);
        EQUAL(order[1], IRQ_BASE + rotate);
        EQUAL(order[2], IRQ_BASE + 1 - rotate);
    }
    outb(PIC1, 0x00);
    pic_init(0);
}

/* A set of the lowest priority alone: nothing is in service, nothing ends. */
TEST(pic_set_priority, "8259A, specific rotation")
{
    begin(0, pic_eoi);
    for (unsigned lowest = 0; lowest < 8; lowest++) {
        count_interrupts(pic_eoi);
        outb(PIC1, (uint8_t)(0xc0 | lowest));
        drop_irq0();
        raise_irq0();
        raise_irq1();
        pic_mask(0xfffc);
        let_in();
        EQUAL(order_count, 2);
        EQUAL(order[0], IRQ_BASE + (lowest == 0)); /* behind IR0 stands IR1 first */
        pic_mask(0xffff);
    }
    pic_init(0);
}

TEST(pic_read_selection_stays, "8259A, OCW3, read register command")
{
    begin(0, 0);
    pic_mask(0xfffd);
    raise_irq1();
    let_in();
    raise_irq0();
    outb(PIC1, 0x0b);
    EQUAL(inb(PIC1), 2);
    outb(PIC1, 0x08); /* neither of both */
    EQUAL(inb(PIC1), 2);
    outb(PIC1 + 1, 0xfd); /* OCW1 changes nothing of it */
    EQUAL(inb(PIC1), 2);
    outb(PIC1, 0x0a);
    EQUAL(inb(PIC1) & 1, 1);
    EQUAL(inb(PIC1) & 1, 1);
    EQUAL(inb(PIC1 + 1), 0xfd); /* A0: the mask, whatever was selected */
    outb(PIC1, 0x20);
    pic_init(0);
}

TEST(pic_poll_of_slave, "8259A, poll command")
{
    begin(0, 0);
    pic_mask(0xefff); /* the master's cascade input is masked: no interrupt */
    outb(PIC2, 0x0c);
    EQUAL(inb(PIC2) & 0x80, 0);
    raise_irq12();
    outb(PIC2, 0x0c);
    EQUAL(inb(PIC2) & 0x87, 0x84);
    EQUAL(pic_isr(PIC2), 0x10);
    EQUAL(pic_isr(PIC1), 0);
    outb(PIC2, 0x0c); /* in service: nothing more */
    EQUAL(inb(PIC2) & 0x80, 0);
    outb(PIC2, 0x20);
    EQUAL(pic_isr(PIC2), 0);
    let_in();
    EQUAL(order_count, 0);
    pic_init(0);
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
        begin(0, pic_eoi);
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
    begin(0, 0);
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
    pic_mask(0xffff);
    drop_irq0();
    raise_irq0();
    raise_irq1();
    pic_mask(0xfffc);
    let_in();
    EQUAL(order[0], IRQ_BASE); /* the order is the first one again */
    EQUAL(order[1], IRQ_BASE + 1);
    pic_init(0);
}
