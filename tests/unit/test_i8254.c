// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8254 by its ports and the tick: six modes, latches, BCD, gate, exact average rate.
#include "device/timer/i8254.h"

#include "chip_bench.h"
#include "device/timer/speaker_port.h"

static struct i8254 *open_pit(struct bench *b)
{
    bench_open(b);
    return i8254_create(b->memory, &b->log, b->clock, 0x40, bench_line(b, 0));
}

static void close_pit(struct bench *b, struct i8254 *pit)
{
    i8254_destroy(pit);
    bench_close(b);
}

/* To the middle of tick n (from the clock's creation). */
static void to_tick(struct bench *b, int64_t n)
{
    int64_t at = muldiv64(2 * n + 1, 500000000, I8254_FREQUENCY);
    pass(b, at - clock_now(b->clock));
}

static void program(struct bench *b, unsigned counter, unsigned mode, uint16_t count)
{
    out(b, 0x43, (uint8_t)(counter << 6 | 0x30 | mode << 1));
    out(b, 0x40 + counter, (uint8_t)count);
    out(b, 0x40 + counter, (uint8_t)(count >> 8));
}

static uint16_t latch(struct bench *b, unsigned counter)
{
    out(b, 0x43, (uint8_t)(counter << 6));
    uint16_t low = in(b, 0x40 + counter);
    return (uint16_t)(low | in(b, 0x40 + counter) << 8);
}

static uint8_t status(struct bench *b, unsigned counter)
{
    out(b, 0x43, (uint8_t)(0xe0 | 2 << counter));
    return in(b, 0x40 + counter);
}

TEST(mode_0_interrupts_once)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    to_tick(&b, 10);
    program(&b, 0, 0, 5); /* loaded by the pulse of tick 11 */
    CHECK(!b.level[0]);
    to_tick(&b, 11);
    CHECK_EQ(latch(&b, 0), 5);
    to_tick(&b, 14);
    CHECK_EQ(latch(&b, 0), 2);
    to_tick(&b, 15);
    CHECK(!b.level[0]);
    CHECK_EQ(status(&b, 0), 0x30);
    to_tick(&b, 16);
    CHECK(b.level[0]);
    CHECK_EQ(status(&b, 0), 0xb0);
    CHECK_EQ(latch(&b, 0), 0);
    to_tick(&b, 18);
    CHECK_EQ(latch(&b, 0), 0xfffe);
    to_tick(&b, 200000);
    CHECK_EQ(b.rises[0], 1 + 1); /* one at creation */
    close_pit(&b, pit);
}

TEST(mode_2_rate_generator)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 4);
    b.rises[0] = 0;
    CHECK_EQ(status(&b, 0) & 0x40, 0x40); /* null count: not loaded yet */
    to_tick(&b, 1);
    CHECK_EQ(status(&b, 0), 0xb4);
    for (int tick = 1; tick < 9; tick++) {
        static const uint8_t values[4] = { 4, 3, 2, 1 };
        to_tick(&b, tick);
        CHECK_EQ(latch(&b, 0), values[(tick - 1) & 3]);
        CHECK_EQ(i8254_output(pit, 0), values[(tick - 1) & 3] != 1);
    }
    to_tick(&b, 401);
    CHECK_EQ(b.rises[0], 100);
    close_pit(&b, pit);
}

TEST(mode_2_new_count_waits_for_the_cycle)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 100);
    to_tick(&b, 51);
    out(&b, 0x40, 10);
    out(&b, 0x40, 0);
    CHECK_EQ(status(&b, 0) & 0x40, 0x40);
    CHECK_EQ(latch(&b, 0), 50);
    b.rises[0] = 0;
    to_tick(&b, 100);
    CHECK_EQ(b.rises[0], 0);
    to_tick(&b, 101);
    CHECK_EQ(b.rises[0], 1);
    CHECK_EQ(latch(&b, 0), 10);
    CHECK_EQ(status(&b, 0) & 0x40, 0);
    to_tick(&b, 111);
    CHECK_EQ(b.rises[0], 2);
    close_pit(&b, pit);
}

