// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Clocks and timers on a host time of the test's own making.
#include "base/clock.h"

#include "host/host.h"
#include "unit.h"

/* In place of the host's. */
static int64_t host_time = 1000;

int64_t host_monotonic_ns(void)
{
    return host_time;
}

static char order[32];

static void note(void *opaque)
{
    strncat(order, opaque, 1);
}

static unsigned notified;

static void count_notify(void *opaque)
{
    (void)opaque;
    notified++;
}

TEST(time_runs_and_stops)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    CHECK_EQ(clock_now(clock), 0);
    host_time += 50;
    CHECK_EQ(clock_now(clock), 50);
    clock_stop(clock);
    CHECK(!clock_running(clock));
    host_time += 1000;
    CHECK_EQ(clock_now(clock), 50);
    clock_stop(clock);
    clock_start(clock);
    clock_start(clock);
    CHECK_EQ(clock_now(clock), 50);
    host_time += 7;
    CHECK_EQ(clock_now(clock), 57);
    clock_destroy(clock);
}

TEST(timers_fire_in_order)
{
    struct clock *clock = clock_create(CLOCK_HOST);
    struct timer a, b, c, d;
    order[0] = '\0';
    timer_init(&a, clock, note, "a");
    timer_init(&b, clock, note, "b");
    timer_init(&c, clock, note, "c");
    timer_init(&d, clock, note, "d");
    CHECK_EQ(clock_host_deadline(clock), CLOCK_NEVER);
    timer_set(&a, 30);
    timer_set(&b, 10);
    timer_set(&c, 10);
    timer_set(&d, 20);
    CHECK_EQ(clock_host_deadline(clock), host_time + 10);
    host_time += 9;
    clock_run(clock);
    CHECK(strcmp(order, "") == 0);
    host_time += 11;
    clock_run(clock);
    CHECK(strcmp(order, "bcd") == 0);
    CHECK(!timer_armed(&b) && timer_armed(&a));
    timer_set(&a, 15); /* has passed already */
    clock_run(clock);
    CHECK(strcmp(order, "bcda") == 0);
    CHECK_EQ(clock_host_deadline(clock), CLOCK_NEVER);
    clock_destroy(clock);
}

TEST(moving_and_cancelling)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    struct timer a, b;
    order[0] = '\0';
    timer_init(&a, clock, note, "a");
    timer_init(&b, clock, note, "b");
    timer_cancel(&a);
    timer_set(&a, 10);
    timer_set(&b, 20);
    timer_set(&a, 30);
    timer_set(&b, CLOCK_NEVER);
    CHECK(!timer_armed(&b));
    host_time += 100;
    timer_cancel(&a);
    clock_run(clock);
    CHECK(strcmp(order, "") == 0);
    clock_destroy(clock);
}

TEST(stopped_clock_holds_its_timers)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    struct timer a;
    order[0] = '\0';
    timer_init(&a, clock, note, "a");
    timer_set(&a, 10);
    clock_stop(clock);
    CHECK_EQ(clock_host_deadline(clock), CLOCK_NEVER);
    host_time += 100;
    clock_run(clock);
    CHECK(strcmp(order, "") == 0);
    clock_start(clock);
    CHECK_EQ(clock_host_deadline(clock), host_time + 10);
    clock_run(clock);
    CHECK(strcmp(order, "") == 0);
    host_time += 10;
    clock_run(clock);
    CHECK(strcmp(order, "a") == 0);
    clock_destroy(clock);
}

struct periodic {
    struct timer timer;
    int64_t next;
    unsigned ticks;
    struct timer *victim;
};

static void tick(void *opaque)
{
    struct periodic *p = opaque;
    p->ticks++;
    p->next += 10;
    timer_set(&p->timer, p->next);
    if (p->victim != NULL)
        timer_cancel(p->victim);
}

/* A timer that is late arms itself for a time that has passed: one tick a run, and no endless loop.
 */
TEST(late_periodic_timer)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    struct periodic p = { .next = 10 };
    timer_init(&p.timer, clock, tick, &p);
    timer_set(&p.timer, p.next);
    host_time += 35;
    for (unsigned i = 1; i <= 3; i++) {
        clock_run(clock);
        CHECK_EQ(p.ticks, i);
    }
    clock_run(clock);
    CHECK_EQ(p.ticks, 3);
    CHECK_EQ(p.timer.deadline, 40);
    clock_destroy(clock);
}

/* Both are due; the first cancels the second before it has run. */
TEST(cancel_of_a_due_timer)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    struct timer victim;
    struct periodic p = { .next = 10, .victim = &victim };
    order[0] = '\0';
    timer_init(&p.timer, clock, tick, &p);
    timer_init(&victim, clock, note, "v");
    timer_set(&p.timer, 10);
    timer_set(&victim, 12);
    host_time += 15;
    clock_run(clock);
    CHECK_EQ(p.ticks, 1);
    CHECK(strcmp(order, "") == 0);
    CHECK(!timer_armed(&victim));
    clock_destroy(clock);
}

TEST(notify_when_earlier)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    struct timer a, b;
    notified = 0;
    clock_set_notify(clock, count_notify, NULL);
    timer_init(&a, clock, note, "a");
    timer_init(&b, clock, note, "b");
    timer_set(&a, 100);
    CHECK_EQ(notified, 1);
    timer_set(&b, 200);
    CHECK_EQ(notified, 1);
    timer_set(&b, 50);
    CHECK_EQ(notified, 2);
    clock_stop(clock);
    timer_set(&b, 10);
    CHECK_EQ(notified, 2);
    clock_start(clock);
    CHECK_EQ(notified, 3);
    clock_destroy(clock);
}

TEST(late_without_the_lock)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    struct timer a, b;
    const int64_t ms = 1000 * 1000;
    timer_init(&a, clock, note, "a");
    timer_init(&b, clock, note, "b");
    CHECK(!clock_late(clock, clock_now(clock) + ms));
    timer_set(&a, clock_now(clock) + 2 * ms);
    timer_set(&b, clock_now(clock) + 4 * ms);
    CHECK(!clock_late(clock, clock_now(clock) + 2 * ms));
    CHECK(clock_late(clock, clock_now(clock) + 3 * ms));
    timer_cancel(&a);
    CHECK(!clock_late(clock, clock_now(clock) + 3 * ms));
    host_time += 5 * ms;
    CHECK(clock_late(clock, clock_now(clock)));
    clock_run(clock);
    CHECK(!clock_late(clock, clock_now(clock)));
    clock_destroy(clock);
}

TEST(muldiv)
{
    CHECK_EQ(muldiv64(INT64_C(1) << 50, 1193182, 1000000000),
             (uint64_t)(((__int128)1 << 50) * 1193182 / 1000000000));
    CHECK_EQ(muldiv64(999999999, 1, 1000000000), 0);
}
