// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The real-time clock by its ports: time and formats, update, alarm and periodic interrupts, CMOS.
#include "device/timer/mc146818.h"

#include "chip_bench.h"
#include "device/timer/rtc_time.h"

/* 2024-02-28 23:59:50, a Wednesday. */
#define BASE INT64_C(1709164790)

static struct mc146818 *open_rtc(struct bench *b, int64_t seconds)
{
    bench_open(b);
    return mc146818_create(b->memory, &b->log, b->clock, seconds * NS_PER_SECOND, bench_line(b, 8));
}

static void close_rtc(struct bench *b, struct mc146818 *rtc)
{
    mc146818_destroy(rtc);
    bench_close(b);
}

static uint8_t get(struct bench *b, uint8_t index)
{
    out(b, 0x70, index);
    return in(b, 0x71);
}

static void set(struct bench *b, uint8_t index, uint8_t value)
{
    out(b, 0x70, index);
    out(b, 0x71, value);
}

TEST(calendar)
{
    struct rtc_time t;
    for (int64_t s = -86400 * 365 * INT64_C(400); s < 86400 * 365 * INT64_C(900); s += 86399 * 7) {
        rtc_time_from_seconds(&t, s);
        CHECK_EQ(rtc_time_to_seconds(&t), s);
    }
    rtc_time_from_seconds(&t, BASE);
    CHECK_EQ(t.year, 2024);
    CHECK_EQ(t.month, 2);
    CHECK_EQ(t.day, 28);
    CHECK_EQ(t.weekday, 3);
    t = (struct rtc_time){ .year = 2023, .month = 2, .day = 30 };
    rtc_time_from_seconds(&t, rtc_time_to_seconds(&t));
    CHECK_EQ(t.month, 3);
    CHECK_EQ(t.day, 2);
}

TEST(shows_time_in_bcd_over_a_leap_day)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    CHECK_EQ(get(&b, 0x0d), 0x80);
    CHECK_EQ(get(&b, 0x04), 0x23);
    CHECK_EQ(get(&b, 0x02), 0x59);
    CHECK_EQ(get(&b, 0x00), 0x50);
    pass(&b, 10 * NS_PER_SECOND);
    CHECK_EQ(get(&b, 0x00), 0x00);
    CHECK_EQ(get(&b, 0x04), 0x00);
    CHECK_EQ(get(&b, 0x06), 5); /* Thursday */
    CHECK_EQ(get(&b, 0x07), 0x29);
    CHECK_EQ(get(&b, 0x08), 0x02);
    CHECK_EQ(get(&b, 0x09), 0x24);
    CHECK_EQ(get(&b, 0x32), 0x20);
    close_rtc(&b, rtc);
}

TEST(binary_and_twelve_hours)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    set(&b, 0x0b, 0x04); /* binary, 12 h */
    CHECK_EQ(get(&b, 0x04), 0x80 | 11);
    CHECK_EQ(get(&b, 0x02), 59);
    pass(&b, 10 * NS_PER_SECOND);
    CHECK_EQ(get(&b, 0x04), 12); /* midnight */
    set(&b, 0x0b, 0x00);
    CHECK_EQ(get(&b, 0x04), 0x12);
    set(&b, 0x04, 0x81); /* 1 pm */
    set(&b, 0x0b, 0x02);
    CHECK_EQ(get(&b, 0x04), 0x13);
    close_rtc(&b, rtc);
}

TEST(setting_the_time)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    pass(&b, 300000000);
    set(&b, 0x0b, 0x82);
    static const uint8_t values[][2] = { { 0, 0x58 }, { 2, 0x59 }, { 4, 0x23 },   { 7, 0x31 },
                                         { 8, 0x12 }, { 9, 0x99 }, { 0x32, 0x19 } };
    for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
        set(&b, values[i][0], values[i][1]);
    pass(&b, 5 * NS_PER_SECOND);
    CHECK_EQ(get(&b, 0x00), 0x58); /* stands still */
    CHECK_EQ(get(&b, 0x0a) & 0x80, 0);
    set(&b, 0x0b, 0x02);
    pass(&b, 2 * NS_PER_SECOND);
    CHECK_EQ(get(&b, 0x09), 0x00);
    CHECK_EQ(get(&b, 0x32), 0x20);
    CHECK_EQ(get(&b, 0x00), 0x00);
    CHECK_EQ(mc146818_time(rtc), 946684800);
    close_rtc(&b, rtc);
}

