// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a disk controller is connected to: sectors that are read, written and flushed.
#ifndef BACKEND_BLOCK_H
#define BACKEND_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * All calls under the device lock. A request completes by done() under the device lock: later, from
 * the event loop, or, if it is a READ of what the host has in memory, before block_submit()
 * returns. The request and its buffer belong to the caller and stay put until done(). After FLUSH
 * is done all writes done before it was submitted survive the death of bmbt and of the host.
 */
struct block_backend;

enum block_operation { BLOCK_READ, BLOCK_WRITE, BLOCK_FLUSH, BLOCK_DISCARD };

struct block_request {
    enum block_operation operation;
    uint64_t offset; /* bytes, a multiple of 512 */
    uint64_t length; /* bytes, a multiple of 512 */
    void *buffer;
    void (*done)(struct block_request *request,
                 int error); /* 0 or -errno (-ENOSPC, -EIO, -EROFS) */
    void *opaque;
    void *private_data; /* the back end's own while submitted */
};

struct block_backend_ops {
    void (*submit)(struct block_backend *b, struct block_request *request);
    /* Wait until nothing is in flight (reset, end). The lock is held meanwhile. */
    void (*drain)(struct block_backend *b);
    void (*destroy)(struct block_backend *b);
};
struct block_backend {
    const struct block_backend_ops *ops;
    uint64_t size; /* bytes; a file's odd tail is padded with zeros up to 512 */
    bool read_only;
    bool removable; /* CD: may be absent (size 0) */
    char label[32]; /* "ide0-hd0" */
    char *file;     /* for `info block` */
    bool snapshot;
    void (*media_changed)(void *opaque); /* set by the chip; may be NULL */
    void *opaque;
};

static inline void block_submit(struct block_backend *b, struct block_request *request)
{
    b->ops->submit(b, request);
}

#endif
