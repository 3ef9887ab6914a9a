// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What character back ends over file descriptors share.
#include "backend/char_stream.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "backend/event_loop.h"
#include "base/bits.h"

static void update_watches(struct char_stream *s)
{
    bool rest = s->rest.count > 0, more = s->connected && !s->input_ended;
    bool input = (rest || more) && char_user_can_receive(&s->backend) > 0;
    bool read = input && !rest;
    bool write = s->connected && s->output.count > 0;
    unsigned out_events = write ? WATCH_WRITE : 0;
    unsigned in_events = read ? WATCH_READ : 0;

    if (s->out_watch == NULL)
        in_events |= out_events;
    else
        event_watch_set(s->out_watch, out_events);
    if (s->in_watch != NULL)
        event_watch_set(s->in_watch, in_events);
    if (input && rest)
        timer_set(&s->deliver, clock_now(s->deliver.clock));
}

static void deliver_rest(void *opaque)
{
    struct char_stream *s = opaque;
    if (s->rest.count > 0)
        char_queue_deliver(&s->rest, &s->backend);
    update_watches(s);
}

void char_stream_init(struct char_stream *s, const struct char_backend_ops *ops,
                      struct event_loop *loop, const char *label)
{
    s->backend.ops = ops;
    snprintf(s->backend.label, sizeof s->backend.label, "%s", label);
    s->loop = loop;
    s->in = s->out = -1;
    timer_init(&s->deliver, event_loop_clock(loop), deliver_rest, s);
}

static void stream_ended(struct char_stream *s)
{
    s->input_ended = true;
    if (s->ended != NULL)
        s->ended(s);
}

/* Returns bytes written; all of them when the other end is gone, for then they are lost. */
static size_t write_now(struct char_stream *s, const uint8_t *data, size_t length)
{
    size_t done = 0;
    while (done < length) {
        ssize_t n = write(s->out, data + done, length - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN)
            return done;
        else if (errno != EINTR)
            return length;
    }
    return done;
}

static void drain_output(struct char_stream *s)
{
    const uint8_t *data;
    size_t length;
    while ((length = char_queue_peek(&s->output, &data)) > 0) {
        size_t written = write_now(s, data, length);
        char_queue_drop(&s->output, written);
        if (written < length)
            return;
    }
}

size_t char_stream_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    struct char_stream *s = container_of(b, struct char_stream, backend);
    if (!s->connected || s->out < 0)
        return length;
    size_t taken = s->output.count == 0 ? write_now(s, data, length) : 0;
    if (taken < length) {
        taken += char_queue_push(&s->output, data + taken, length - taken);
        s->writable_owed |= taken < length;
        update_watches(s);
    }
    return taken;
}

void char_stream_accept_input(struct char_backend *b)
{
    update_watches(container_of(b, struct char_stream, backend));
}

bool char_stream_take_rest(struct char_stream *s)
{
    struct pollfd peer = { s->in, POLLRDHUP, 0 };
    uint8_t data[4096];
    size_t room;
    if (char_user_can_receive(&s->backend) > 0 || poll(&peer, 1, 0) <= 0)
        return false;
    while ((room = MIN(char_queue_room(&s->rest), sizeof data)) > 0) {
        ssize_t n = read(s->in, data, room);
        if (n > 0)
            char_queue_push(&s->rest, data, (size_t)n);
        else if (n == 0 || errno != EINTR)
            return n == 0 || errno != EAGAIN;
    }
    return false;
}

static void read_input(struct char_stream *s)
{
    uint8_t data[4096];
    size_t room = MIN(char_user_can_receive(&s->backend), sizeof data);
    if (room == 0)
        return;
    ssize_t n = read(s->in, data, room);
    if (n > 0)
        s->backend.user.receive(s->backend.user.opaque, data, (size_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        stream_ended(s);
}

/* A user that was refused hears again once half of the queue is free: not for each byte. */
static void tell_writable(struct char_stream *s)
{
    if (!s->writable_owed || s->output.count > CHAR_QUEUE_SIZE / 2)
        return;
    s->writable_owed = false;
    char_user_writable(&s->backend);
}

static void stream_ready(void *opaque, unsigned events)
{
    struct char_stream *s = opaque;
    char_stream_tell(s);
    if (events & WATCH_WRITE) {
        drain_output(s);
        tell_writable(s);
    }
    if (events & WATCH_READ && s->connected && !s->input_ended)
        read_input(s);
    update_watches(s);
}

void char_stream_open(struct char_stream *s, int in, int out)
{
    s->in = in;
    s->out = out;
    s->input_ended = in < 0;
    s->in_watch = in >= 0 ? event_watch_create(s->loop, in, stream_ready, s) : NULL;
    s->out_watch = out >= 0 && out != in ? event_watch_create(s->loop, out, stream_ready, s) : NULL;
    char_stream_set_connected(s, true);
}

void char_stream_connect_quietly(struct char_stream *s)
{
    s->connected = true;
    s->input_ended = s->in < 0;
    update_watches(s);
}

void char_stream_tell(struct char_stream *s)
{
    if (s->connected_told == s->connected)
        return;
    s->connected_told = s->connected;
    char_user_event(&s->backend, s->connected ? CHAR_EVENT_OPENED : CHAR_EVENT_CLOSED);
}

void char_stream_set_connected(struct char_stream *s, bool connected)
{
    if (connected) {
        char_stream_connect_quietly(s);
    } else {
        s->connected = false;
        char_queue_drop(&s->output, s->output.count);
        tell_writable(s);
        deliver_rest(s); /* a user who can take it does so before it hears of the end */
    }
    char_stream_tell(s);
}

void char_stream_close(struct char_stream *s)
{
    char_stream_set_connected(s, false);
    event_watch_destroy(s->in_watch, true);
    event_watch_destroy(s->out_watch, true);
    s->in_watch = s->out_watch = NULL;
    s->in = s->out = -1;
}

void char_stream_release(struct char_stream *s)
{
    char_stream_close(s);
    timer_cancel(&s->deliver);
}

bool char_stream_wait(struct char_backend *b, int milliseconds)
{
    struct char_stream *s = container_of(b, struct char_stream, backend);
    struct pollfd wait = { s->out, POLLOUT, 0 };
    size_t before = s->output.count;
    if (s->connected && before > 0 && poll(&wait, 1, milliseconds) > 0)
        drain_output(s);
    return s->output.count < before;
}

void char_stream_flush(struct char_stream *s, int milliseconds)
{
    struct pollfd wait = { s->out, POLLOUT, 0 };
    if (s->connected && s->out >= 0)
        drain_output(s);
    while (s->connected && s->output.count > 0 && poll(&wait, 1, milliseconds) > 0)
        drain_output(s);
}
