// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What character back ends over file descriptors share: queued output, input as the user takes it.
#ifndef BACKEND_CHAR_STREAM_H
#define BACKEND_CHAR_STREAM_H

#include "backend/char.h"
#include "backend/char_queue.h"
#include "base/clock.h"

struct event_loop;
struct event_watch;

/*
 * The first member of a back end's own struct. Descriptors are non-blocking, or such that writing
 * to them does not wait (plain files). While not connected, output is taken and lost, as on a line
 * that nobody listens to.
 */
struct char_stream {
    struct char_backend backend;
    struct event_loop *loop;
    int in, out; /* -1: none; may be the same */
    bool connected;
    bool connected_told; /* what the user has heard of it */
    bool input_ended;
    bool writable_owed; /* the user was given less than all and waits for writable() */
    struct event_watch *in_watch, *out_watch; /* out_watch is NULL where in == out */
    void (*ended)(struct char_stream *s); /* input at its end, or an error. NULL: input is just not
                                             looked at any more */
    struct char_queue output;
    /* What a peer that has gone left behind comes before what is read; from the loop, as input
     * does: a monitor's command may wait for the processors. */
    struct char_queue rest;
    struct timer deliver;
};

void char_stream_init(struct char_stream *s, const struct char_backend_ops *ops,
                      struct event_loop *loop, const char *label);
/* Take descriptors (now the stream's own) and connect. */
void char_stream_open(struct char_stream *s, int in, int out);
/* Drop them, and the output that is left. */
void char_stream_close(struct char_stream *s);
/* The same for good: before the struct is freed. */
void char_stream_release(struct char_stream *s);
void char_stream_set_connected(struct char_stream *s, bool connected);
/* The same from a thread whose user must not hear of it there: a processor's, which a debugger that
 * connects stops. The user hears of it by char_stream_tell(), or before the first input. */
void char_stream_connect_quietly(struct char_stream *s);
void char_stream_tell(struct char_stream *s);
/* While the user takes no input nothing is read, and the end is not seen. True: the peer has gone,
 * or sends no more, and what it sent has been read ahead; the stream may be closed. False: it is
 * there, or has left more than is kept. */
bool char_stream_take_rest(struct char_stream *s);
/* Write out what is queued, waiting at most so long for a reader that does not read. */
void char_stream_flush(struct char_stream *s, int milliseconds);

/* For struct char_backend_ops. */
size_t char_stream_write(struct char_backend *b, const uint8_t *data, size_t length);
bool char_stream_wait(struct char_backend *b, int milliseconds);
void char_stream_accept_input(struct char_backend *b);

#endif
