// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Raw disk images in files: how one is opened.
#ifndef BACKEND_BLOCK_RAW_H
#define BACKEND_BLOCK_RAW_H

#include <stdbool.h>

#include "backend/block.h"
#include "base/error.h"

struct event_loop;

struct block_options {
    const char *file;  /* NULL with removable: an empty drive */
    const char *label; /* "ide0-hd0" */
    bool read_only;    /* open the file for reading only; writes are refused with -EROFS */
    bool snapshot; /* writes go to a temporary file that nobody else sees; the image stays as it is
                    */
    bool removable;    /* the medium can change; implies read_only */
    bool no_flush;     /* FLUSH does nothing (cache=unsafe) */
};

/*
 * NULL with one line in err that names the file and the remedy. The image is locked against other
 * processes: alone for writing, shared for reading. loop may be NULL where nothing runs one
 * (tests): requests then run within ops->drain(). Every back end is closed before its loop is
 * destroyed.
 */
struct block_backend *block_backend_open(const struct block_options *options,
                                         struct event_loop *loop, struct error *err);
/* Waits until nothing is in flight and flushes. NULL is allowed. */
void block_backend_close(struct block_backend *b);

/* Of a removable one: put another medium in (file == NULL: take it out) and tell the chip. On
 * failure the old medium stays. Under the device lock. */
bool block_backend_change(struct block_backend *b, const char *file, struct error *err);

#endif
