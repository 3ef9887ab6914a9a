// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From the text of -serial, -parallel, -monitor and -debugcon to a character back end.
#ifndef BACKEND_CHAR_OPEN_H
#define BACKEND_CHAR_OPEN_H

#include "backend/char.h"
#include "base/error.h"

struct event_loop;

/*
 * spec: null, none, stdio, pty, file:PATH,
 * tcp:[HOST]:PORT[,server=on|off][,wait=on|off][,nodelay=on|off],
 * unix:PATH[,server=on|off][,wait=on|off], or mon: before any of them: the result then is a
 * multiplexer's first user, and char_mux_add() gives the monitor its place. "none" is taken as
 * null: who can leave the chip out altogether looks for it first. label names the user in messages:
 * "serial0". NULL and an error that says what is wrong.
 */
struct char_backend *char_backend_open(const char *spec, const char *label, struct event_loop *loop,
                                       struct error *err);

#endif