TEST(mode_3_square_wave)
{
    static const uint8_t even[6] = { 6, 4, 2, 6, 4, 2 }, odd[5] = { 4, 2, 0, 4, 2 };
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 3, 6);
    for (int tick = 1; tick < 13; tick++) {
        to_tick(&b, tick);
        CHECK_EQ(latch(&b, 0), even[(tick - 1) % 6]);
        CHECK_EQ(i8254_output(pit, 0), (tick - 1) % 6 < 3);
    }
    to_tick(&b, 20);
    program(&b, 0, 3, 5);
    for (int tick = 21; tick < 31; tick++) {
        to_tick(&b, tick);
        CHECK_EQ(latch(&b, 0), odd[(tick - 21) % 5]);
        CHECK_EQ(i8254_output(pit, 0), (tick - 21) % 5 < 3);
    }
    b.rises[0] = 0;
    to_tick(&b, 30 + 5000);
    CHECK_EQ(b.rises[0], 1000);
    close_pit(&b, pit);
}

TEST(mode_4_strobe)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 4, 3);
    b.rises[0] = 0;
    to_tick(&b, 3);
    CHECK(i8254_output(pit, 0));
    to_tick(&b, 4);
    CHECK(!i8254_output(pit, 0));
    to_tick(&b, 5);
    CHECK(i8254_output(pit, 0));
    CHECK_EQ(b.rises[0], 1);
    to_tick(&b, 100000);
    CHECK_EQ(b.rises[0], 1);
    out(&b, 0x40, 7); /* a new count triggers again */
    out(&b, 0x40, 0);
    to_tick(&b, 100009);
    CHECK_EQ(b.rises[0], 2);
    close_pit(&b, pit);
}

TEST(gate_triggers_modes_1_and_5)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 2, 1, 4);
    to_tick(&b, 10);
    CHECK(i8254_output(pit, 2));
    i8254_set_gate(pit, 2, true);
    to_tick(&b, 11);
    CHECK(!i8254_output(pit, 2));
    i8254_set_gate(pit, 2, false); /* the level does not matter */
    to_tick(&b, 13);
    i8254_set_gate(pit, 2, true); /* retriggers */
    to_tick(&b, 17);
    CHECK(!i8254_output(pit, 2));
    to_tick(&b, 18);
    CHECK(i8254_output(pit, 2));
    program(&b, 2, 5, 2);
    i8254_set_gate(pit, 2, false);
    to_tick(&b, 20);
    i8254_set_gate(pit, 2, true);
    to_tick(&b, 22);
    CHECK(i8254_output(pit, 2));
    to_tick(&b, 23);
    CHECK(!i8254_output(pit, 2));
    to_tick(&b, 24);
    CHECK(i8254_output(pit, 2));
    close_pit(&b, pit);
}

/* OUT of modes 1, 4 and 5 moves with CLK, not with the gate: it went up between two pulses. */
TEST(retrigger_keeps_out_low)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 2, 1, 4);
    i8254_set_gate(pit, 2, true);
    CHECK(i8254_output(pit, 2)); /* the first trigger waits for CLK, too */
    to_tick(&b, 3);
    i8254_set_gate(pit, 2, false);
    CHECK(!i8254_output(pit, 2));
    i8254_set_gate(pit, 2, true);
    CHECK(!i8254_output(pit, 2));
    CHECK_EQ(status(&b, 2) & 0x80, 0);
    to_tick(&b, 7);
    CHECK(!i8254_output(pit, 2));
    to_tick(&b, 8);
    CHECK(i8254_output(pit, 2));
    i8254_set_gate(pit, 2, false);
    i8254_set_gate(pit, 2, true);
    CHECK(i8254_output(pit, 2));
    to_tick(&b, 9);
    CHECK(!i8254_output(pit, 2));
    program(&b, 2, 1, 4); /* a control word sets OUT at once */
    CHECK(i8254_output(pit, 2));

    program(&b, 2, 5, 2);
    i8254_set_gate(pit, 2, false);
    i8254_set_gate(pit, 2, true);
    to_tick(&b, 12);
    CHECK(!i8254_output(pit, 2));
    i8254_set_gate(pit, 2, false);
    i8254_set_gate(pit, 2, true); /* in the strobe */
    CHECK(!i8254_output(pit, 2));
    to_tick(&b, 13);
    CHECK(i8254_output(pit, 2));
    to_tick(&b, 15);
    CHECK(!i8254_output(pit, 2));
    close_pit(&b, pit);
}

