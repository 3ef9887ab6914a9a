// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A pseudo-terminal, for a terminal program to connect to.
#include "backend/char_kinds.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "backend/char_stream.h"
#include "backend/event_loop.h"
#include "base/bits.h"
#include "base/clock.h"
#include "host/host.h"

/* The host says when the last reader closes the terminal, but not when one opens it: looked for at
 * each write and so often. */
#define LOOK_INTERVAL (NS_PER_SECOND / 5)

struct pty {
    struct char_stream stream;
    struct timer look;
};

static bool somebody_is_there(const struct pty *pty)
{
    struct pollfd state = { pty->stream.in, POLLOUT, 0 };
    return poll(&state, 1, 0) >= 0 && !(state.revents & POLLHUP);
}

static void look(void *opaque)
{
    struct pty *pty = opaque;
    if (pty->stream.connected)
        char_stream_tell(&pty->stream);
    else if (somebody_is_there(pty))
        char_stream_set_connected(&pty->stream, true);
    else
        timer_set(&pty->look, clock_now(pty->look.clock) + LOOK_INTERVAL);
}

static void pty_ended(struct char_stream *s)
{
    char_stream_set_connected(s, false);
    look(container_of(s, struct pty, stream));
}

/* By a processor's thread, too, while OPENED may stop the processors and wait for them: the output
 * goes out at once, the event comes from the loop. */
static size_t pty_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    struct pty *pty = container_of(b, struct pty, stream.backend);
    if (!pty->stream.connected && somebody_is_there(pty)) {
        char_stream_connect_quietly(&pty->stream);
        timer_set(&pty->look, clock_now(pty->look.clock));
    }
    return char_stream_write(b, data, length);
}

static void pty_destroy(struct char_backend *b)
{
    struct pty *pty = container_of(b, struct pty, stream.backend);
    timer_cancel(&pty->look);
    char_stream_flush(&pty->stream, 100);
    char_stream_release(&pty->stream);
    host_free(pty);
}

static const struct char_backend_ops pty_ops = {
    .kind = "pty",
    .write = pty_write,
    .wait = char_stream_wait,
    .accept_input = char_stream_accept_input,
    .destroy = pty_destroy,
};

/* The user's side is raw from the start, and has been opened and closed once: only then does the
 * host report it as closed. */
static bool prepare_user_side(const char *name)
{
    struct termios mode;
    int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    bool ok = fd >= 0 && tcgetattr(fd, &mode) == 0;
    if (ok) {
        cfmakeraw(&mode);
        ok = tcsetattr(fd, TCSANOW, &mode) == 0;
    }
    if (fd >= 0)
        close(fd);
    return ok;
}

struct char_backend *char_pty_open(const char *label, struct event_loop *loop, struct error *err)
{
    char name[64];
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, name, sizeof name) != 0 ||
        !prepare_user_side(name)) {
        error_set(err, "the host gives no pseudo-terminal for %s: %s", label, strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct pty *pty = host_alloc(sizeof *pty);
    char_stream_init(&pty->stream, &pty_ops, loop, label);
    pty->stream.ended = pty_ended;
    timer_init(&pty->look, event_loop_clock(loop), look, pty);
    char_stream_open(&pty->stream, fd, fd);
    pty_ended(&pty->stream);
    printf("char device redirected to %s (label %s)\n", name, label);
    fflush(stdout);
    return &pty->stream.backend;
}
