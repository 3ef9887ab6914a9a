// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where the screen is shown.
#include "control/display.h"

#include <string.h>
#include <unistd.h>

#include "backend/screen/console.h"
#include "backend/screen/curses.h"
#include "control/send_keys.h"
#include "device/display/vga.h"

#define KEY_HOLD_MS 10 /* a terminal does not tell how long a key was held */

static bool uses_stdio(const char *where)
{
    return where != NULL && strstr(where, "stdio") != NULL;
}

/* Has one of the options asked for standard input and output? */
static bool stdio_taken(const struct options *o)
{
    bool taken = uses_stdio(o->monitor) || uses_stdio(o->gdb);
    for (unsigned n = 0; n < o->debugcon_count; n++)
        taken |= uses_stdio(o->debugcons[n].where);
    for (unsigned n = 0; n < o->serial_count; n++)
        taken |= uses_stdio(o->serial[n]);
    for (unsigned n = 0; n < o->parallel_count; n++)
        taken |= uses_stdio(o->parallel[n]);
    for (unsigned n = 0; n < o->chardev_count; n++)
        taken |= uses_stdio(o->chardevs[n].where);
    return taken;
}

bool display_is_curses(const struct options *o)
{
    if (o->display != DISPLAY_DEFAULT)
        return o->display == DISPLAY_CURSES;
    return !o->nographic && !o->daemonize && !o->nodefaults && o->vga && !stdio_taken(o) &&
           isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}

struct char_backend *display_open_console(struct session *s, const char *label, struct error *err)
{
    if (!display_is_curses(s->options)) {
        error_set(err, "only -display curses has a console to show it on");
        return NULL;
    }
    if (s->console_count == SESSION_CONSOLES) {
        error_set(err, "there are too many consoles already");
        return NULL;
    }
    /* The monitor is Alt-2, wherever among the options it stands. */
    unsigned place = strcmp(label, "monitor") == 0 ? 0 : s->console_count;
    memmove(s->consoles + place + 1, s->consoles + place,
            (s->console_count - place) * sizeof s->consoles[0]);
    s->console_count++;
    return s->consoles[place] = console_open(label);
}

static void keys_typed(void *opaque, const char *keys)
{
    struct session *s = opaque;
    struct error ignored; /* too many are waiting: like a keyboard whose buffer is full */
    key_sender_send(s->keys, keys, KEY_HOLD_MS, &ignored);
}

bool display_open(struct session *s, struct error *err)
{
    struct screen_source screen = { 0 };
    if (!display_is_curses(s->options))
        return true;
    if (s->pc->vga != NULL)
        screen = vga_screen(s->pc->vga);
    s->display =
        curses_display_create(s->loop, &screen, s->consoles, s->console_count,
                              &(struct curses_user){ .keys = keys_typed, .opaque = s }, err);
    return s->display != NULL;
}

void display_close(struct session *s)
{
    curses_display_destroy(s->display);
    s->display = NULL;
}
