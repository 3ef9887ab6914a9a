// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8254's control words, latches and formats, and its places on the board.
#include "pit.h"

TEST(pit_status, "8254, read-back command, status byte")
{
    for (unsigned mode = 0; mode < 6; mode++) {
        gate(false);
        control(mode, BOTH, 0);
        uint8_t s = status();
        EQUAL(s & 0x3f, BOTH | mode << 1);
        EQUAL(s & 0x40, 0x40); /* null count: nothing is loaded */
        EQUAL(s >> 7, mode != 0);
        EQUAL(out(), mode != 0);
        control(mode, LSB, 1);
        EQUAL(status() & 0x3f, LSB | mode << 1 | 1);
        control(mode, MSB, 0);
        EQUAL(status() & 0x3f, MSB | mode << 1);
    }
    control(6, BOTH, 0); /* X10 is mode 2, X11 mode 3 */
    EQUAL(status() & 6, 4);
}

/* Until counter 0 has counted so many of the same pulses. */
static void pass(uint16_t pulses)
{
    outb(0x43, 0x30);
    outb(0x40, (uint8_t)pulses);
    outb(0x40, (uint8_t)(pulses >> 8));
    CHECK(WAIT((outb(0x43, 0xe2), inb(0x40) & 0x80)));
}

static uint16_t read_latched(void)
{
    uint8_t low = inb(0x42);
    return (uint16_t)(low | inb(0x42) << 8);
}

TEST(pit_counter_latch, "8254, counter latch command")
{
    for (unsigned n = 0; n < 100; n++) {
        gate(false);
        control(0, BOTH, 0);
        load(0xffff);
        CHECK(loaded());
        gate(true);
        outb(0x43, 0x80);
        pass(0x400);
        outb(0x43, 0x80); /* a second one is ignored while the first is unread */
        uint16_t first = read_latched(), now = value();
        if (out())
            continue; /* it went below zero meanwhile: the host was busy */
        CHECK(first - now >= 0x400);
        gate(false);
        return;
    }
    CHECK(false);
}

TEST(pit_read_back_both, "8254, read-back command")
{
    gate(false);
    control(0, BOTH, 0);
    load(0x1357);
    CHECK(loaded());
    outb(0x43, 0xc8); /* count and status of counter 2: the status comes first */
    EQUAL(inb(0x42) & 0x3f, BOTH);
    EQUAL(inb(0x42), 0x57);
    EQUAL(inb(0x42), 0x13);
    outb(0x43, 0xde); /* of all three */
    EQUAL(inb(0x42), 0x57);
    EQUAL(inb(0x42), 0x13);
    inb(0x40);
    inb(0x40);
    inb(0x41);
    inb(0x41);
}

TEST(pit_access_bytes, "8254, control word, RW1 and RW0")
{
    gate(false);
    control(0, LSB, 0);
    outb(0x42, 0x34); /* the other byte is zero */
    CHECK(loaded());
    EQUAL(inb(0x42), 0x34);
    EQUAL(inb(0x42), 0x34);
    control(0, MSB, 0);
    outb(0x42, 0x12);
    CHECK(loaded());
    EQUAL(inb(0x42), 0x12);
    control(0, BOTH, 0);
    load(0x5678);
    CHECK(loaded());
    EQUAL(inb(0x42), 0x78);
    EQUAL(inb(0x42), 0x56);
    EQUAL(inb(0x42), 0x78);
    EQUAL(inb(0x42), 0x56);
}

TEST(pit_bcd, "8254, control word, BCD")
{
    gate(false);
    control(0, BOTH, 1);
    load(0x2000);
    CHECK(loaded());
    EQUAL(value(), 0x2000);
    gate(true);
    unsigned wrong = 0;
    for (unsigned n = 0; n < 200; n++)
        for (uint16_t v = value(); v; v >>= 4)
            wrong += (v & 15) > 9;
    EQUAL(wrong, 0);
    CHECK(WAIT(out()));
    CHECK(WAIT(({
        uint16_t v = value();
        v > 0x9000 && v <= 0x9999; /* below zero is 9999 */
    })));
    gate(false);
}

TEST(pit_count_of_zero, "8254, table of minimum and maximum counts")
{
    gate(false);
    control(0, BOTH, 0);
    load(0);
    CHECK(loaded());
    EQUAL(value(), 0); /* 10000h */
    EQUAL(out(), false);
    gate(true);
    CHECK(WAIT(value() > 0x8000));
    CHECK(WAIT(out()));
    gate(false);
}

