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

/*
 * The clock goes on, with these flags' interrupts: half a second behind the divider's reset comes
 * the first update.
 */
static void start(uint8_t b)
{
    get(C);
    put(A, 0x66);
    put(A, 0x26);
    put(B, b);
}

/* 55 ms: one round of the 8254's counter. */
static void pass_round(void)
{
    outb(0x43, 0x30);
    outb(0x40, 0);
    outb(0x40, 0);
    CHECK(WAIT((outb(0x43, 0xe2), inb(0x40) & 0x80)));
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
    put(B, SET | PIE | H24);
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
    start(H24 | UIE);
    CHECK(WAIT(get(C) & 0x10)); /* the update's flag */
    EQUAL(get(HOURS), 0x21);
    EQUAL(get(MINUTES), 0);
    begin();
}

TEST(rtc_counts_in_binary, "MC146818A, register B, DM and 24/12")
{
    begin();
    stop_at(BINARY | H24, 20, 59, 59);
    start(BINARY | H24 | UIE);
    CHECK(WAIT(get(C) & 0x10));
    EQUAL(get(HOURS), 21);
    EQUAL(get(MINUTES), 0);
    stop_at(0, 0x11, 0x59, 0x59); /* 11 in the morning; 12 hours in BCD */
    start(UIE);
    CHECK(WAIT(get(C) & 0x10));
    EQUAL(get(HOURS), 0x92); /* 12, afternoon */
    stop_at(0, 0x92, 0x59, 0x59);
    start(UIE);
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
    pass_round(); /* none comes any more */
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
    pass_round();
    EQUAL(get(C) & 0x40, 0);
    begin();
}

enum { WEEKDAY = 6, DAY, MONTH, YEAR };

static const uint8_t places[7] = { SECONDS, MINUTES, HOURS, WEEKDAY, DAY, MONTH, YEAR };

/* One second from the given date and time, 24 hours in BCD: what it is then. */
static void roll(const uint8_t from[7], uint8_t then[7])
{
    begin();
    put(B, SET | H24);
    for (unsigned n = 0; n < 7; n++)
        put(places[n], from[n]);
    start(H24 | UIE);
    CHECK(WAIT(get(C) & 0x10));
    put(B, SET | H24);
    for (unsigned n = 0; n < 7; n++)
        then[n] = get(places[n]);
    begin();
}

static bool same(const uint8_t a[7], const uint8_t b[7])
{
    for (unsigned n = 0; n < 7; n++)
        if (a[n] != b[n])
            return false;
    return true;
}

TEST(rtc_calendar, "MC146818A, time, calendar and alarm locations")
{
    static const uint8_t rows[][2][7] = {
        /* second, minute, hour, weekday, day, month, year */
        { { 0x09, 0x59, 0x19, 2, 0x09, 0x09, 0x19 }, { 0x10, 0x59, 0x19, 2, 0x09, 0x09, 0x19 } },
        { { 0x59, 0x59, 0x23, 7, 0x30, 0x04, 0x23 }, { 0, 0, 0, 1, 0x01, 0x05, 0x23 } },
        { { 0x59, 0x59, 0x23, 1, 0x31, 0x01, 0x23 }, { 0, 0, 0, 2, 0x01, 0x02, 0x23 } },
        { { 0x59, 0x59, 0x23, 2, 0x28, 0x02, 0x23 }, { 0, 0, 0, 3, 0x01, 0x03, 0x23 } },
        { { 0x59, 0x59, 0x23, 4, 0x28, 0x02, 0x24 }, { 0, 0, 0, 5, 0x29, 0x02, 0x24 } },
        { { 0x59, 0x59, 0x23, 5, 0x29, 0x02, 0x24 }, { 0, 0, 0, 6, 0x01, 0x03, 0x24 } },
        { { 0x59, 0x59, 0x23, 6, 0x31, 0x12, 0x19 }, { 0, 0, 0, 7, 0x01, 0x01, 0x20 } },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        uint8_t then[7];
        for (unsigned attempt = 0; attempt < 3; attempt++) { /* a busy host may miss a second */
            roll(rows[n][0], then);
            if (same(then, rows[n][1]))
                break;
        }
        for (unsigned k = 0; k < 7; k++)
            EQUAL(then[k], rows[n][1][k]);
    }
}

/* Hours of half a day, BCD and binary: bit 7 is the afternoon. */
TEST(rtc_twelve_hours, "MC146818A, table of data modes; register B, 24/12")
{
    static const uint8_t rows[][2][2] = {
        /* BCD, binary: before and after the full hour */
        { { 0x12, 0x01 }, { 12, 1 } },      /* 12 at night, 1 */
        { { 0x11, 0x92 }, { 11, 0x8c } },   /* 11 in the morning, 12 at noon */
        { { 0x92, 0x81 }, { 0x8c, 0x81 } }, /* 12 at noon, 1 */
        { { 0x91, 0x12 }, { 0x8b, 12 } },   /* 11 in the evening, 12 at night */
        { { 0x09, 0x10 }, { 9, 10 } },      { { 0x89, 0x90 }, { 0x89, 0x8a } },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        for (unsigned binary = 0; binary < 2; binary++) {
            begin();
            put(DAY, 1);
            uint8_t b = binary ? BINARY : 0, last = binary ? 59 : 0x59;
            stop_at(b, rows[n][binary][0], last, last);
            start(b | UIE);
            CHECK(WAIT(get(C) & 0x10));
            EQUAL(get(HOURS), rows[n][binary][1]);
            EQUAL(get(MINUTES), 0);
        }
    }
    begin();
}

