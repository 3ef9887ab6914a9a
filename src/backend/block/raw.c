// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Raw disk images: requests run on the event loop's workers and end in the loop.
#include "backend/block/raw.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/block/image.h"
#include "backend/event_loop.h"
#include "base/bits.h"
#include "host/host.h"

/* Copying so much takes no longer than a thread's waking: the device lock is held meanwhile. */
#define AT_ONCE_MAX KIB(64)

struct raw_backend {
    struct block_backend base;
    struct event_loop *loop;
    struct image image;
    bool no_flush;
    struct raw_work *flying; /* submitted and not done; under the device lock */
    pthread_mutex_t mutex;        /* guards finished of the works */
    pthread_cond_t finished;
};

/* One request's way through a worker. The loop frees it when it hears of the end; a drain may have
 * told the chip before. */
struct raw_work {
    struct event_work work;
    struct raw_backend *raw;
    struct block_request *request; /* NULL: its chip has been told */
    int error;
    bool finished; /* by the worker */
    struct raw_work *next, **link;
};

static struct raw_backend *raw_of(struct block_backend *b)
{
    return container_of(b, struct raw_backend, base);
}

static int run(struct raw_backend *raw, const struct block_request *r)
{
    bool changes = r->operation == BLOCK_WRITE || r->operation == BLOCK_DISCARD;

    if (raw->image.fd < 0)
        return -EIO;
    if (changes && raw->base.read_only)
        return -EROFS;
    if (r->operation == BLOCK_FLUSH)
        return raw->base.read_only || raw->no_flush ? 0 : image_flush(&raw->image);
    if (r->offset > raw->image.size || r->length > raw->image.size - r->offset)
        return -EIO;
    switch (r->operation) {
    case BLOCK_READ: return image_read(&raw->image, r->offset, r->buffer, r->length);
    case BLOCK_WRITE: return image_write(&raw->image, r->offset, r->buffer, r->length);
    default: return image_discard(&raw->image, r->offset, r->length);
    }
}

static void work(struct event_work *event_work)
{
    struct raw_work *w = container_of(event_work, struct raw_work, work);
    int error = run(w->raw, w->request);

    pthread_mutex_lock(&w->raw->mutex);
    w->error = error;
    w->finished = true;
    pthread_cond_broadcast(&w->raw->finished);
    pthread_mutex_unlock(&w->raw->mutex);
}

/* Under the device lock, once a work. */
static void tell(struct raw_work *w)
{
    struct block_request *request = w->request;

    w->request = NULL;
    *w->link = w->next;
    if (w->next != NULL)
        w->next->link = w->link;
    request->done(request, w->error);
}

static void work_done(struct event_work *event_work)
{
    struct raw_work *w = container_of(event_work, struct raw_work, work);

    if (w->request != NULL)
        tell(w);
    free(w);
}

/* Most of what a guest reads is in the host's memory. A worker would only be in the way: where the
 * host has other things to do it takes a millisecond until it, and the loop behind it, have run. */
static bool read_at_once(struct raw_backend *raw, const struct block_request *r)
{
    return raw->loop != NULL && raw->image.fd >= 0 && r->operation == BLOCK_READ &&
           r->length <= AT_ONCE_MAX && r->offset <= raw->image.size &&
           r->length <= raw->image.size - r->offset &&
           image_read_cached(&raw->image, r->offset, r->buffer, r->length);
}

static void submit(struct block_backend *b, struct block_request *request)
{
    struct raw_backend *raw = raw_of(b);

    if (read_at_once(raw, request)) {
        request->done(request, 0);
        return;
    }
    struct raw_work *w = calloc(1, sizeof *w);
    host_assert(w != NULL, "out of memory");
    w->work.work = work;
    w->work.done = work_done;
    w->raw = raw;
    w->request = request;
    w->next = raw->flying;
    w->link = &raw->flying;
    if (w->next != NULL)
        w->next->link = &w->next;
    raw->flying = w;
    if (raw->loop != NULL)
        event_loop_work(raw->loop, &w->work);
}

/*
 * Workers need no device lock, so it is kept; and the chips are told from here, since the loop's
 * own thread may be the one that waits. The loop finds such a work told and only frees it.
 */
static void drain(struct block_backend *b)
{
    struct raw_backend *raw = raw_of(b);

    while (raw->flying != NULL) {
        struct raw_work *w = raw->flying;
        while (w->next != NULL) /* the oldest */
            w = w->next;
        if (raw->loop == NULL) {
            work(&w->work);
            work_done(&w->work);
            continue;
        }
        pthread_mutex_lock(&raw->mutex);
        while (!w->finished)
            pthread_cond_wait(&raw->finished, &raw->mutex);
        pthread_mutex_unlock(&raw->mutex);
        tell(w);
    }
}

static void destroy(struct block_backend *b)
{
    struct raw_backend *raw = raw_of(b);

    drain(b);
    if (raw->image.fd >= 0 && !b->read_only && !raw->no_flush)
        image_flush(&raw->image);
    image_close(&raw->image);
    pthread_cond_destroy(&raw->finished);
    pthread_mutex_destroy(&raw->mutex);
    free(b->file);
    free(raw);
}

static const struct block_backend_ops raw_ops = {
    .submit = submit, .drain = drain, .destroy = destroy};

struct block_backend *block_backend_open(const struct block_options *options,
                                         struct event_loop *loop, struct error *err)
{
    struct raw_backend *raw = calloc(1, sizeof *raw);
    bool read_only = options->read_only || options->removable;

    host_assert(raw != NULL, "out of memory");
    host_assert(options->file != NULL || options->removable, "a disk needs an image");
    raw->image.fd = -1;
    if (options->file != NULL &&
        !image_open(&raw->image, options->file, read_only, options->snapshot && !read_only, err)) {
        free(raw);
        return NULL;
    }
    raw->base.ops = &raw_ops;
    raw->base.size = raw->image.size;
    raw->base.read_only = read_only;
    raw->base.removable = options->removable;
    raw->base.snapshot = raw->image.overlay != NULL;
    raw->base.file = options->file != NULL ? strdup(options->file) : NULL;
    snprintf(raw->base.label, sizeof raw->base.label, "%s",
             options->label != NULL ? options->label : "");
    raw->loop = loop;
    raw->no_flush = options->no_flush;
    pthread_mutex_init(&raw->mutex, NULL);
    pthread_cond_init(&raw->finished, NULL);
    return &raw->base;
}

void block_backend_close(struct block_backend *b)
{
    if (b != NULL)
        b->ops->destroy(b);
}

bool block_backend_change(struct block_backend *b, const char *file, struct error *err)
{
    struct raw_backend *raw = raw_of(b);
    struct image image = {.fd = -1};

    if (b->ops != &raw_ops || !b->removable)
        return error_set(err, "the medium of %s cannot be changed", b->label);
    if (file != NULL && !image_open(&image, file, true, false, err))
        return false;
    drain(b);
    image_close(&raw->image);
    raw->image = image;
    b->size = image.size;
    free(b->file);
    b->file = file != NULL ? strdup(file) : NULL;
    if (b->media_changed != NULL)
        b->media_changed(b->opaque);
    return true;
}
