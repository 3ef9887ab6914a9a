// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The event loop: clocks, calls and work across threads, descriptors of every kind, signals.
#include "backend/event_loop.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "backend/event_internal.h"
#include "base/clock.h"
#include "host/host.h"
#include "unit.h"

static struct host_lock *lock;
static struct event_loop *loop;
static unsigned count;

static void begin(void)
{
    struct error err;
    lock = host_lock_create();
    loop = event_loop_create(lock, &err);
    CHECK(loop != NULL);
    count = 0;
}

static void end(void)
{
    event_loop_destroy(loop);
    host_lock_destroy(lock);
}

static void count_and_quit(void *opaque)
{
    (void)opaque;
    CHECK(host_lock_held(lock));
    count++;
    event_loop_quit(loop);
}

TEST(timer_is_exact)
{
    struct timer timer;
    begin();
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    event_loop_add_clock(loop, clock);
    timer_init(&timer, clock, count_and_quit, NULL);
    int64_t best = INT64_MAX;
    for (unsigned i = 0; i < 20; i++) {
        int64_t due = clock_now(clock) + 1300000;
        timer_set(&timer, due);
        event_loop_run(loop);
        int64_t late = clock_now(clock) - due;
        CHECK(late >= 0);
        best = late < best ? late : best;
    }
    CHECK_EQ(count, 20);
    CHECK(best < 700000); /* not rounded up to the next millisecond */
    event_loop_destroy(loop);
    clock_destroy(clock);
    host_lock_destroy(lock);
}

/* Another thread arms a timer while the loop sleeps. */
static void arm_from_outside(void *opaque)
{
    struct timer *timer = opaque;
    usleep(20000);
    host_lock_acquire(lock);
    timer_set(timer, clock_now(timer->clock) + 1000000);
    host_lock_release(lock);
}

TEST(earlier_deadline_wakes_the_loop)
{
    struct timer timer, late;
    begin();
    timer_init(&timer, event_loop_clock(loop), count_and_quit, NULL);
    timer_init(&late, event_loop_clock(loop), count_and_quit, NULL);
    timer_set(&late, 60 * NS_PER_SECOND);
    struct host_thread *thread = host_thread_create("arm", arm_from_outside, &timer);
    int64_t start = host_monotonic_ns();
    event_loop_run(loop);
    CHECK(host_monotonic_ns() - start < NS_PER_SECOND);
    host_thread_join(thread);
    end();
}

static void call_from_outside(void *opaque)
{
    usleep(10000);
    event_loop_call(loop, opaque, NULL);
}

TEST(calls)
{
    begin();
    struct host_thread *thread =
        host_thread_create("call", call_from_outside, (void *)count_and_quit);
    event_loop_run(loop);
    CHECK_EQ(count, 1);
    host_thread_join(thread);
    event_loop_quit(loop); /* before the run: it ends at once */
    event_loop_run(loop);
    end();
}

struct job {
    struct event_work work;
    bool worked;
};

static void job_work(struct event_work *work)
{
    CHECK(!host_lock_held(lock));
    usleep(1000);
    ((struct job *)work)->worked = true;
}

static void job_done(struct event_work *work)
{
    CHECK(host_lock_held(lock));
    CHECK(((struct job *)work)->worked);
    if (++count == 50)
        event_loop_quit(loop);
}

TEST(work)
{
    struct job jobs[50] = { 0 };
    begin();
    for (unsigned i = 0; i < 50; i++) {
        jobs[i].work.work = job_work;
        jobs[i].work.done = job_done;
        event_loop_work(loop, &jobs[i].work);
    }
    event_loop_run(loop);
    CHECK_EQ(count, 50);
    end();
}

static unsigned started;

/* Goes on when as many are under way as there can be threads; gives up after a second. */
static void meet(struct event_work *work)
{
    (void)work;
    __atomic_fetch_add(&started, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < 1000; i++) {
        if (__atomic_load_n(&started, __ATOMIC_SEQ_CST) >= EVENT_LOOP_WORKERS)
            return;
        usleep(1000);
    }
    CHECK(!"a job waits behind another, and no thread is made for it");
}

static void met(struct event_work *work)
{
    (void)work;
    if (++count == EVENT_LOOP_WORKERS)
        event_loop_quit(loop);
}

static bool one_is_idle(void)
{
    uv_mutex_lock(&loop->mutex);
    bool idle = loop->idle_workers == 1;
    uv_mutex_unlock(&loop->mutex);
    return idle;
}

/* A thread that has been woken and has not taken its job yet was counted as idle for the next job,
 * too: that one waited until the first ended. */