TEST(pit_status_latch, "8254, read-back command")
{
    gate(false);
    control(0, BOTH, 0);
    load(0x100);
    CHECK(loaded());
    outb(0x43, 0xe8);
    gate(true);
    CHECK(WAIT(out()));
    outb(0x43, 0xe8); /* one is latched: ignored */
    outb(0x43, 0xe4); /* another counter's */
    EQUAL(inb(0x42), BOTH);
    outb(0x43, 0xf8); /* neither count nor status */
    outb(0x43, 0xe8);
    EQUAL(inb(0x42), 0x80 | BOTH);
    inb(0x41);
    gate(false);
}

/* From the write of a count until it is in the counting element. */
TEST(pit_null_count, "8254, read-back command, null count")
{
    for (unsigned mode = 1; mode < 6; mode++) {
        bool by_gate = mode == 1 || mode == 5, keeps = mode != 4;
        gate(false);
        control(mode, BOTH, 0);
        EQUAL(status() & 0x40, 0x40);
        load(0x5000);
        if (by_gate)
            EQUAL(status() & 0x40, 0x40);
        gate(true);
        CHECK(loaded());
        gate(false);
        load(0x4000); /* a low gate: only mode 4 takes it */
        if (!keeps)
            CHECK(loaded());
        EQUAL(status() & 0x40, keeps ? 0x40 : 0);
        EQUAL(status() & 0x40, keeps ? 0x40 : 0);
        gate(true);
        CHECK(loaded());
        CHECK(WAIT(value() <= 0x4000));
    }
    gate(false);
}

/* A control word ends what was under way: bytes half written, counts latched. */
TEST(pit_control_word_starts_over, "8254, programming the 8254; counter latch command")
{
    gate(false);
    control(0, BOTH, 0);
    outb(0x42, 0x55); /* half a count */
    control(0, BOTH, 0);
    load(0x4321);
    CHECK(loaded());
    EQUAL(value(), 0x4321);
    outb(0x43, 0x80);
    control(0, BOTH, 0); /* a latched count is held until the counter is reprogrammed */
    load(0x6543);
    CHECK(loaded());
    EQUAL(inb(0x42), 0x43);
    EQUAL(inb(0x42), 0x65);
}

/* Counter 0 is wired to IRQ 0: once, or again and again. */
static unsigned ticks_of_mode(unsigned mode)
{
    if (has(HAS_APIC))
        apic_init();
    drop_irq0();
    pic_init(0);
    count_interrupts(pic_eoi);
    outb(0x43, (uint8_t)(0x30 | mode << 1));
    outb(0x40, 0);
    outb(0x40, 0x10); /* 3.4 ms */
    pic_mask(0xfffe);
    sti();
    CHECK(WAIT(came[IRQ_BASE]));
    if (mode)
        CHECK(WAIT(came[IRQ_BASE] >= 5));
    else
        CHECK(WAIT((outb(0x43, 0xd2), inb(0x40), inb(0x40) > 0xc0))); /* it counts on below zero */
    cli();
    unsigned ticks = came[IRQ_BASE];
    pic_mask(0xffff);
    drop_irq0();
    return ticks;
}

TEST(pit_interrupts, "8254, modes 0, 2, 3; 8259A, edge triggered mode")
{
    EQUAL(ticks_of_mode(0), 1);
    CHECK(ticks_of_mode(2) >= 5);
    CHECK(ticks_of_mode(3) >= 5);
    pic_init(0);
}

TEST(port_61, "PIIX3, NMI status and control register")
{
    for (unsigned v = 0; v < 4; v++) {
        outb(0x61, (uint8_t)v);
        EQUAL(inb(0x61) & 3, v);
    }
    outb(0x61, 0);
    unsigned before = inb(0x61) & 0x10;
    CHECK(WAIT((inb(0x61) & 0x10) != before)); /* the refresh toggle */
    CHECK(WAIT((inb(0x61) & 0x10) == before));
    control(0, BOTH, 0);
    EQUAL(inb(0x61) & 0x20, 0); /* OUT of counter 2 */
    control(2, BOTH, 0);
    EQUAL(inb(0x61) & 0x20, 0x20);
    EQUAL(inb(0x61) & 0xc0, 0); /* no SERR#, no IOCHK# */
}
