// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Clocks over host monotonic time, and their timers in order of deadline.
#include "base/clock.h"

#include <stddef.h>

#include "host/host.h"

/* On a host that is not busy the event loop comes sooner than this behind a deadline. */
#define LATE_NS (200 * 1000)

/*
 * clock_now() is called by CPU threads without the lock while another thread may stop or start the
 * clock. Both words that it reads are guarded by a sequence number, odd while they change: a reader
 * that met a change reads again, so it never combines the origin of one run with the host time of
 * another.
 */
struct clock {
    enum clock_kind kind;
    uint32_t sequence;
    bool running;
    int64_t base;          /* running: host time of the clock's zero; else the time it shows */
    int64_t earliest;      /* the first armed deadline, for readers without the lock */
    struct timer *armed;   /* by deadline; first in, first out among equals */
    struct timer *expired; /* taken from armed by the clock_run() that is under way */
    void (*notify)(void *opaque);
    void *opaque;
};

/*
 * Switch between running and standing still. Both ways the new word is host time less the old one;
 * the time is taken while the number is odd, so that no reader has taken a later one of the old
 * kind.
 */
static void set_running(struct clock *clock, bool running)
{
    uint32_t sequence = __atomic_load_n(&clock->sequence, __ATOMIC_RELAXED);
    __atomic_store_n(&clock->sequence, sequence + 1, __ATOMIC_SEQ_CST);
    int64_t base = host_monotonic_ns() - clock->base;
    /* Release, so that a reader that sees a new word also sees the odd number. */
    __atomic_store_n(&clock->running, running, __ATOMIC_RELEASE);
    __atomic_store_n(&clock->base, base, __ATOMIC_RELEASE);
    __atomic_store_n(&clock->sequence, sequence + 2, __ATOMIC_RELEASE);
}

static void armed_changed(struct clock *clock)
{
    int64_t earliest = clock->armed == NULL ? CLOCK_NEVER : clock->armed->deadline;
    __atomic_store_n(&clock->earliest, earliest, __ATOMIC_RELAXED);
}

struct clock *clock_create(enum clock_kind kind)
{
    struct clock *clock = host_alloc(sizeof *clock);
    clock->kind = kind;
    clock->earliest = CLOCK_NEVER;
    set_running(clock, true);
    return clock;
}

void clock_destroy(struct clock *clock)
{
    host_free(clock);
}

int64_t clock_now(const struct clock *clock)
{
    for (;;) {
        uint32_t sequence = __atomic_load_n(&clock->sequence, __ATOMIC_ACQUIRE);
        bool running = __atomic_load_n(&clock->running, __ATOMIC_ACQUIRE);
        int64_t base = __atomic_load_n(&clock->base, __ATOMIC_ACQUIRE);
        int64_t now = running ? host_monotonic_ns() - base : base;
        if (sequence % 2 == 0 && __atomic_load_n(&clock->sequence, __ATOMIC_ACQUIRE) == sequence)
            return now;
    }
}

bool clock_late(const struct clock *clock, int64_t now)
{
    return now - LATE_NS > __atomic_load_n(&clock->earliest, __ATOMIC_RELAXED);
}

bool clock_running(const struct clock *clock)
{
    return __atomic_load_n(&clock->running, __ATOMIC_ACQUIRE);
}

static void deadline_earlier(struct clock *clock)
{
    if (clock->running && clock->notify != NULL)
        clock->notify(clock->opaque);
}

void clock_stop(struct clock *clock)
{
    host_assert(clock->kind == CLOCK_VIRTUAL, "the real-time clock does not stop");
    if (clock->running)
        set_running(clock, false);
}

void clock_start(struct clock *clock)
{
    if (clock->running)
        return;
    set_running(clock, true);
    if (clock->armed != NULL)
        deadline_earlier(clock);
}

void clock_set_notify(struct clock *clock, void (*notify)(void *opaque), void *opaque)
{
    clock->notify = notify;
    clock->opaque = opaque;
}

int64_t clock_host_deadline(const struct clock *clock)
{
    int64_t host;
    if (clock->armed == NULL || !clock->running)
        return CLOCK_NEVER;
    return __builtin_add_overflow(clock->armed->deadline, clock->base, &host) ? CLOCK_NEVER : host;
}

void timer_init(struct timer *timer, struct clock *clock, void (*expire)(void *opaque),
                void *opaque)
{
    *timer = (struct timer){
        .clock = clock, .deadline = CLOCK_NEVER, .expire = expire, .opaque = opaque
    };
}

static bool unlink_from(struct timer **list, struct timer *timer)
{
    for (struct timer **link = list; *link != NULL; link = &(*link)->next) {
        if (*link == timer) {
            *link = timer->next;
            return true;
        }
    }
    return false;
}

void timer_cancel(struct timer *timer)
{
    if (timer->deadline == CLOCK_NEVER)
        return;
    if (!unlink_from(&timer->clock->armed, timer))
        unlink_from(&timer->clock->expired, timer);
    timer->deadline = CLOCK_NEVER;
    timer->next = NULL;
    armed_changed(timer->clock);
}

void timer_set(struct timer *timer, int64_t deadline)
{
    struct timer **link = &timer->clock->armed;

    timer_cancel(timer);
    if (deadline == CLOCK_NEVER)
        return;
    while (*link != NULL && (*link)->deadline <= deadline)
        link = &(*link)->next;
    timer->deadline = deadline;
    timer->next = *link;
    *link = timer;
    armed_changed(timer->clock);
    if (timer->clock->armed == timer)
        deadline_earlier(timer->clock);
}

/*
 * The timers that are due are taken out first: one that arms itself again for a time that has
 * passed waits for the next call, so a clock that has much to catch up does not keep the lock. A
 * callback may cancel a timer that is due but has not run yet.
 */
void clock_run(struct clock *clock)
{
    int64_t now = clock_now(clock);
    struct timer **end = &clock->armed;

    host_assert(clock->expired == NULL, "clock_run() called from a timer");
    if (!clock->running)
        return;
    while (*end != NULL && (*end)->deadline <= now)
        end = &(*end)->next;
    struct timer *later = *end;
    if (later == clock->armed)
        return;
    *end = NULL;
    clock->expired = clock->armed;
    clock->armed = later;
    armed_changed(clock);
    while (clock->expired != NULL) {
        struct timer *timer = clock->expired;
        clock->expired = timer->next;
        timer->next = NULL;
        timer->deadline = CLOCK_NEVER;
        timer->expire(timer->opaque);
    }
}