TEST(jobs_that_come_together_have_a_thread_each)
{
    struct event_work jobs[EVENT_LOOP_WORKERS];
    for (unsigned round = 0; round < 10; round++) {
        struct event_work first = { .work = meet, .done = met };
        begin();
        started = count = EVENT_LOOP_WORKERS - 1;
        event_loop_work(loop, &first);
        event_loop_run(loop);
        for (unsigned i = 0; i < 5000 && !one_is_idle(); i++)
            usleep(1000);
        CHECK(one_is_idle());
        started = count = 0;
        for (unsigned i = 0; i < EVENT_LOOP_WORKERS; i++) {
            jobs[i] = (struct event_work){ .work = meet, .done = met };
            event_loop_work(loop, &jobs[i]);
        }
        event_loop_run(loop);
        CHECK_EQ(count, EVENT_LOOP_WORKERS);
        end();
    }
}

struct reader {
    struct event_watch *watch;
    int fd;
    size_t total;
};

static void read_some(void *opaque, unsigned events)
{
    struct reader *r = opaque;
    char buffer[64];
    CHECK(events & WATCH_READ);
    ssize_t n = read(r->fd, buffer, sizeof buffer);
    if (n > 0) {
        r->total += (size_t)n;
        return;
    }
    event_watch_set(r->watch, 0);
    event_loop_quit(loop);
}

/* What the kernel cannot watch (plain files, /dev/null) is always ready. */
TEST(plain_files)
{
    char path[] = "/tmp/test_loop_XXXXXX";
    int fd = mkstemp(path);
    begin();
    CHECK_EQ(
        write(fd,
              "0123456789abcdefghij0123456789abcdefghij0123456789abcdefghij0123456789abcdefghij",
              80),
        80);
    lseek(fd, 0, SEEK_SET);
    struct reader r = { .fd = fd };
    r.watch = event_watch_create(loop, fd, read_some, &r);
    event_watch_set(r.watch, WATCH_READ);
    event_loop_run(loop);
    CHECK_EQ(r.total, 80);
    event_watch_destroy(r.watch, true);
    struct reader null = { .fd = open("/dev/null", O_RDONLY) };
    null.watch = event_watch_create(loop, null.fd, read_some, &null);
    event_watch_set(null.watch, WATCH_READ);
    event_loop_run(loop);
    event_watch_destroy(null.watch, true);
    end();
    CHECK(fcntl(fd, F_GETFL) < 0); /* closed */
    unlink(path);
}

static void write_from_outside(void *opaque)
{
    usleep(5000);
    CHECK_EQ(write(*(int *)opaque, "x", 1), 1);
    usleep(5000);
    close(*(int *)opaque);
}

TEST(pipes)
{
    int ends[2];
    begin();
    CHECK(pipe(ends) == 0);
    struct reader r = { .fd = ends[0] };
    r.watch = event_watch_create(loop, ends[0], read_some, &r);
    event_watch_set(r.watch, WATCH_READ);
    struct host_thread *thread = host_thread_create("write", write_from_outside, &ends[1]);
    event_loop_run(loop); /* until the end of file */
    CHECK_EQ(r.total, 1);
    host_thread_join(thread);
    event_watch_destroy(r.watch, true);
    end();
}

static void caught(void *opaque, int number)
{
    (void)opaque;
    CHECK_EQ(number, SIGTERM);
    count_and_quit(NULL);
}

static void terminate(void *opaque)
{
    (void)opaque;
    kill(getpid(), SIGTERM);
}

TEST(signals)
{
    begin();
    event_loop_signal(loop, SIGTERM, caught, NULL);
    event_loop_call(loop, terminate, NULL);
    event_loop_run(loop);
    CHECK_EQ(count, 1);
    end();
}

static bool readers_end;

/* A clock that another thread stops and starts never runs back, nor ahead of the host. */
static void read_clock(void *opaque)
{
    struct clock *clock = opaque;
    int64_t last_before = host_monotonic_ns(), last = clock_now(clock);
    while (!__atomic_load_n(&readers_end, __ATOMIC_RELAXED)) {
        int64_t before = host_monotonic_ns(), now = clock_now(clock);
        CHECK(now >= last);
        CHECK(now - last <= host_monotonic_ns() - last_before);
        last = now;
        last_before = before;
    }
}

TEST(clock_is_read_while_it_stops)
{
    struct clock *clock = clock_create(CLOCK_VIRTUAL);
    readers_end = false;
    struct host_thread *thread = host_thread_create("reader", read_clock, clock);
    int64_t start = host_monotonic_ns(), stopped = 0;
    while (host_monotonic_ns() - start < 50000000) {
        clock_stop(clock);
        int64_t from = host_monotonic_ns(), at = clock_now(clock);
        while (host_monotonic_ns() - from < 20000)
            ;
        CHECK_EQ(clock_now(clock), at);
        clock_start(clock);
        stopped += host_monotonic_ns() - from;
    }
    CHECK(clock_now(clock) <= host_monotonic_ns() - start - stopped + 10000000);
    __atomic_store_n(&readers_end, true, __ATOMIC_RELAXED);
    host_thread_join(thread);
    clock_destroy(clock);
}
