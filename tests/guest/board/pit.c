// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The six modes of the 8254.
#include "pit.h"

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
        CHECK(loaded()); /* at the end of the period */
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
