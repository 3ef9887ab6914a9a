// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Work that blocks, on threads beside the loop.
#include "backend/event_loop.h"

#include "backend/event_internal.h"
#include "host/host.h"

static void append(struct event_work **list, struct event_work *work)
{
    work->next = NULL;
    while (*list != NULL)
        list = &(*list)->next;
    *list = work;
}

static void worker(void *opaque)
{
    struct event_loop *loop = opaque;
    uv_mutex_lock(&loop->mutex);
    while (!loop->work_end) {
        struct event_work *work = loop->work_queue;
        if (work == NULL) {
            loop->idle_workers++;
            uv_cond_wait(&loop->work_wanted, &loop->mutex);
            loop->idle_workers--;
            continue;
        }
        loop->work_queue = work->next;
        loop->work_waiting--;
        uv_mutex_unlock(&loop->mutex);
        work->work(work);
        uv_mutex_lock(&loop->mutex);
        append(&loop->work_done, work);
        event_loop_wake(loop);
    }
    uv_mutex_unlock(&loop->mutex);
}

void event_work_init(struct event_loop *loop)
{
    uv_cond_init(&loop->work_wanted);
}

/* Threads are made as they are needed. An idle one may have been woken for a job that it has not
 * taken yet, so there have to be as many idle ones as jobs in the queue. libuv blocks no signals in
 * them, but signals are the loop's anyway: it catches them by a pipe. */
void event_loop_work(struct event_loop *loop, struct event_work *work)
{
    uv_mutex_lock(&loop->mutex);
    append(&loop->work_queue, work);
    loop->work_waiting++;
    if (loop->work_waiting > loop->idle_workers && loop->worker_count < EVENT_LOOP_WORKERS) {
        int failed = uv_thread_create(&loop->workers[loop->worker_count], worker, loop);
        host_assert(failed == 0 || loop->worker_count > 0,
                    "the host refuses a thread for disk work");
        if (failed == 0)
            loop->worker_count++;
    }
    uv_cond_signal(&loop->work_wanted);
    uv_mutex_unlock(&loop->mutex);
}

void event_work_stop(struct event_loop *loop)
{
    uv_mutex_lock(&loop->mutex);
    loop->work_end = true;
    uv_cond_broadcast(&loop->work_wanted);
    uv_mutex_unlock(&loop->mutex);
    for (unsigned i = 0; i < loop->worker_count; i++)
        uv_thread_join(&loop->workers[i]);
    uv_cond_destroy(&loop->work_wanted);
}

bool event_work_finished(struct event_loop *loop)
{
    uv_mutex_lock(&loop->mutex);
    bool finished = loop->work_done != NULL;
    uv_mutex_unlock(&loop->mutex);
    return finished;
}

/* One at a time, so that done() may add to the list. */
void event_work_run_done(struct event_loop *loop)
{
    for (;;) {
        uv_mutex_lock(&loop->mutex);
        struct event_work *work = loop->work_done;
        if (work != NULL)
            loop->work_done = work->next;
        uv_mutex_unlock(&loop->mutex);
        if (work == NULL)
            return;
        work->done(work);
    }
}
