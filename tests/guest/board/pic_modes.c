// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8259As' rotations, special modes, poll and read commands.
#include "board.h"

TEST(pic_rotation, "8259A, automatic and specific rotation")
{
    pic_begin(0, pic_eoi);
    outb(PIC1, 0xc0); /* IR0 lowest, IR1 highest */
    raise_irq0();
    raise_irq1();
    pic_mask(0xfffc);
    let_in();
    EQUAL(order_count, 2);
    EQUAL(order[0], IRQ_BASE + 1);
    pic_begin(0, 0);
    pic_mask(0xfffc);
    raise_irq0();
    let_in();
    outb(PIC1, 0xa0); /* ends it and makes it the lowest */
    EQUAL(pic_isr(PIC1), 0);
    raise_irq0_irq1();
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
    pic_begin(AUTO_EOI, 0);
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
    pic_begin(0, 0);
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
    pic_begin(0, 0);
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
        pic_begin(special ? SPECIAL_NESTED : 0, 0);
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

TEST(pic_rotate_in_automatic_eoi, "8259A, automatic rotation")
{
    for (unsigned rotate = 0; rotate < 2; rotate++) {
        pic_begin(AUTO_EOI, 0);
        outb(PIC1, rotate ? 0x80 : 0x00);
        pic_mask(0xfffc);
        raise_irq0();
        let_in(); /* IR0 was served: the lowest now */
        raise_irq0_irq1();
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
    pic_begin(0, pic_eoi);
    for (unsigned lowest = 0; lowest < 8; lowest++) {
        count_interrupts(pic_eoi);
        outb(PIC1, (uint8_t)(0xc0 | lowest));
        raise_irq0_irq1();
        let_in();
        EQUAL(order_count, 2);
        EQUAL(order[0], IRQ_BASE + (lowest == 0)); /* behind IR0 stands IR1 first */
        pic_mask(0xffff);
    }
    pic_init(0);
}

TEST(pic_read_selection_stays, "8259A, OCW3, read register command")
{
    pic_begin(0, 0);
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
    pic_begin(0, 0);
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
