// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Watches of descriptors: changed by any thread, carried out by the loop's.
#include "backend/event_loop.h"

#include <stdlib.h>
#include <unistd.h>

#include "backend/event_internal.h"
#include "host/host.h"

/*
 * libuv's handles belong to the loop's thread. Others, and callbacks too, only note what they want;
 * before_sleep() makes it so. A watch therefore outlives event_watch_destroy() until the loop has
 * closed its handle, and only then is the descriptor closed: closed earlier, its number could come
 * back as another file while the loop still watches it.
 */
struct event_watch {
    struct event_loop *loop;
    int fd;
    void (*ready)(void *opaque, unsigned events);
    void *opaque;
    unsigned wanted;  /* by the user; under the device lock */
    unsigned applied; /* what the handle watches; the loop's thread alone */
    bool dead, close_fd;
    bool is_changed;  /* in loop->changed; under loop->mutex */
    bool initialised; /* the handles exist; the loop's thread alone */
    bool pollable;    /* the kernel cannot watch plain files: they are always ready */
    union {
        uv_poll_t poll;
        uv_idle_t idle;
        uv_handle_t handle;
    };
    struct event_watch *next_changed;
};

static void note_change(struct event_watch *watch)
{
    struct event_loop *loop = watch->loop;
    uv_mutex_lock(&loop->mutex);
    bool first = !watch->is_changed;
    if (first) {
        watch->is_changed = true;
        watch->next_changed = loop->changed;
        loop->changed = watch;
    }
    uv_mutex_unlock(&loop->mutex);
    if (first)
        event_loop_wake(loop);
}

struct event_watch *event_watch_create(struct event_loop *loop, int fd,
                                       void (*ready)(void *opaque, unsigned events), void *opaque)
{
    struct event_watch *watch = host_alloc(sizeof *watch);
    watch->loop = loop;
    watch->fd = fd;
    watch->ready = ready;
    watch->opaque = opaque;
    return watch;
}

void event_watch_set(struct event_watch *watch, unsigned events)
{
    if (__atomic_exchange_n(&watch->wanted, events, __ATOMIC_RELAXED) != events)
        note_change(watch);
}

void event_watch_destroy(struct event_watch *watch, bool close_fd)
{
    if (watch == NULL)
        return;
    watch->close_fd = close_fd;
    __atomic_store_n(&watch->dead, true, __ATOMIC_RELEASE);
    note_change(watch);
}

static void call_ready(struct event_watch *watch, unsigned events)
{
    host_lock_acquire(watch->loop->lock);
    events &= watch->wanted;
    if (!watch->dead && events != 0)
        watch->ready(watch->opaque, events);
    host_lock_release(watch->loop->lock);
}

static void poll_ready(uv_poll_t *handle, int status, int events)
{
    struct event_watch *watch = handle->data;
    if (status < 0) {
        /* libuv has stopped the handle; the user learns what is wrong when it reads or writes. */
        watch->applied = 0;
        call_ready(watch, WATCH_READ | WATCH_WRITE);
        note_change(watch);
        return;
    }
    call_ready(watch, (events & UV_READABLE ? WATCH_READ : 0u) |
                          (events & UV_WRITABLE ? WATCH_WRITE : 0u));
}

static void idle_ready(uv_idle_t *handle)
{
    call_ready(handle->data, WATCH_READ | WATCH_WRITE);
}

static void free_watch(uv_handle_t *handle)
{
    struct event_watch *watch = handle->data;
    if (watch->close_fd)
        close(watch->fd);
    host_free(watch);
}

static void initialise(struct event_watch *watch)
{
    uv_loop_t *uv = &watch->loop->uv;
    watch->initialised = true;
    watch->pollable = uv_poll_init(uv, &watch->poll, watch->fd) == 0;
    if (!watch->pollable)
        uv_idle_init(uv, &watch->idle);
    watch->handle.data = watch;
}

static void apply(struct event_watch *watch)
{
    unsigned wanted = __atomic_load_n(&watch->wanted, __ATOMIC_RELAXED);
    if (!watch->initialised)
        initialise(watch);
    if (__atomic_load_n(&watch->dead, __ATOMIC_ACQUIRE)) {
        uv_close(&watch->handle, free_watch);
        return;
    }
    if (wanted == watch->applied)
        return;
    watch->applied = wanted;
    if (!watch->pollable && wanted != 0)
        uv_idle_start(&watch->idle, idle_ready);
    else if (!watch->pollable)
        uv_idle_stop(&watch->idle);
    else if (wanted != 0)
        uv_poll_start(&watch->poll,
                      (wanted & WATCH_READ ? UV_READABLE : 0) |
                          (wanted & WATCH_WRITE ? UV_WRITABLE : 0),
                      poll_ready);
    else
        uv_poll_stop(&watch->poll);
}

void event_watch_apply(struct event_loop *loop)
{
    for (;;) {
        uv_mutex_lock(&loop->mutex);
        struct event_watch *watch = loop->changed;
        if (watch != NULL) {
            loop->changed = watch->next_changed;
            watch->is_changed = false;
        }
        uv_mutex_unlock(&loop->mutex);
        if (watch == NULL)
            return;
        apply(watch);
    }
}
