// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Several users on one character back end.
#include "backend/char_mux.h"

#include <stdio.h>
#include <string.h>

#include "backend/char_queue.h"
#include "backend/event_loop.h"
#include "base/bits.h"
#include "host/host.h"

#define MUX_USERS 4
#define ESCAPE    0x01 /* Ctrl-A */

struct mux_user {
    struct char_backend backend;
    struct mux *mux;
    bool writable_owed;
    struct char_queue input; /* came while the user had no room */
};

struct mux {
    struct char_backend *under;
    struct event_loop *loop;
    struct mux_user users[MUX_USERS];
    unsigned count, focus;
    bool escaped; /* the last byte was Ctrl-A */
    void (*quit)(void *opaque);
    void *quit_opaque;
};

static const char help[] = "\r\n"
                           "C-a h    print this help\r\n"
                           "C-a x    exit emulator\r\n"
                           "C-a b    send break (magic sysrq)\r\n"
                           "C-a c    switch between console and monitor\r\n"
                           "C-a C-a  sends C-a\r\n";

static void say(struct mux *mux, const char *text)
{
    char_write(mux->under, (const uint8_t *)text, strlen(text));
}

static void next_user(struct mux *mux)
{
    if (mux->count < 2)
        return;
    char_user_event(&mux->users[mux->focus].backend, CHAR_EVENT_FOCUS_OUT);
    mux->focus = (mux->focus + 1) % mux->count;
    char_user_event(&mux->users[mux->focus].backend, CHAR_EVENT_FOCUS_IN);
}

static void end_program(struct mux *mux)
{
    say(mux, "\r\nbmbt: Terminated\r\n");
    if (mux->quit != NULL)
        mux->quit(mux->quit_opaque);
    else
        event_loop_quit(mux->loop);
}

/* The letter after Ctrl-A. Returns whether it is for the user after all. */
static bool command(struct mux *mux, uint8_t letter)
{
    switch (letter) {
    case ESCAPE: return true;
    case '?':
    case 'h': say(mux, help); break;
    case 'x': end_program(mux); break;
    case 'b': char_user_event(&mux->users[mux->focus].backend, CHAR_EVENT_BREAK); break;
    case 'c': next_user(mux); break;
    default: break;
    }
    return false;
}

static size_t mux_can_receive(void *opaque)
{
    struct mux *mux = opaque;
    return char_queue_room(&mux->users[mux->focus].input);
}

static void mux_receive(void *opaque, const uint8_t *data, size_t length)
{
    struct mux *mux = opaque;
    for (size_t i = 0; i < length; i++) {
        bool escaped = mux->escaped;
        mux->escaped = !escaped && data[i] == ESCAPE;
        if (mux->escaped || (escaped && !command(mux, data[i])))
            continue;
        char_queue_push(&mux->users[mux->focus].input, &data[i], 1);
    }
    for (unsigned i = 0; i < mux->count; i++)
        char_queue_deliver(&mux->users[i].input, &mux->users[i].backend);
}

static void mux_event(void *opaque, enum char_event event)
{
    struct mux *mux = opaque;
    for (unsigned i = 0; i < mux->count; i++)
        char_user_event(&mux->users[i].backend, event);
}

static void mux_writable(void *opaque)
{
    struct mux *mux = opaque;
    for (unsigned i = 0; i < mux->count; i++) {
        if (!mux->users[i].writable_owed)
            continue;
        mux->users[i].writable_owed = false;
        char_user_writable(&mux->users[i].backend);
    }
}

static size_t user_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    struct mux_user *user = container_of(b, struct mux_user, backend);
    size_t taken = char_write(user->mux->under, data, length);
    user->writable_owed |= taken < length;
    return taken;
}

static bool user_wait(struct char_backend *b, int milliseconds)
{
    return char_wait(container_of(b, struct mux_user, backend)->mux->under, milliseconds);
}

static void user_accept_input(struct char_backend *b)
{
    struct mux_user *user = container_of(b, struct mux_user, backend);
    char_queue_deliver(&user->input, b);
    char_accept_input(user->mux->under);
}

static void user_set_break(struct char_backend *b, bool on)
{
    char_set_break(container_of(b, struct mux_user, backend)->mux->under, on);
}

static void user_destroy(struct char_backend *b)
{
    struct mux_user *user = container_of(b, struct mux_user, backend);
    struct mux *mux = user->mux;
    if (user != &mux->users[0])
        return;
    char_destroy(mux->under);
    host_free(mux);
}

static const struct char_backend_ops mux_ops = {
    .kind = "mux",
    .write = user_write,
    .wait = user_wait,
    .accept_input = user_accept_input,
    .set_break = user_set_break,
    .destroy = user_destroy,
};

static struct char_backend *add_user(struct mux *mux, const char *label)
{
    struct mux_user *user = &mux->users[mux->count++];
    user->backend.ops = &mux_ops;
    user->mux = mux;
    snprintf(user->backend.label, sizeof user->backend.label, "%s", label);
    return &user->backend;
}

struct char_backend *char_mux_create(struct char_backend *under, struct event_loop *loop,
                                     const char *label)
{
    struct mux *mux = host_alloc(sizeof *mux);
    mux->under = under;
    mux->loop = loop;
    struct char_backend *first = add_user(mux, label);
    char_attach(under, &(struct char_user){ .can_receive = mux_can_receive,
                                            .receive = mux_receive,
                                            .event = mux_event,
                                            .writable = mux_writable,
                                            .opaque = mux });
    return first;
}

struct char_backend *char_mux_add(struct char_backend *b, const char *label)
{
    if (b == NULL || b->ops != &mux_ops)
        return NULL;
    struct mux *mux = container_of(b, struct mux_user, backend)->mux;
    return mux->count < MUX_USERS ? add_user(mux, label) : NULL;
}

void char_mux_set_quit(struct char_backend *b, void (*quit)(void *opaque), void *opaque)
{
    if (b == NULL || b->ops != &mux_ops)
        return;
    struct mux *mux = container_of(b, struct mux_user, backend)->mux;
    mux->quit = quit;
    mux->quit_opaque = opaque;
}
