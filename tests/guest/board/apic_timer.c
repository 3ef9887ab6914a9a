// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC's timer.
#include "board.h"

TEST(apic_timer_one_shot, "SDM 3A 10.5.4")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_DIVIDE, 0);
    set_apic(APIC_LVT_TIMER, 0x50);
    set_apic(APIC_INITIAL, 100000);
    EQUAL(apic(APIC_INITIAL), 100000);
    uint32_t last_count = 100000;
    for (unsigned n = 0; n < 20; n++) {
        uint32_t now = apic(APIC_CURRENT);
        CHECK(now <= last_count);
        last_count = now;
    }
    sti();
    CHECK(WAIT(came[0x50]));
    cli();
    EQUAL(apic(APIC_CURRENT), 0);
    for (unsigned n = 0; n < 2000; n++)
        inb(0x61);
    let_in();
    EQUAL(order_count, 1);        /* once */
    set_apic(APIC_INITIAL, 1000); /* anew */
    sti();
    CHECK(WAIT(came[0x50] == 2));
    cli();
}

TEST(apic_timer_periodic, "SDM 3A 10.5.4")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_DIVIDE, 0xb);
    set_apic(APIC_LVT_TIMER, 0x20050);
    set_apic(APIC_INITIAL, 100000);
    sti();
    CHECK(WAIT(came[0x50] >= 4));
    cli();
    uint32_t now = apic(APIC_CURRENT);
    CHECK(now <= 100000);
    set_apic(APIC_INITIAL, 0); /* stops it */
    EQUAL(apic(APIC_CURRENT), 0);
    let_in();
    count_interrupts(apic_eoi);
    for (unsigned n = 0; n < 5000; n++)
        inb(0x61);
    let_in();
    EQUAL(order_count, 0);
}

TEST(apic_timer_masked, "SDM 3A 10.5.1, 10.5.4")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_LVT_TIMER, 0x10050);
    set_apic(APIC_INITIAL, 1000);
    CHECK(WAIT(apic(APIC_CURRENT) == 0));
    let_in();
    EQUAL(order_count, 0);
    EQUAL(apic_bit(APIC_IRR, 0x50), 0);
}

/* Counts while the 8254 counts so many pulses. */
static uint32_t counted(unsigned divide)
{
    set_apic(APIC_DIVIDE, divide);
    set_apic(APIC_INITIAL, 0xffffffff);
    outb(0x43, 0x30);
    outb(0x40, 0);
    outb(0x40, 0x80);
    CHECK(WAIT((outb(0x43, 0xe2), inb(0x40) & 0x80)));
    uint32_t n = 0xffffffffu - apic(APIC_CURRENT);
    set_apic(APIC_INITIAL, 0);
    return n;
}

TEST(apic_timer_divisor, "SDM 3A 10.5.4, figure 10-10")
{
    static const uint8_t codes[] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };
    if (!apic_begin(0))
        return;
    set_apic(APIC_LVT_TIMER, 0x10050);
    for (unsigned n = 0; n < sizeof codes; n++) {
        set_apic(APIC_DIVIDE, codes[n]);
        EQUAL(apic(APIC_DIVIDE), codes[n]);
    }
    uint32_t slow = counted(0xa), fast = counted(0xb); /* by 128, by 1 */
    CHECK(slow > 0);
    CHECK(slow < fast);
    EQUAL(apic(APIC_CURRENT), 0);
}

/* Each divisor against that of 1, both beside the 8254; a busy host spoils some of the tries. */
TEST(apic_timer_divides, "SDM 3A 10.5.4, figure 10-10")
{
    static const uint8_t codes[] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };
    if (!apic_begin(0))
        return;
    set_apic(APIC_LVT_TIMER, 0x10050);
    for (unsigned n = 0; n < sizeof codes; n++) {
        bool met = false;
        for (unsigned attempt = 0; attempt < 50 && !met; attempt++) {
            uint32_t fast = counted(0xb), slow = counted(codes[n]), expected = fast >> n;
            met = slow > expected - expected / 8 && slow < expected + expected / 8;
        }
        CHECK(met);
    }
}

TEST(apic_timer_mode_change, "SDM 3A 10.5.4")
{
    if (!apic_begin(apic_eoi))
        return;
    set_apic(APIC_DIVIDE, 0xb);
    set_apic(APIC_LVT_TIMER, 0x20050);
    set_apic(APIC_INITIAL, 1000000);
    uint32_t reloads = 0, before = apic(APIC_CURRENT);
    CHECK(WAIT(({
        uint32_t now = apic(APIC_CURRENT);
        reloads += now > before; /* periodic: it begins anew at zero */
        before = now;
        reloads == 3;
    })));
    EQUAL(apic(APIC_INITIAL), 1000000);
    set_apic(APIC_CURRENT, 5); /* read-only */
    set_apic(APIC_INITIAL, 0);
    EQUAL(apic(APIC_CURRENT), 0);
    let_in();
    bool in_time = false; /* the mask is taken off while it counts */
    for (unsigned n = 0; n < 20 && !in_time; n++) {
        count_interrupts(apic_eoi);
        set_apic(APIC_LVT_TIMER, 0x10051);
        set_apic(APIC_INITIAL, 50000000);
        set_apic(APIC_LVT_TIMER, 0x51);
        in_time = apic(APIC_CURRENT) != 0;
    }
    CHECK(in_time);
    sti();
    CHECK(WAIT(came[0x51]));
    cli();
    EQUAL(order_count, 1);
    set_apic(APIC_ESR, 0);
    set_apic(APIC_LVT_TIMER, 0x10000);
}