TEST(update_in_progress_before_the_second)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    CHECK_EQ(get(&b, 0x0a), 0x26);
    pass(&b, NS_PER_SECOND - 250000);
    CHECK_EQ(get(&b, 0x0a), 0x26);
    pass(&b, 10000);
    CHECK_EQ(get(&b, 0x0a), 0xa6);
    pass(&b, 240000);
    CHECK_EQ(get(&b, 0x0a), 0x26);
    CHECK_EQ(get(&b, 0x00), 0x51);
    /* Divider reset: the first update half a second after its release. */
    set(&b, 0x0a, 0x76);
    pass(&b, 3 * NS_PER_SECOND);
    CHECK_EQ(get(&b, 0x00), 0x51);
    set(&b, 0x0a, 0x26);
    pass(&b, 499000000);
    CHECK_EQ(get(&b, 0x00), 0x51);
    pass(&b, 2000000);
    CHECK_EQ(get(&b, 0x00), 0x52);
    close_rtc(&b, rtc);
}

TEST(update_interrupt_and_flags)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    get(&b, 0x0c);
    pass(&b, NS_PER_SECOND);
    CHECK_EQ(get(&b, 0x0c) & 0x10, 0x10); /* flag without interrupt */
    CHECK_EQ(get(&b, 0x0c) & 0x10, 0);
    CHECK_EQ(b.rises[8], 0);
    set(&b, 0x0b, 0x12);
    for (int i = 0; i < 60; i++) {
        pass(&b, NS_PER_SECOND);
        CHECK_EQ(b.rises[8], i + 1);
        CHECK_EQ(get(&b, 0x0c) & 0x90, 0x90);
        CHECK(!b.level[8]);
    }
    pass(&b, 10 * NS_PER_SECOND); /* not read: the line stays */
    CHECK_EQ(b.rises[8], 61);
    CHECK(b.level[8]);
    mc146818_reset(rtc);
    CHECK(!b.level[8]);
    CHECK_EQ(get(&b, 0x0b), 0x02);
    close_rtc(&b, rtc);
}

TEST(alarm)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    set(&b, 0x01, 0x05);
    set(&b, 0x03, 0x00);
    set(&b, 0x05, 0x00);
    set(&b, 0x0b, 0x22);
    pass(&b, 14 * NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 0);
    pass(&b, NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 1);
    CHECK_EQ(get(&b, 0x0c) & 0xa0, 0xa0);
    pass(&b, 86399 * NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 1);
    pass(&b, NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 2);
    get(&b, 0x0c);
    set(&b, 0x03, 0xff); /* every minute of every hour, at second 5 */
    set(&b, 0x05, 0xc0);
    for (int i = 0; i < 5; i++) {
        pass(&b, 60 * NS_PER_SECOND);
        CHECK_EQ(get(&b, 0x0c) & 0xa0, 0xa0);
    }
    CHECK_EQ(b.rises[8], 7);
    set(&b, 0x01, 0x7a); /* never */
    pass(&b, 200000 * NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 7);
    close_rtc(&b, rtc);
}

TEST(periodic_rates)
{
    static const struct {
        uint8_t rate;
        unsigned frequency;
    } rates[] = { { 0x26, 1024 }, { 0x2f, 2 },   { 0x23, 8192 },
                  { 0x21, 256 },  { 0x22, 128 }, { 0x20, 0 } };
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    set(&b, 0x0b, 0x42);
    for (unsigned i = 0; i < ARRAY_SIZE(rates); i++) {
        set(&b, 0x0a, rates[i].rate);
        get(&b, 0x0c);
        unsigned seen = 0;
        int64_t end = clock_now(b.clock) + 10 * NS_PER_SECOND;
        while (clock_now(b.clock) < end) {
            pass(&b, 61035);
            if (b.level[8]) {
                CHECK_EQ(get(&b, 0x0c) & 0xc0, 0xc0);
                seen++;
            }
        }
        CHECK(seen + 1 >= 10 * rates[i].frequency && seen <= 10 * rates[i].frequency + 1);
    }
    close_rtc(&b, rtc);
}

