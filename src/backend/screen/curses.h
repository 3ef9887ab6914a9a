// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The screen in a terminal: text modes of the VGA, and consoles beside it.
#ifndef BACKEND_SCREEN_CURSES_H
#define BACKEND_SCREEN_CURSES_H

#include "backend/screen.h"
#include "base/error.h"

struct char_backend;
struct curses_display;
struct event_loop;

/* Keys pressed together and released again, as sendkey names them: "ctrl-alt-f1". */
struct curses_user {
    void (*keys)(void *opaque, const char *keys);
    void *opaque;
};

/*
 * Takes the terminal. Alt-1 shows the screen (without one: the first console), Alt-2 and so on the
 * consoles (console.h), in their order; PgUp and PgDn scroll a console. All under the device lock.
 * NULL with an error where standard input or output is no terminal.
 */
struct curses_display *curses_display_create(struct event_loop *loop,
                                             const struct screen_source *screen,
                                             struct char_backend *const *consoles,
                                             unsigned console_count, const struct curses_user *user,
                                             struct error *err);
/* Before the consoles go. */
void curses_display_destroy(struct curses_display *display);

#endif
