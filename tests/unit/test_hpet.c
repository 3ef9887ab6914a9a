// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The HPET by its registers: counter, comparators, periodic mode, levels, legacy replacement.
#include "device/timer/hpet.h"

#include "chip_bench.h"
#include "device/intc/i8259.h"

#define BASE UINT64_C(0xfed00000)

enum { PERIOD_FS = 10000000 };
#define CONFIG(n)     (BASE + 0x100 + 0x20 * (n))
#define COMPARATOR(n) (CONFIG(n) + 8)
#define ROUTE(n)      ((uint32_t)(n) << 9)

static struct hpet *open_hpet(struct bench *b)
{
    bench_open(b);
    return hpet_create(b->memory, &b->log, b->clock, BASE, bench_line(b, 0));
}

static void close_hpet(struct bench *b, struct hpet *hpet)
{
    hpet_destroy(hpet);
    bench_close(b);
}

TEST(capabilities_and_counter)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    CHECK_EQ(load(&b, BASE, 8), (uint64_t)PERIOD_FS << 32 | 0x8086a201);
    CHECK_EQ(load(&b, BASE + 4, 4), PERIOD_FS);
    pass(&b, 1000);
    CHECK_EQ(load(&b, BASE + 0xf0, 8), 0); /* halted */
    store(&b, BASE + 0xf0, 4, 0xfffffff0);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 10 * 100);
    CHECK_EQ(load(&b, BASE + 0xf0, 8), 0x100000000 + 84);
    CHECK_EQ(load(&b, BASE + 0xf4, 4), 1);
    store(&b, BASE + 0x10, 4, 0);
    pass(&b, 1000);
    CHECK_EQ(load(&b, BASE + 0xf0, 8), 0x100000000 + 84);
    hpet_reset(hpet);
    CHECK_EQ(load(&b, BASE + 0xf0, 8), 0);
    close_hpet(&b, hpet);
}

TEST(one_shot_edge)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    store(&b, CONFIG(2), 4, 0x4 | ROUTE(20));
    CHECK_EQ(load(&b, CONFIG(2), 4), 0x34 | ROUTE(20));
    CHECK_EQ(load(&b, CONFIG(2) + 4, 4), 0x00f00000);
    store(&b, COMPARATOR(2), 8, 1000);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 9990);
    CHECK_EQ(b.rises[20], 0);
    pass(&b, 10);
    CHECK_EQ(b.rises[20], 1);
    CHECK(b.level[20]); /* until the next one, or another configuration */
    store(&b, BASE + 0x20, 4, 0xff);
    CHECK(b.level[20]); /* its status says nothing */
    pass(&b, 100 * NS_PER_SECOND);
    CHECK_EQ(b.rises[20], 1);
    store(&b, CONFIG(2), 4, 0x4 | ROUTE(3)); /* not a route it has */
    CHECK_EQ(load(&b, CONFIG(2), 4) & ROUTE(31), 0);
    close_hpet(&b, hpet);
}

/* With an 8259A behind, INTR at line 100. T0 replaces the PIT and has signalled an edge. */
static struct hpet *open_edge_at_pic(struct bench *b, struct i8259 **pic)
{
    bench_open(b);
    *pic = i8259_create(b->memory, &b->log, 0x20, 0xa0, bench_line(b, 100));
    struct irq_line gsi = { i8259_set_irq, *pic, 0 };
    struct hpet *hpet = hpet_create(b->memory, &b->log, b->clock, BASE, gsi);
    store(b, CONFIG(0), 4, 0x104);
    store(b, COMPARATOR(0), 8, 1000);
    store(b, BASE + 0x10, 4, 3);
    pass(b, 10010);
    CHECK(b->level[100]);
    return hpet;
}

static void close_edge_at_pic(struct bench *b, struct hpet *hpet, struct i8259 *pic)
{
    i8259_destroy(pic);
    close_hpet(b, hpet);
}