/* The alarm compares what the registers show. */
TEST(rtc_alarm_formats, "MC146818A, alarm locations, table of data modes")
{
    static const struct {
        uint8_t b, hours, minutes, seconds, alarm_hours, alarm_minutes, alarm_seconds;
        bool comes;
    } rows[] = {
        { H24, 0x23, 0x59, 0x59, 0x00, 0x00, 0x00, true },
        { H24, 0x09, 0x59, 0x59, 0x10, 0x00, 0x00, true },
        { H24, 0x09, 0x59, 0x59, 0x10, 0x01, 0x00, false },
        { H24, 0x09, 0x59, 0x59, 0x11, 0x00, 0x00, false },
        { 0, 0x11, 0x59, 0x59, 0x92, 0x00, 0x00, true }, /* noon */
        { 0, 0x11, 0x59, 0x59, 0x12, 0x00, 0x00, false },
        { BINARY, 11, 59, 59, 0x8c, 0, 0, true },
        { BINARY | H24, 9, 59, 59, 10, 0, 0, true },
        { H24, 0x09, 0x59, 0x59, 0xff, 0x00, 0x00, true }, /* once an hour */
        { H24, 0x09, 0x59, 0x59, 0xc0, 0xff, 0x00, true }, /* once a minute */
        { H24, 0x09, 0x12, 0x33, 0xc0, 0xc0, 0xc0, true }, /* once a second */
        { H24, 0x09, 0x12, 0x33, 0xc0, 0xc0, 0x20, false },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        begin();
        stop_at(rows[n].b, rows[n].hours, rows[n].minutes, rows[n].seconds);
        put(HOURS_ALARM, rows[n].alarm_hours);
        put(MINUTES_ALARM, rows[n].alarm_minutes);
        put(SECONDS_ALARM, rows[n].alarm_seconds);
        start(rows[n].b | UIE | AIE); /* both, for a board that flags only what it enables */
        uint8_t c = 0;
        CHECK(WAIT((c = get(C)) & 0x10));
        EQUAL(c & 0x20, rows[n].comes ? 0x20 : 0);
    }
    begin();
}

TEST(rtc_update_interrupt, "MC146818A, update-ended interrupt")
{
    begin();
    pic_mask(0xfefb);
    count_interrupts(read_flags);
    get(C);
    put(B, H24 | UIE);
    sti();
    CHECK(WAIT(came[IRQ_BASE + 8] >= 2));
    cli();
    put(B, H24);
    get(C);
    EQUAL(order_count, came[IRQ_BASE + 8]);
    begin();
}

/* UIP is set before each update and clear behind it. */
TEST(rtc_update_in_progress, "MC146818A, register A, UIP")
{
    bool seen = false;
    begin();
    for (unsigned n = 0; n < 20 && !seen; n++) /* it is short, and hosts are busy */
        seen = WAIT(get(A) & 0x80);
    CHECK(seen);
    CHECK(WAIT(!(get(A) & 0x80)));
    EQUAL(get(A) & 0x7f, 0x26);
    put(A, 0xa6); /* UIP is read-only */
    for (unsigned n = 0; n < 100 && get(A) & 0x80; n++)
        CHECK(WAIT(!(get(A) & 0x80)));
    EQUAL(get(A), 0x26);
    begin();
}

/* With the divider held in reset nothing counts; the first update follows half a second behind. */
TEST(rtc_divider_reset, "MC146818A, register A, DV2-DV0")
{
    begin();
    put(A, 0x66);
    stop_at(H24, 0x20, 0x59, 0x57);
    put(B, H24 | PIE);
    get(C);
    pass_round();
    EQUAL(get(SECONDS), 0x57);
    EQUAL(get(C) & 0x40, 0); /* no periods */
    EQUAL(get(A) & 0x80, 0);
    put(A, 0x26);
    CHECK(WAIT(get(SECONDS) == 0x58));
    begin();
}

/* Twice the rate, twice the flags between two updates. */
TEST(rtc_periodic_rates, "MC146818A, table 5 periodic interrupt rate")
{
    static const uint8_t rates[][2] = { { 13, 8 }, { 14, 4 }, { 15, 2 } };
    for (unsigned n = 0; n < ARRAY_SIZE(rates); n++) {
        unsigned periods = 0;
        for (unsigned attempt = 0; attempt < 20 && periods != rates[n][1]; attempt++) {
            begin();
            put(A, 0x20 | rates[n][0]);
            put(B, H24 | UIE | PIE);
            CHECK(WAIT(get(C) & 0x10));
            uint8_t c = 0;
            periods = 0;
            CHECK(WAIT((c = get(C), periods += c >> 6 & 1, c & 0x10)));
        }
        EQUAL(periods, rates[n][1]);
    }
    begin();
}