/* The gate stops mode 4's count; OUT was low until it came back, and strobed twice. */
TEST(mode_4_strobe_ends_with_the_gate_low)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    i8254_set_gate(pit, 2, true);
    program(&b, 2, 4, 3);
    to_tick(&b, 4);
    CHECK(!i8254_output(pit, 2));
    i8254_set_gate(pit, 2, false);
    CHECK(!i8254_output(pit, 2)); /* not the gate's doing */
    to_tick(&b, 5);
    CHECK(i8254_output(pit, 2));
    CHECK_EQ(latch(&b, 2), 0);
    to_tick(&b, 50);
    i8254_set_gate(pit, 2, true);
    CHECK(i8254_output(pit, 2));
    CHECK_EQ(latch(&b, 2), 0);
    to_tick(&b, 51);
    CHECK(i8254_output(pit, 2));
    CHECK_EQ(latch(&b, 2), 0xffff);
    to_tick(&b, 50 + 65536); /* zero once more: no strobe */
    CHECK_EQ(latch(&b, 2), 0);
    CHECK(i8254_output(pit, 2));
    close_pit(&b, pit);
}

/* A count that is written in the strobe leaves it its pulse: the interrupt comes when it ends. */
TEST(mode_4_strobe_ends_with_its_pulse)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 4, 3);
    b.rises[0] = 0;
    to_tick(&b, 4);
    out(&b, 0x40, 5);
    out(&b, 0x40, 0);
    CHECK(!i8254_output(pit, 0));
    CHECK_EQ(b.rises[0], 0);
    to_tick(&b, 5);
    CHECK(i8254_output(pit, 0));
    CHECK_EQ(b.rises[0], 1);
    to_tick(&b, 10);
    CHECK(!i8254_output(pit, 0));
    CHECK_EQ(b.rises[0], 1);
    to_tick(&b, 11);
    CHECK(i8254_output(pit, 0));
    CHECK_EQ(b.rises[0], 2);
    close_pit(&b, pit);
}

TEST(gate_holds_modes_0_and_3)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    i8254_set_gate(pit, 2, true);
    program(&b, 2, 0, 100);
    to_tick(&b, 31);
    i8254_set_gate(pit, 2, false);
    to_tick(&b, 500);
    CHECK_EQ(latch(&b, 2), 70);
    CHECK(!i8254_output(pit, 2));
    i8254_set_gate(pit, 2, true);
    to_tick(&b, 569);
    CHECK(!i8254_output(pit, 2));
    to_tick(&b, 570);
    CHECK(i8254_output(pit, 2));
    program(&b, 2, 3, 10);
    to_tick(&b, 577);
    CHECK(!i8254_output(pit, 2));
    i8254_set_gate(pit, 2, false);
    CHECK(i8254_output(pit, 2)); /* at once */
    to_tick(&b, 600);
    i8254_set_gate(pit, 2, true);
    to_tick(&b, 601);
    CHECK_EQ(latch(&b, 2), 10);
    close_pit(&b, pit);
}

TEST(latch_holds_until_read)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 0); /* 65536 */
    to_tick(&b, 1 + 0x1234);
    out(&b, 0x43, 0xc2); /* read-back: count and status */
    to_tick(&b, 30000);
    out(&b, 0x43, 0x00); /* ignored: latched already */
    CHECK_EQ(in(&b, 0x40), 0xb4);
    CHECK_EQ(in(&b, 0x40), (uint8_t)(0x10000 - 0x1234));
    CHECK_EQ(in(&b, 0x40), (0x10000 - 0x1234) >> 8);
    CHECK_EQ(latch(&b, 0), 0x10000 - (30000 - 1));
    close_pit(&b, pit);
}

TEST(byte_access_and_bcd)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    out(&b, 0x43, 0x24); /* high byte only, mode 2 */
    out(&b, 0x40, 0x10);
    to_tick(&b, 1);
    CHECK_EQ(in(&b, 0x40), 0x10);
    CHECK_EQ(in(&b, 0x40), 0x10);
    out(&b, 0x43, 0x35); /* BCD, mode 2 */
    out(&b, 0x40, 0x00);
    out(&b, 0x40, 0x10); /* 1000 */
    to_tick(&b, 2 + 1);
    CHECK_EQ(latch(&b, 0), 0x0999);
    b.rises[0] = 0;
    to_tick(&b, 2 + 5000);
    CHECK_EQ(b.rises[0], 5);
    close_pit(&b, pit);
}

TEST(rate_is_exact_over_an_hour)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 11932); /* about 100 Hz */
    b.rises[0] = 0;
    pass(&b, 3600 * NS_PER_SECOND);
    CHECK_EQ(b.rises[0],
             (muldiv64(clock_now(b.clock), I8254_FREQUENCY, NS_PER_SECOND) - 1) / 11932);
    close_pit(&b, pit);
}