/* The guest stopped its timer before it took the interrupt: the 8259A's request was gone. */
TEST(edge_stays_when_its_timer_is_configured)
{
    struct bench b;
    struct i8259 *pic;
    struct hpet *hpet = open_edge_at_pic(&b, &pic);
    store(&b, CONFIG(0), 4, 0x100);
    CHECK(b.level[100]);
    store(&b, CONFIG(0), 4, 0x10c);
    store(&b, CONFIG(0), 4, 0x104 | ROUTE(20)); /* legacy replacement goes before the route */
    CHECK(b.level[100]);
    i8259_acknowledge(pic);
    out(&b, 0x20, 0x20);
    CHECK(!b.level[100]); /* and is not signalled again */
    store(&b, CONFIG(0), 4, 0x100);
    store(&b, CONFIG(0), 4, 0x104);
    CHECK(!b.level[100]);
    store(&b, COMPARATOR(0), 8, 2000); /* but the next one is */
    pass(&b, 10000);
    CHECK(b.level[100]);
    close_edge_at_pic(&b, hpet, pic);
}

/* A level that nobody drives would be a request without end. */
TEST(edge_goes_when_its_timer_leaves_or_knows_levels)
{
    struct bench b;
    struct i8259 *pic;
    struct hpet *hpet = open_edge_at_pic(&b, &pic);
    store(&b, CONFIG(0), 4, 0x106);
    CHECK(!b.level[100]);
    close_edge_at_pic(&b, hpet, pic);
    hpet = open_edge_at_pic(&b, &pic);
    store(&b, BASE + 0x10, 4, 1);
    CHECK(!b.level[100]);
    close_edge_at_pic(&b, hpet, pic);
    hpet = open_hpet(&b);
    store(&b, CONFIG(2), 4, 0x4 | ROUTE(20));
    store(&b, COMPARATOR(2), 8, 1000);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 10000);
    CHECK(b.level[20]);
    store(&b, CONFIG(2), 4, 0x4 | ROUTE(21));
    CHECK(!b.level[20] && !b.level[21]);
    close_hpet(&b, hpet);
}

/* A level went down and up again with each write: an edge, where the input wants edges. */
TEST(level_stays_when_its_timer_is_configured)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    store(&b, CONFIG(1), 4, 0x6 | ROUTE(20));
    store(&b, CONFIG(2), 4, 0x6 | ROUTE(20));
    store(&b, COMPARATOR(1), 8, 1000);
    store(&b, COMPARATOR(2), 8, 1000);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 10000);
    CHECK_EQ(b.rises[20], 1);
    store(&b, CONFIG(1), 4, 0x106 | ROUTE(20));
    CHECK(b.level[20]);
    CHECK_EQ(b.rises[20], 1);
    store(&b, BASE + 0x20, 4, 2); /* one of two that drive it */
    CHECK(b.level[20]);
    store(&b, CONFIG(2), 4, 0x2 | ROUTE(20)); /* with the interrupt disabled */
    CHECK(!b.level[20]);
    store(&b, CONFIG(2), 4, 0x6 | ROUTE(21));
    CHECK(b.level[21] && !b.level[20]);
    close_hpet(&b, hpet);
}

TEST(level_stays_when_another_timer_leaves_its_line)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    store(&b, CONFIG(1), 4, 0x6 | ROUTE(20)); /* by level */
    store(&b, CONFIG(0), 4, 0x4 | ROUTE(20));
    store(&b, COMPARATOR(1), 8, 1000);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 10000);
    CHECK(b.level[20]);
    store(&b, CONFIG(0), 4, 0x4 | ROUTE(21));
    CHECK(b.level[20]);
    store(&b, BASE + 0x20, 4, 2);
    CHECK(!b.level[20]);
    close_hpet(&b, hpet);
}

