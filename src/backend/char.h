// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a serial-like chip is connected to: a stream of bytes in and out.
#ifndef BACKEND_CHAR_H
#define BACKEND_CHAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The user's side: all calls under the device lock. A chip may have no back end: NULL is a valid
 * char_backend everywhere. */
struct char_backend;

enum char_event {
    CHAR_EVENT_OPENED, /* somebody is at the other end */
    CHAR_EVENT_CLOSED,
    CHAR_EVENT_BREAK,
    CHAR_EVENT_FOCUS_IN, /* a multiplexer gives this user the keyboard, or takes it away */
    CHAR_EVENT_FOCUS_OUT,
};

struct char_user {
    size_t (*can_receive)(void *opaque); /* how many bytes it takes now */
    void (*receive)(void *opaque, const uint8_t *data,
                    size_t length);                     /* at most what can_receive said */
    void (*event)(void *opaque, enum char_event event); /* may be NULL */
    void (*writable)(void *opaque); /* after char_write() took less than all; may be NULL */
    void *opaque;
};

/* The implementer's side. */
struct char_backend_ops {
    const char *kind; /* "stdio", "file", ... */
    size_t (*write)(struct char_backend *b, const uint8_t *data,
                    size_t length);                     /* bytes taken; never blocks */
    /* At the end of the machine: wait so long for the other end to take some of what was written.
     * False: it has not, or there is nothing. May be NULL */
    bool (*wait)(struct char_backend *b, int milliseconds);
    void (*accept_input)(struct char_backend *b);       /* can_receive has grown */
    void (*set_break)(struct char_backend *b, bool on); /* may be NULL */
    void (*destroy)(struct char_backend *b);
};
struct char_backend {
    const struct char_backend_ops *ops;
    struct char_user user; /* all NULL while nobody is attached */
    char label[32];        /* "serial0", "monitor" */
};

static inline void char_attach(struct char_backend *b, const struct char_user *user)
{
    if (b == NULL)
        return;
    b->user = *user;
    if (b->ops->accept_input != NULL)
        b->ops->accept_input(b);
}
static inline size_t char_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    return b != NULL ? b->ops->write(b, data, length) : length;
}
static inline bool char_wait(struct char_backend *b, int milliseconds)
{
    return b != NULL && b->ops->wait != NULL && b->ops->wait(b, milliseconds);
}
static inline void char_accept_input(struct char_backend *b)
{
    if (b != NULL && b->ops->accept_input != NULL)
        b->ops->accept_input(b);
}
static inline void char_set_break(struct char_backend *b, bool on)
{
    if (b != NULL && b->ops->set_break != NULL)
        b->ops->set_break(b, on);
}
static inline void char_destroy(struct char_backend *b)
{
    if (b != NULL)
        b->ops->destroy(b);
}

/* For implementers: what the attached user can take, and what it has to hear. */
static inline size_t char_user_can_receive(const struct char_backend *b)
{
    return b->user.can_receive != NULL && b->user.receive != NULL
               ? b->user.can_receive(b->user.opaque)
               : 0;
}
static inline void char_user_event(const struct char_backend *b, enum char_event event)
{
    if (b->user.event != NULL)
        b->user.event(b->user.opaque, event);
}
static inline void char_user_writable(const struct char_backend *b)
{
    if (b->user.writable != NULL)
        b->user.writable(b->user.opaque);
}

#endif
