// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Counter 2 of the 8254: its six modes, its commands. Its gate and OUT are in port 61h.
#include "board.h"

enum { GATE_2 = 1, OUT_2 = 0x20 };
enum { LSB = 0x10, MSB = 0x20, BOTH = 0x30 };

static void gate(bool level)
{
    outb(0x61, level ? GATE_2 : 0);
}

static bool out(void)
{
    return inb(0x61) & OUT_2;
}

static void control(unsigned mode, unsigned access, unsigned bcd)
{
    outb(0x43, (uint8_t)(0x80 | access | mode << 1 | bcd));
}

static void load(uint16_t count)
{
    outb(0x42, (uint8_t)count);
    outb(0x42, (uint8_t)(count >> 8));
}

static uint16_t value(void)
{
    outb(0x43, 0x80); /* latch */
    uint8_t low = inb(0x42);
    return (uint16_t)(low | inb(0x42) << 8);
}

static uint8_t status(void)
{
    outb(0x43, 0xe8);
    return inb(0x42);
}

/* The count has gone from the register into the counter. */
static bool loaded(void)
{
    return WAIT(!(status() & 0x40));
}

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

/* With the gate low a count is loaded, and stays. */
TEST(pit_gate_holds_count, "8254, modes 0, 2, 3, 4, gate pin operations")
{
    static const uint8_t modes[] = { 0, 2, 3, 4 };
    for (unsigned n = 0; n < sizeof modes; n++) {
        gate(false);
        control(modes[n], BOTH, 0);
        load(0x1234);
        if (modes[n] == 0 || modes[n] == 4) {
            CHECK(loaded());
            EQUAL(value(), 0x1234);
            EQUAL(value(), 0x1234);
        }
        EQUAL(out(), modes[n] != 0);
        gate(true);
        CHECK(WAIT(value() < 0x1200));
        gate(false);
        uint16_t held = value();
        for (unsigned k = 0; k < 100; k++)
            inb(0x61);
        EQUAL(value(), held);
        if (modes[n] != 0) /* and OUT is high at once */
            EQUAL(out(), true);
    }
}

TEST(pit_mode_0, "8254, mode 0: interrupt on terminal count")
{
    gate(false);
    control(0, BOTH, 0);
    load(0x2000);
    EQUAL(out(), false);
    CHECK(loaded());
    gate(true);
    CHECK(WAIT(out()));
    gate(false);
    EQUAL(out(), true); /* until a new count or mode */
    load(0x2000);
    EQUAL(out(), false);
    CHECK(loaded());
    EQUAL(value(), 0x2000);
    outb(0x42, 1); /* the first byte of two: OUT falls, counting stops */
    gate(true);
    for (unsigned n = 0; n < 100; n++)
        inb(0x61);
    EQUAL(out(), false);
    outb(0x42, 0);
    CHECK(WAIT(out()));
    CHECK(WAIT(value() > 0xf000)); /* it counts on from FFFFh */
}

/* A rising gate makes OUT fall; on a busy host it may be over before it is seen. */
static bool triggered_low(void)
{
    for (unsigned n = 0; n < 1000; n++) {
        gate(false);
        gate(true);
        CHECK(loaded());
        if (!out())
            return true;
    }
    return false;
}

TEST(pit_mode_1, "8254, mode 1: hardware retriggerable one-shot")
{
    gate(false);
    control(1, BOTH, 0);
    load(0x4000);
    for (unsigned n = 0; n < 100; n++)
        inb(0x61);
    EQUAL(out(), true);
    EQUAL(status() & 0x40, 0x40); /* it waits for the trigger */
    CHECK(triggered_low());
    CHECK(!(status() & 0x40));
    CHECK(WAIT(out()));
    CHECK(triggered_low()); /* triggered again */
    gate(false);            /* a low gate does not stop it */
    CHECK(WAIT(out()));
}

TEST(pit_mode_2, "8254, mode 2: rate generator")
{
    gate(false);
    control(2, BOTH, 0);
    load(0x300);
    gate(true);
    CHECK(loaded());
    unsigned reloads = 0, outside = 0;
    uint16_t before = value();
    CHECK(WAIT(({
        uint16_t now = value();
        reloads += now > before;
        outside += now > 0x300 || now < 1;
        before = now;
        reloads == 5;
    })));
    EQUAL(outside, 0);
    gate(false);
    EQUAL(out(), true);
    load(0x8000); /* a rising gate loads it */
    gate(true);
    CHECK(WAIT(value() > 0x300));
}