/* A host that comes back after 100 periods: one interrupt as in the chip, or all of them. */
TEST(late_periodic_interrupts)
{
    for (unsigned makes_up = 0; makes_up < 2; makes_up++) {
        struct bench b;
        struct mc146818 *rtc = open_rtc(&b, BASE);
        mc146818_make_up(rtc, makes_up);
        get(&b, 0x0c);
        set(&b, 0x0b, 0x42);
        pass(&b, 100 * NS_PER_SECOND / 1024);
        unsigned seen = 0;
        while (b.level[8] && seen < 200) {
            CHECK_EQ(get(&b, 0x0c) & 0xc0, 0xc0);
            seen++;
        }
        CHECK(makes_up ? seen >= 99 && seen <= 101 : seen == 1);
        pass(&b, 3 * NS_PER_SECOND);
        set(&b, 0x0a, 0x27); /* another rate: nothing is owed */
        get(&b, 0x0c);
        CHECK(!b.level[8]);
        pass(&b, 3600 * NS_PER_SECOND); /* far more than is kept */
        for (seen = 0; b.level[8] && seen < 2000; seen++)
            get(&b, 0x0c);
        CHECK(makes_up ? seen >= 1000 && seen <= 1002 : seen == 1);
        close_rtc(&b, rtc);
    }
}

TEST(cmos_bytes_and_index)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    mc146818_set_cmos(rtc, 0x15, 0x80);
    CHECK_EQ(get(&b, 0x15), 0x80);
    set(&b, 0x7f, 0x5a);
    CHECK_EQ(mc146818_cmos(rtc, 0x7f), 0x5a);
    CHECK(!mc146818_nmi_masked(rtc));
    out(&b, 0x70, 0x95);
    CHECK(mc146818_nmi_masked(rtc));
    CHECK_EQ(in(&b, 0x71), 0x80);
    set(&b, 0x0d, 0x00); /* read-only */
    CHECK_EQ(get(&b, 0x0d), 0x80);
    close_rtc(&b, rtc);
}

/* What was no time, or none with the other registers yet, became another one at once. */
TEST(bytes_written_while_it_runs)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    set(&b, 0x0b, 0x22); /* alarm at 12:00:00 */
    set(&b, 0x01, 0x00);
    set(&b, 0x03, 0x00);
    set(&b, 0x05, 0x12);
    set(&b, 0x07, 0x31); /* of February */
    CHECK_EQ(get(&b, 0x07), 0x31);
    set(&b, 0x08, 0x05);
    CHECK_EQ(get(&b, 0x07), 0x31);
    set(&b, 0x00, 0xff); /* no seconds */
    CHECK_EQ(get(&b, 0x00), 0xff);
    CHECK_EQ(get(&b, 0x02), 0x59);
    set(&b, 0x04, 0x11);
    set(&b, 0x00, 0x58);
    CHECK_EQ(mc146818_time(rtc), 1717156798); /* 2024-05-31 11:59:58 */
    pass(&b, NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 0);
    CHECK_EQ(get(&b, 0x00), 0x59);
    CHECK_EQ(get(&b, 0x07), 0x31);
    CHECK_EQ(get(&b, 0x08), 0x05);
    pass(&b, NS_PER_SECOND);
    CHECK_EQ(b.rises[8], 1);
    CHECK_EQ(get(&b, 0x04), 0x12);
    set(&b, 0x00, 0x7a);
    pass(&b, NS_PER_SECOND); /* 80 seconds, and one */
    CHECK_EQ(get(&b, 0x00), 0x21);
    CHECK_EQ(get(&b, 0x02), 0x01);
    close_rtc(&b, rtc);
}

TEST(any_bytes_are_a_time)
{
    struct bench b;
    struct mc146818 *rtc = open_rtc(&b, BASE);
    for (unsigned value = 0; value < 256; value++) {
        for (uint8_t index = 0; index < 14; index++)
            set(&b, index, (uint8_t)(value * 37 + index * 11));
        set(&b, 0x32, (uint8_t)value);
        set(&b, 0x0a, (uint8_t)value);
        set(&b, 0x0b, (uint8_t)(value >> 1));
        jump(&b, NS_PER_SECOND * 3);
        get(&b, 0x00);
        get(&b, 0x0c);
    }
    close_rtc(&b, rtc);
}
