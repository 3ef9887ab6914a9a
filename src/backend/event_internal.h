// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the files of the event loop share.
#ifndef BACKEND_EVENT_INTERNAL_H
#define BACKEND_EVENT_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "backend/event_loop.h"

#define EVENT_LOOP_CLOCKS  4
#define EVENT_LOOP_WORKERS 4

struct pending_call;

struct event_loop {
    uv_loop_t uv;
    struct host_lock *lock; /* the device lock */
    uv_async_t wake;
    uv_prepare_t prepare;
    bool quit; /* atomic */

    struct deadline *deadline;
    uv_poll_t deadline_poll;
    int64_t armed;                           /* what the deadline is set to */
    struct clock *clocks[EVENT_LOOP_CLOCKS]; /* the first is the loop's own */
    unsigned clock_count;

    uv_mutex_t mutex; /* guards the lists below; taken under the device lock or without it, and held
                         briefly */
    struct pending_call *calls;
    struct event_watch *changed; /* watches that the loop's thread has to bring up to date */

    uv_cond_t work_wanted;
    struct event_work *work_queue, *work_done; /* first in, first out */
    uv_thread_t workers[EVENT_LOOP_WORKERS];
    unsigned work_waiting; /* jobs in work_queue */
    unsigned worker_count, idle_workers;
    bool work_end;
};

/* Any thread. */
void event_loop_wake(struct event_loop *loop);

/* On the loop's thread. */
void event_watch_apply(struct event_loop *loop);

void event_work_init(struct event_loop *loop);
void event_work_stop(
    struct event_loop *loop); /* what has begun is finished, what has not is dropped */
bool event_work_finished(struct event_loop *loop);
void event_work_run_done(struct event_loop *loop); /* under the device lock */

#endif
