// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the tests of character back ends share: a loop to run for a while, and a user.
#ifndef TESTS_UNIT_CHAR_FIXTURE_H
#define TESTS_UNIT_CHAR_FIXTURE_H

#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "backend/char.h"
#include "backend/event_loop.h"
#include "base/clock.h"
#include "host/host.h"
#include "unit.h"

/* --- a loop to run for a while --- */

static struct host_lock *lock;
static struct event_loop *loop;

static inline void begin(void)
{
    struct error err;
    lock = host_lock_create();
    loop = event_loop_create(lock, &err);
    CHECK(loop != NULL);
}

static inline void end(void)
{
    event_loop_destroy(loop);
    host_lock_destroy(lock);
}

static inline void quit_loop(void *opaque)
{
    (void)opaque;
    event_loop_quit(loop);
}

static inline void run_ms(int64_t ms)
{
    struct timer timer;
    timer_init(&timer, event_loop_clock(loop), quit_loop, NULL);
    timer_set(&timer, clock_now(timer.clock) + ms * 1000000);
    event_loop_run(loop);
    timer_cancel(&timer);
}

/* --- a user that writes down what it hears --- */

struct user {
    char text[512];
    size_t length, room;
    char events[64];
    unsigned writables;
};

static inline size_t user_can_receive(void *opaque)
{
    return ((struct user *)opaque)->room;
}

static inline void user_receive(void *opaque, const uint8_t *data, size_t length)
{
    struct user *u = opaque;
    CHECK(length <= u->room);
    CHECK(u->length + length < sizeof u->text);
    memcpy(u->text + u->length, data, length);
    u->length += length;
    u->room -= length;
}

static inline void user_event(void *opaque, enum char_event event)
{
    static const char letters[] = "OCBIU";
    struct user *u = opaque;
    strncat(u->events, &letters[event], 1);
}

static inline void user_writable(void *opaque)
{
    ((struct user *)opaque)->writables++;
}

static inline void attach(struct char_backend *b, struct user *u, size_t room)
{
    memset(u, 0, sizeof *u);
    u->room = room;
    char_attach(
        b, &(struct char_user){ user_can_receive, user_receive, user_event, user_writable, u });
}

static inline size_t put(struct char_backend *b, const char *text)
{
    return char_write(b, (const uint8_t *)text, strlen(text));
}

static inline bool reads(int fd, const char *expected)
{
    char got[512] = "";
    ssize_t n = read(fd, got, sizeof got - 1);
    bool same = n == (ssize_t)strlen(expected) && strcmp(got, expected) == 0;
    if (!same)
        fprintf(stderr, "read \"%s\" (%zd), not \"%s\"\n", got, n, expected);
    return same;
}

#endif
