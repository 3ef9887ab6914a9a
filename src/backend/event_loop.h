// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The event loop: descriptors, clocks, signals and work for other threads, in one thread under the
// device lock.
#ifndef BACKEND_EVENT_LOOP_H
#define BACKEND_EVENT_LOOP_H

#include <stdbool.h>

#include "base/error.h"

struct clock;
struct event_loop;
struct host_lock;

/*
 * Every callback runs on the thread that is in event_loop_run(), with the device lock held. A
 * callback may drop the lock and take it again (to park a CPU). All functions below but those
 * marked are called under the lock, from any thread, at any time, also before event_loop_run() and
 * from callbacks.
 */
struct event_loop *event_loop_create(struct host_lock *lock,
                                     struct error *err); /* without the lock */
void event_loop_destroy(struct event_loop *loop);        /* without the lock */

/* Run until event_loop_quit(), which any thread may call with or without the lock. Called without
 * the lock. */
void event_loop_run(struct event_loop *loop);
void event_loop_quit(struct event_loop *loop);

/* Drive a clock: its timers expire from the loop. The loop has a CLOCK_HOST clock of its own for
 * back ends. */
void event_loop_add_clock(struct event_loop *loop, struct clock *clock);
struct clock *event_loop_clock(struct event_loop *loop);

/* Call back once, soon. With or without the lock. */
void event_loop_call(struct event_loop *loop, void (*call)(void *opaque), void *opaque);

/* Be told of a signal (SIGINT, SIGTERM, SIGHUP, SIGWINCH ...). Before event_loop_run() or from a
 * callback. */
void event_loop_signal(struct event_loop *loop, int number,
                       void (*caught)(void *opaque, int number), void *opaque);

/* Watch a descriptor. Starts with no events wanted. ready() gets those of the wanted events that
 * are there; an error or hang-up counts as all wanted. */
enum { WATCH_READ = 1, WATCH_WRITE = 2 };
struct event_watch;
struct event_watch *event_watch_create(struct event_loop *loop, int fd,
                                       void (*ready)(void *opaque, unsigned events), void *opaque);
void event_watch_set(struct event_watch *watch, unsigned events);
/* ready() is not called any more. The descriptor is closed, if that is wanted, once the loop has
 * let go of it. */
void event_watch_destroy(struct event_watch *watch, bool close_fd);

/*
 * Work that blocks, on one of a few other threads: work() runs there without the lock, then done()
 * as a callback. The struct is the caller's and stays put until done(). Work is begun in the order
 * given, and ends in any.
 */
struct event_work {
    void (*work)(struct event_work *work);
    void (*done)(struct event_work *work);
    struct event_work *next; /* the loop's own */
};
void event_loop_work(struct event_loop *loop, struct event_work *work);

#endif
