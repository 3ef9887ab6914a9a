// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Standard input and output.
#include "backend/char_kinds.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/char_stream.h"
#include "backend/terminal.h"
#include "base/bits.h"
#include "host/host.h"

static void stdio_destroy(struct char_backend *b)
{
    struct char_stream *s = container_of(b, struct char_stream, backend);
    char_stream_flush(s, 1000);
    char_stream_release(s);
    terminal_release();
    host_free(s);
}

static const struct char_backend_ops stdio_ops = {
    .kind = "stdio",
    .write = char_stream_write,
    .wait = char_stream_wait,
    .accept_input = char_stream_accept_input,
    .destroy = stdio_destroy,
};

struct char_backend *char_stdio_open(bool signals, const char *label, struct event_loop *loop,
                                     struct error *err)
{
    struct char_stream *s = host_alloc(sizeof *s);
    char_stream_init(s, &stdio_ops, loop, label);
    if (!terminal_acquire(signals, s->backend.label, err)) {
        host_free(s);
        return NULL;
    }
    /* A closed standard input or output is no error: there is just nothing to read, or nobody
     * listens. */
    char_stream_open(s, terminal_open(STDIN_FILENO), terminal_open(STDOUT_FILENO));
    return &s->backend;
}
