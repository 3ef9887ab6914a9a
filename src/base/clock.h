// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Clocks and timers: an ordered list of deadlines on a clock that can be stopped.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_NEVER   INT64_MAX
#define NS_PER_SECOND INT64_C(1000000000)

/*
 * CLOCK_VIRTUAL is the guest's time: it runs with host monotonic time and stands still while the
 * machine is stopped. CLOCK_HOST always runs (screen refresh, back ends). Times are nanoseconds
 * since the clock's creation. All functions but clock_now() and clock_late() are called under the device lock.
 */
enum clock_kind { CLOCK_VIRTUAL, CLOCK_HOST };

struct clock;

struct timer {
    struct clock *clock;
    int64_t deadline; /* CLOCK_NEVER: not armed */
    void (*expire)(void *opaque);
    void *opaque;
    struct timer *next; /* in order of deadline */
};

struct clock *clock_create(enum clock_kind kind);
void clock_destroy(struct clock *clock);

/* Thread safe. */
int64_t clock_now(const struct clock *clock);

/* Stop or restart the virtual clock. */
void clock_stop(struct clock *clock);
void clock_start(struct clock *clock);
bool clock_running(const struct clock *clock);

/* Run the timers whose deadline has passed. */
void clock_run(struct clock *clock);

/* Should clock_run() have been called some time before `now`? Whoever is about to show the guest that time calls it
 * first, so that on a busy host no interrupt is later than what the guest sees of time. Thread safe. */
bool clock_late(const struct clock *clock, int64_t now);

/* The earliest deadline in host monotonic nanoseconds; CLOCK_NEVER with no timer or a stopped
 * clock. */
int64_t clock_host_deadline(const struct clock *clock);

/* notify is called whenever clock_host_deadline() has become earlier. */
void clock_set_notify(struct clock *clock, void (*notify)(void *opaque), void *opaque);

void timer_init(struct timer *timer, struct clock *clock, void (*expire)(void *opaque),
                void *opaque);
/* Arm for an absolute time on the timer's clock; re-arming moves it. A past deadline fires at the
 * next clock_run(). */
void timer_set(struct timer *timer, int64_t deadline);
void timer_cancel(struct timer *timer);
static inline bool timer_armed(const struct timer *timer)
{
    return timer->deadline != CLOCK_NEVER;
}

/* a * b / c without overflow of the product (c > 0), rounded down. For ticks and nanoseconds. */
static inline int64_t muldiv64(int64_t a, uint32_t b, uint32_t c)
{
    return (int64_t)((__int128)a * b / c);
}

#endif
