// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The kinds of character back ends, each opened by its own function.
#ifndef BACKEND_CHAR_KINDS_H
#define BACKEND_CHAR_KINDS_H

#include "backend/char.h"
#include "base/error.h"

struct event_loop;

/* options: what follows the kind's name and colon. NULL and an error where the host refuses. */
struct char_backend *char_null_open(const char *label);
struct char_backend *char_file_open(const char *path, const char *label, struct event_loop *loop,
                                    struct error *err);
struct char_backend *char_pty_open(const char *label, struct event_loop *loop, struct error *err);
/* signals: Ctrl-C and Ctrl-Z act on bmbt and do not go to the guest. */
struct char_backend *char_stdio_open(bool signals, const char *label, struct event_loop *loop,
                                     struct error *err);
struct char_backend *char_tcp_open(const char *options, const char *label, struct event_loop *loop,
                                   struct error *err);
struct char_backend *char_unix_open(const char *options, const char *label, struct event_loop *loop,
                                    struct error *err);

#endif