/* Linux said "IO-APIC + timer doesn't work" on a busy host: ticks that came late were one. */
TEST(late_ticks_are_made_up_for)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 1000);
    to_tick(&b, 500);
    b.rises[0] = 0;
    jump(&b, muldiv64(5000, NS_PER_SECOND, I8254_FREQUENCY)); /* tick 5500 */
    CHECK_EQ(b.rises[0], 1);
    to_tick(&b, 5736);
    CHECK_EQ(b.rises[0], 1);
    to_tick(&b, 5741);
    CHECK_EQ(b.rises[0], 2);
    /* Those that come due meanwhile wait for their turn; then all is as if nothing had been. */
    to_tick(&b, 7100);
    CHECK_EQ(b.rises[0], 7);
    to_tick(&b, 8000);
    CHECK_EQ(b.rises[0], 7);
    to_tick(&b, 8001);
    CHECK_EQ(b.rises[0], 8);
    /* Another count: nothing is owed any more. */
    jump(&b, muldiv64(5000, NS_PER_SECOND, I8254_FREQUENCY));
    program(&b, 0, 2, 2000);
    b.rises[0] = 0;
    pass(&b, muldiv64(1990, NS_PER_SECOND, I8254_FREQUENCY));
    CHECK_EQ(b.rises[0], 0);
    close_pit(&b, pit);
}

/* A look at the counter brought the next of them at once: an 8259A makes two such edges one. */
TEST(late_ticks_are_not_hurried_by_reads)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 1000);
    to_tick(&b, 500);
    b.rises[0] = 0;
    jump(&b, muldiv64(5000, NS_PER_SECOND, I8254_FREQUENCY)); /* tick 5500 */
    for (int64_t tick = 5500; tick < 5737; tick += 20) {
        to_tick(&b, tick);
        latch(&b, 0);
        i8254_set_gate(pit, 2, tick % 40 == 0);
        CHECK_EQ(b.rises[0], 1);
    }
    /* Its own time come, it does not wait for the host. */
    bench_host_time += muldiv64(40, NS_PER_SECOND, I8254_FREQUENCY);
    latch(&b, 0);
    CHECK_EQ(b.rises[0], 2);
    latch(&b, 0);
    CHECK_EQ(b.rises[0], 2);
    /* A count that has come round has had its edge. */
    bench_host_time += muldiv64(245, NS_PER_SECOND, I8254_FREQUENCY); /* tick 6005 */
    CHECK(latch(&b, 0) > 990);
    CHECK_EQ(b.rises[0], 3);
    latch(&b, 0);
    CHECK_EQ(b.rises[0], 3);
    to_tick(&b, 8001);
    CHECK_EQ(b.rises[0], 8);
    /* Nor does one that is on time, where the count shows it. */
    bench_host_time += muldiv64(1001, NS_PER_SECOND, I8254_FREQUENCY);
    CHECK(latch(&b, 0) > 990);
    CHECK_EQ(b.rises[0], 9);
    close_pit(&b, pit);
}

TEST(too_many_late_ticks_are_lost)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    program(&b, 0, 2, 1000);
    to_tick(&b, 500);
    b.rises[0] = 0;
    jump(&b, muldiv64(100 * 1000 * 1000, NS_PER_SECOND, I8254_FREQUENCY));
    pass(&b, muldiv64(1000 * 1000, NS_PER_SECOND, I8254_FREQUENCY));
    CHECK(b.rises[0] >= 2000 && b.rises[0] <= 2002);
    close_pit(&b, pit);
}

TEST(port_61_gate_output_refresh)
{
    struct bench b;
    struct i8254 *pit = open_pit(&b);
    struct speaker_port *port = speaker_port_create(b.memory, &b.log, b.clock, pit);
    out(&b, 0x61, 0x01);
    CHECK(i8254_gate(pit, 2));
    program(&b, 2, 0, 50);
    CHECK_EQ(in(&b, 0x61) & 0x2f, 0x01);
    to_tick(&b, 60);
    CHECK_EQ(in(&b, 0x61) & 0x2f, 0x21);
    unsigned toggles = 0, last = in(&b, 0x61) & 0x10;
    for (int i = 0; i < 1000; i++) {
        pass(&b, 1000);
        toggles += (in(&b, 0x61) & 0x10) != last;
        last = in(&b, 0x61) & 0x10;
    }
    CHECK(toggles >= 65 && toggles <= 67);
    speaker_port_destroy(port);
    close_pit(&b, pit);
}
