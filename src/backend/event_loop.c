// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The event loop: libuv's, driven by clocks and called from other threads.
#include "backend/event_loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "backend/event_internal.h"
#include "base/clock.h"
#include "host/host.h"
#include "host/linux/deadline.h"

/* A callback wanted by event_loop_call(). */
struct pending_call {
    void (*call)(void *opaque);
    void *opaque;
    struct pending_call *next;
};

struct signal_watch {
    uv_signal_t handle;
    struct event_loop *loop;
    void (*caught)(void *opaque, int number);
    void *opaque;
};

/* --- clocks --- */

static int64_t earliest_deadline(const struct event_loop *loop)
{
    int64_t earliest = CLOCK_NEVER;
    for (unsigned i = 0; i < loop->clock_count; i++) {
        int64_t deadline = clock_host_deadline(loop->clocks[i]);
        earliest = deadline < earliest ? deadline : earliest;
    }
    return earliest;
}

/* Called whenever a clock's deadline has become earlier, on any thread: the timer file wakes the
 * loop by itself. */
static void deadline_earlier(void *opaque)
{
    struct event_loop *loop = opaque;
    int64_t earliest = earliest_deadline(loop);
    if (earliest < loop->armed) {
        loop->armed = earliest;
        deadline_set(loop->deadline, earliest);
    }
}

static void deadline_reached(uv_poll_t *handle, int status, int events)
{
    struct event_loop *loop = handle->data;
    (void)status;
    (void)events;
    host_lock_acquire(loop->lock);
    deadline_clear(loop->deadline);
    for (unsigned i = 0; i < loop->clock_count; i++)
        clock_run(loop->clocks[i]);
    /* Timers were cancelled or moved without a word where that made the deadline later: arm anew in
     * any case. */
    loop->armed = earliest_deadline(loop);
    deadline_set(loop->deadline, loop->armed);
    host_lock_release(loop->lock);
}

void event_loop_add_clock(struct event_loop *loop, struct clock *clock)
{
    host_assert(loop->clock_count < EVENT_LOOP_CLOCKS, "too many clocks in an event loop");
    loop->clocks[loop->clock_count++] = clock;
    clock_set_notify(clock, deadline_earlier, loop);
    deadline_earlier(loop);
}

struct clock *event_loop_clock(struct event_loop *loop)
{
    return loop->clocks[0];
}

/* --- calls from other threads --- */

/* Any number of wakes before the loop looks count as one. */
void event_loop_wake(struct event_loop *loop)
{
    uv_async_send(&loop->wake);
}

void event_loop_call(struct event_loop *loop, void (*call)(void *opaque), void *opaque)
{
    struct pending_call *pending = host_alloc(sizeof *pending);
    pending->call = call;
    pending->opaque = opaque;
    uv_mutex_lock(&loop->mutex);
    struct pending_call **end = &loop->calls;
    while (*end != NULL)
        end = &(*end)->next;
    *end = pending;
    uv_mutex_unlock(&loop->mutex);
    event_loop_wake(loop);
}

static struct pending_call *take_calls(struct event_loop *loop)
{
    uv_mutex_lock(&loop->mutex);
    struct pending_call *calls = loop->calls;
    loop->calls = NULL;
    uv_mutex_unlock(&loop->mutex);
    return calls;
}

static void woken(uv_async_t *handle)
{
    struct event_loop *loop = handle->data;
    struct pending_call *calls = take_calls(loop);

    if (calls != NULL || event_work_finished(loop)) {
        host_lock_acquire(loop->lock);
        event_work_run_done(loop);
        while (calls != NULL) {
            struct pending_call *next = calls->next;
            calls->call(calls->opaque);
            host_free(calls);
            calls = next;
        }
        host_lock_release(loop->lock);
    }
    if (__atomic_load_n(&loop->quit, __ATOMIC_ACQUIRE))
        uv_stop(&loop->uv);
}

/* Before the loop sleeps: what callbacks and other threads want of their watches becomes so. */
static void before_sleep(uv_prepare_t *handle)
{
    event_watch_apply(handle->data);
}

/* --- signals --- */

static void signal_caught(uv_signal_t *handle, int number)
{
    struct signal_watch *watch = handle->data;
    host_lock_acquire(watch->loop->lock);
    watch->caught(watch->opaque, number);
    host_lock_release(watch->loop->lock);
}

void event_loop_signal(struct event_loop *loop, int number,
                       void (*caught)(void *opaque, int number), void *opaque)
{
    struct signal_watch *watch = host_alloc(sizeof *watch);
    watch->loop = loop;
    watch->caught = caught;
    watch->opaque = opaque;
    uv_signal_init(&loop->uv, &watch->handle);
    watch->handle.data = watch;
    int failed = uv_signal_start(&watch->handle, signal_caught, number);
    host_assert(failed == 0, "uv_signal_start() failed");
    uv_unref((uv_handle_t *)&watch->handle);
}

/* --- life --- */

struct event_loop *event_loop_create(struct host_lock *lock, struct error *err)
{
    struct event_loop *loop = host_alloc(sizeof *loop);
    int failed = uv_loop_init(&loop->uv);
    if (failed != 0) {
        error_set(err, "the host refuses an event loop: %s", uv_strerror(failed));
        host_free(loop);
        return NULL;
    }
    /* A reader that has gone is an error of write(), not the end of bmbt. */
    signal(SIGPIPE, SIG_IGN);
    loop->lock = lock;
    loop->armed = CLOCK_NEVER;
    uv_mutex_init(&loop->mutex);
    event_work_init(loop);
    loop->uv.data = loop;
    loop->wake.data = loop;
    loop->prepare.data = loop;
    loop->deadline_poll.data = loop;
    loop->deadline = deadline_create();
    if (loop->deadline == NULL || uv_async_init(&loop->uv, &loop->wake, woken) != 0 ||
        uv_poll_init(&loop->uv, &loop->deadline_poll, deadline_fd(loop->deadline)) != 0) {
        error_set(err, "the host refuses descriptors for the event loop");
        deadline_destroy(loop->deadline);
        host_free(loop);
        return NULL;
    }
    uv_prepare_init(&loop->uv, &loop->prepare);
    uv_prepare_start(&loop->prepare, before_sleep);
    uv_poll_start(&loop->deadline_poll, UV_READABLE, deadline_reached);
    event_loop_add_clock(loop, clock_create(CLOCK_HOST));
    return loop;
}

void event_loop_run(struct event_loop *loop)
{
    while (!__atomic_load_n(&loop->quit, __ATOMIC_ACQUIRE))
        uv_run(&loop->uv, UV_RUN_DEFAULT);
    __atomic_store_n(&loop->quit, false, __ATOMIC_RELEASE);
}

void event_loop_quit(struct event_loop *loop)
{
    __atomic_store_n(&loop->quit, true, __ATOMIC_RELEASE);
    event_loop_wake(loop);
}

static void free_signal(uv_handle_t *handle)
{
    host_free(handle->data);
}

/* Signals are all that is left with memory of its own. */
static void close_handle(uv_handle_t *handle, void *opaque)
{
    (void)opaque;
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_SIGNAL ? free_signal : NULL);
}

void event_loop_destroy(struct event_loop *loop)
{
    if (loop == NULL)
        return;
    event_work_stop(loop);
    event_watch_apply(loop);
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    for (struct pending_call *calls = take_calls(loop); calls != NULL;) {
        struct pending_call *next = calls->next;
        host_free(calls);
        calls = next;
    }
    deadline_destroy(loop->deadline);
    clock_destroy(loop->clocks[0]);
    uv_mutex_destroy(&loop->mutex);
    host_free(loop);
}
