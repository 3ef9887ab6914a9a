// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The MC146818A: formats, SET, flags, alarm, IRQ 8, its RAM.
#include "board.h"

enum { SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM, A = 10, B, C, D };
enum { SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, BINARY = 4, H24 = 2 };

static uint8_t get(unsigned index)
{
    outb(0x70, (uint8_t)index);
    return inb(0x71);
}

static void put(unsigned index, uint8_t v)
{
    outb(0x70, (uint8_t)index);
    outb(0x71, v);
}

static void begin(void)
{
    if (has(HAS_APIC))
        apic_init();
    pic_init(0);
    count_interrupts(0);
    put(A, 0x26);
    put(B, H24);
    get(C);
}

/* 20:59:58 in these formats, the clock stopped. */
static void stop_at(uint8_t b, uint8_t hours, uint8_t minutes, uint8_t seconds)
{
    put(B, SET | b);
    put(HOURS, hours);
    put(MINUTES, minutes);
    put(SECONDS, seconds);
}

TEST(rtc_ram, "MC146818A, address map")
{
    uint8_t kept[2] = { get(0x35), get(0x6f) };
    begin();
    put(0x35, 0x5a);
    put(0x6f, 0xa5);
    EQUAL(get(0x35), 0x5a);
    EQUAL(get(0x6f), 0xa5);
    EQUAL(get(0x80 | 0x35), 0x5a); /* bit 7 of port 70h is the NMI's mask */
    put(0x35, kept[0]);
    put(0x6f, kept[1]);
}

TEST(rtc_register_d, "MC146818A, register D")
{
    EQUAL(get(D), 0x80); /* VRT */
    put(D, 0);
    EQUAL(get(D), 0x80); /* read-only */
}

TEST(rtc_set_stops_updates, "MC146818A, register B, SET")
{
    begin();
    stop_at(H24, 0x20, 0x59, 0x58);
    get(C);
    EQUAL(get(A) & 0x80, 0); /* no update in progress */
    uint32_t before = get(SECONDS);
    put(A, 0x2f); /* 2 Hz: three of its periods pass */
    for (unsigned n = 0; n < 3; n++)
        CHECK(WAIT(get(C) & 0x40));
    EQUAL(get(SECONDS), before);
    EQUAL(get(MINUTES), 0x59);
    EQUAL(get(HOURS), 0x20);
    put(B, SET | UIE | H24); /* SET clears UIE */
    EQUAL(get(B) & UIE, 0);
    begin();
}

TEST(rtc_counts_in_bcd, "MC146818A, time registers")
{
    begin();
    stop_at(H24, 0x20, 0x59, 0x59);
    get(C);
    put(B, H24);
    CHECK(WAIT(get(C) & 0x10)); /* the update's flag */
    EQUAL(get(HOURS), 0x21);
    EQUAL(get(MINUTES), 0);
    begin();
}

TEST(rtc_counts_in_binary, "MC146818A, register B, DM and 24/12")
{
    begin();
    stop_at(BINARY | H24, 20, 59, 59);
    get(C);
    put(B, BINARY | H24);
    CHECK(WAIT(get(C) & 0x10));
    EQUAL(get(HOURS), 21);
    EQUAL(get(MINUTES), 0);
    stop_at(0, 0x11, 0x59, 0x59); /* 11 in the morning; 12 hours in BCD */
    get(C);
    put(B, 0);
    CHECK(WAIT(get(C) & 0x10));
    EQUAL(get(HOURS), 0x92); /* 12, afternoon */
    stop_at(0, 0x92, 0x59, 0x59);
    get(C);
    put(B, 0);
    CHECK(WAIT(get(C) & 0x10));
    EQUAL(get(HOURS), 0x81);
    begin();
}

TEST(rtc_alarm, "MC146818A, alarm registers, register C")
{
    begin();
    stop_at(H24, 0x10, 0x20, 0x28);
    put(HOURS_ALARM, 0x10);
    put(MINUTES_ALARM, 0xc0); /* any */
    put(SECONDS_ALARM, 0x30);
    get(C);
    put(B, H24 | AIE);
    pic_mask(0xfefb);
    count_interrupts(pic_eoi);
    sti();
    CHECK(WAIT(came[IRQ_BASE + 8]));
    cli();
    EQUAL(came[IRQ_BASE + 8], 1);
    EQUAL(get(C) & 0xa0, 0xa0);
    EQUAL(get(C) & 0xa0, 0); /* reading cleared them */
    begin();
}

static void read_flags(struct frame *f)
{
    get(C);
    pic_eoi(f);
}

TEST(rtc_periodic_interrupt, "MC146818A, registers A, B, C; periodic interrupt")
{
    begin();
    pic_mask(0xfefb);
    count_interrupts(pic_eoi);
    put(A, 0x26); /* 1024 Hz */
    get(C);
    put(B, H24 | PIE);
    sti();
    CHECK(WAIT(came[IRQ_BASE + 8]));
    cli();
    EQUAL(get(C) & 0xc0, 0xc0);
    count_interrupts(read_flags); /* the next can come */
    sti();
    CHECK(WAIT(came[IRQ_BASE + 8] >= 5));
    cli();
    put(B, H24);
    get(C);
    count_interrupts(pic_eoi);
    CHECK(WAIT(get(A) & 0x80)); /* up to a second: none comes any more */
    let_in();
    EQUAL(order_count, 0);
    begin();
}

TEST(rtc_unread_flag_holds_irq, "MC146818A, IRQ pin")
{
    begin();
    pic_mask(0xfefb);
    count_interrupts(pic_eoi);
    get(C);
    put(B, H24 | PIE);
    sti();
    CHECK(WAIT(came[IRQ_BASE + 8]));
    for (unsigned n = 0; n < 20000; n++) /* some periods */
        inb(0x61);
    cli();
    EQUAL(came[IRQ_BASE + 8], 1); /* the line stays active: no new edge */
    put(B, H24);
    EQUAL(get(C) & 0x40, 0x40);
    begin();
}

TEST(rtc_flags_without_interrupts, "MC146818A, register C")
{
    begin();
    put(A, 0x2a); /* 64 Hz */
    get(C);
    CHECK(WAIT(get(C) & 0x40)); /* PF, with PIE clear */
    uint8_t c = 0;
    CHECK(WAIT((c = get(C)) & 0x10)); /* UF, with UIE clear */
    EQUAL(c & 0x80, 0);               /* no IRQF */
    put(A, 0x20);                     /* no rate: no flag */
    get(C);
    CHECK(WAIT(get(A) & 0x80));
    EQUAL(get(C) & 0x40, 0);
    begin();
}
