// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Several users on one character back end: the guest's console and the monitor on one terminal.
#ifndef BACKEND_CHAR_MUX_H
#define BACKEND_CHAR_MUX_H

#include "backend/char.h"

struct event_loop;

/*
 * Everybody's output goes out; input goes to the user that has the focus, at first the one whose
 * back end char_mux_create() returns. Ctrl-A and a letter are for the multiplexer: h help, x quit,
 * b break, c the next user, Ctrl-A a Ctrl-A for the user. The multiplexer owns the back end
 * underneath. Destroying the first user's back end destroys all.
 */
struct char_backend *char_mux_create(struct char_backend *under, struct event_loop *loop,
                                     const char *label);

/* A back end for one more user; NULL if b is no multiplexer's or all places are taken. */
struct char_backend *char_mux_add(struct char_backend *b, const char *label);

/* What Ctrl-A x does in place of event_loop_quit(). */
void char_mux_set_quit(struct char_backend *b, void (*quit)(void *opaque), void *opaque);

#endif