TEST(pit_mode_3, "8254, mode 3: square wave")
{
    gate(false);
    control(3, BOTH, 0);
    load(0x2000);
    EQUAL(out(), true);
    gate(true);
    CHECK(loaded());
    for (unsigned n = 0; n < 4; n++) {
        CHECK(WAIT(!out()));
        CHECK(WAIT(out()));
    }
    for (unsigned n = 0; n < 50; n++) {
        uint16_t v = value();
        EQUAL(v & 1, 0); /* it goes by two */
        CHECK(v <= 0x2000);
    }
    CHECK(WAIT(!out()));
    gate(false);
    EQUAL(out(), true);
}

/* The strobe is one CLK long: what can be seen is that it counts on below zero. */
TEST(pit_mode_4, "8254, mode 4: software triggered strobe")
{
    gate(false);
    control(4, BOTH, 0);
    load(0x100);
    EQUAL(out(), true);
    CHECK(loaded());
    EQUAL(value(), 0x100);
    gate(true);
    CHECK(WAIT(value() > 0xf000));
    CHECK(WAIT(out()));
    gate(false);
    load(0x80); /* a new count starts it anew */
    CHECK(loaded());
    EQUAL(value(), 0x80);
}

TEST(pit_mode_5, "8254, mode 5: hardware triggered strobe")
{
    gate(false);
    control(5, BOTH, 0);
    load(0x100);
    for (unsigned n = 0; n < 50; n++)
        inb(0x61);
    EQUAL(status() & 0x40, 0x40);
    EQUAL(out(), true);
    gate(true);
    CHECK(loaded());
    CHECK(WAIT(value() > 0xf000));
    gate(false);
    gate(true);
    CHECK(WAIT(value() <= 0x100));
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

/* The counting element goes on with what it has: a new count waits for the next trigger. */
TEST(pit_mode_1_new_count, "8254, mode 1, write of a new count")
{
    for (unsigned n = 0; n < 1000; n++) {
        gate(false);
        control(1, BOTH, 0);
        load(0xffff);
        gate(true);
        CHECK(loaded());
        load(0x40);
        uint16_t now = value();
        EQUAL(status() & 0x40, 0x40); /* it is not in the counter */
        if (out())
            continue; /* the pulse ended: the host was busy */
        CHECK(now > 0x40);
        gate(false);
        gate(true);
        CHECK(loaded());
        CHECK(WAIT(out()));
        return;
    }
    CHECK(false);
}

TEST(pit_mode_2_new_count, "8254, mode 2, write of a new count")
{
    for (unsigned n = 0; n < 1000; n++) {
        gate(false);
        control(2, BOTH, 0);
        load(0xffff);
        gate(true);
        CHECK(loaded());
        load(0x100);
        uint8_t s = status();
        uint16_t now = value();
        if (now <= 0x100)
            continue; /* the period ended: the host was busy */
        EQUAL(s & 0x40, 0x40);
        CHECK(WAIT(value() <= 0x100)); /* from the end of the period on */
        EQUAL(status() & 0x40, 0);
        unsigned beyond = 0;
        for (unsigned k = 0; k < 100; k++)
            beyond += value() > 0x100;
        EQUAL(beyond, 0);
        gate(false);
        return;
    }
    CHECK(false);
}

/* An odd count less one is what is counted, by twos, in both halves. */
TEST(pit_mode_3_odd_count, "8254, mode 3, odd counts")
{
    gate(false);
    control(3, BOTH, 0);
    load(0x2001);
    gate(true);
    CHECK(loaded());
    for (unsigned n = 0; n < 4; n++) {
        CHECK(WAIT(!out()));
        CHECK(WAIT(out()));
    }
    unsigned odd = 0, beyond = 0;
    for (unsigned n = 0; n < 100; n++) {
        uint16_t v = value();
        odd += v & 1;
        beyond += v > 0x2000;
    }
    EQUAL(odd, 0);
    EQUAL(beyond, 0);
    gate(false);
}

/* A low gate does not stop what a rising one has begun. */
TEST(pit_mode_5_gate, "8254, mode 5, gate pin operations")
{
    gate(false);
    control(5, BOTH, 0);
    load(0x8000);
    gate(true);
    CHECK(loaded());
    gate(false);
    uint16_t before = value();
    CHECK(WAIT(value() != before));
    EQUAL(out(), true);
    CHECK(WAIT(value() > 0xf000)); /* past zero */
    gate(true);                    /* and anew */
    CHECK(WAIT(value() <= 0x8000));
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
        CHECK(WAIT((outb(0x43, 0xc2), inb(0x40), inb(0x40) > 0xc0))); /* it counts on below zero */
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

TEST(port_61, "PIIX3 2.5.6 NMI status and control register")
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