TEST(one_shot_32_bit_comes_each_turn)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    store(&b, CONFIG(0), 4, 0x104 | ROUTE(21));
    store(&b, COMPARATOR(0), 8, 5);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 100);
    CHECK_EQ(b.rises[21], 1);
    pass(&b, (INT64_C(10) << 32) - 100);
    CHECK_EQ(b.rises[21], 1);
    pass(&b, 100);
    CHECK_EQ(b.rises[21], 2);
    close_hpet(&b, hpet);
}

TEST(periodic_is_exact_and_late_once)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    store(&b, BASE + 0x10, 4, 1);
    store(&b, CONFIG(0), 4, 0x4c | ROUTE(22)); /* periodic, set value */
    store(&b, COMPARATOR(0), 8, 500);
    CHECK_EQ(load(&b, CONFIG(0), 4) & 0x40, 0);
    store(&b, COMPARATOR(0), 4, 10000); /* the period alone, by its low half */
    CHECK_EQ(load(&b, COMPARATOR(0), 8), 500);
    pass(&b, 5000);
    CHECK_EQ(b.rises[22], 1);
    CHECK_EQ(load(&b, COMPARATOR(0), 8), 10500);
    pass(&b, NS_PER_SECOND);
    CHECK_EQ(b.rises[22], 10001);
    jump(&b, 100000 * 50 + 30000);
    CHECK_EQ(b.rises[22], 10002);
    pass(&b, 70000 - 10);
    CHECK_EQ(b.rises[22], 10002);
    pass(&b, 10);
    CHECK_EQ(b.rises[22], 10003);
    close_hpet(&b, hpet);
}

TEST(level_until_status_is_cleared)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    store(&b, CONFIG(1), 4, 0x6 | ROUTE(23));
    store(&b, COMPARATOR(1), 8, 10);
    store(&b, BASE + 0x10, 4, 1);
    pass(&b, 100);
    CHECK(b.level[23]);
    CHECK_EQ(load(&b, BASE + 0x20, 4), 2);
    store(&b, BASE + 0x20, 4, 1);
    CHECK(b.level[23]);
    store(&b, BASE + 0x20, 4, 2);
    CHECK(!b.level[23]);
    CHECK_EQ(load(&b, BASE + 0x20, 4), 0);
    close_hpet(&b, hpet);
}

TEST(legacy_replacement_takes_the_lines)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    struct irq_line pit = hpet_legacy_line(hpet, 0), rtc = hpet_legacy_line(hpet, 8);
    irq_set(pit, true);
    irq_set(rtc, true);
    CHECK(b.level[0] && b.level[8]);
    store(&b, BASE + 0x10, 4, 2);
    CHECK(!b.level[0] && !b.level[8]);
    irq_pulse(rtc);
    CHECK_EQ(b.rises[8], 1);
    irq_set(rtc, true);
    store(&b, CONFIG(0), 4, 0x4);
    store(&b, COMPARATOR(0), 8, 10);
    store(&b, CONFIG(1), 4, 0x4);
    store(&b, COMPARATOR(1), 8, 20);
    store(&b, BASE + 0x10, 4, 3);
    pass(&b, 1000);
    CHECK_EQ(b.rises[0], 2);
    CHECK_EQ(b.rises[8], 2);
    store(&b, BASE + 0x10, 4, 1);
    CHECK(b.level[0] && b.level[8]);
    close_hpet(&b, hpet);
}

TEST(any_registers_do_no_harm)
{
    struct bench b;
    struct hpet *hpet = open_hpet(&b);
    uint64_t seed = 1;
    for (int i = 0; i < 100000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        unsigned offset = (seed >> 40) % 0x180, size = seed >> 60 & 1 ? 8 : 4;
        if (seed >> 61 & 1)
            store(&b, BASE + offset, size, seed >> (seed & 63));
        else
            load(&b, BASE + offset, size);
        jump(&b, (int64_t)(seed >> 20 & 0xfffff));
    }
    close_hpet(&b, hpet);
}
