// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options of display and the way the program runs.
#include "control/options_internal.h"

#include <stdio.h>
#include <string.h>

#include "control/keyval.h"

#define OPTION_FLAG(handler, member)                                                               \
    bool option_##handler(struct options *o, const char *argument_text, struct error *err)         \
    {                                                                                              \
        (void)argument_text, (void)err;                                                            \
        o->member = true;                                                                          \
        return true;                                                                               \
    }
OPTION_FLAG(nographic, nographic)
OPTION_FLAG(stopped, stopped)
OPTION_FLAG(no_reboot, no_reboot)
OPTION_FLAG(no_shutdown, no_shutdown)
OPTION_FLAG(strict, strict)
OPTION_FLAG(daemonize, daemonize)
OPTION_FLAG(perf_map, perf_map)

bool option_display(struct options *o, const char *argument_text, struct error *err)
{
    if (strcmp(argument_text, "help") == 0) {
        printf("Displays:\nnone     nowhere; `screendump` of the monitor shows the screen\n"
               "curses   text in this terminal\n");
        o->done = true;
        return true;
    }
    if (strcmp(argument_text, "none") == 0)
        o->display = DISPLAY_NONE;
    else if (strcmp(argument_text, "curses") == 0)
        o->display = DISPLAY_CURSES;
    else
        return error_set(err, "there are none and curses");
    return true;
}

bool option_curses(struct options *o, const char *argument_text, struct error *err)
{
    (void)argument_text, (void)err;
    o->display = DISPLAY_CURSES;
    return true;
}

bool option_vga(struct options *o, const char *argument_text, struct error *err)
{
    if (strcmp(argument_text, "help") == 0) {
        printf("Graphics cards:\nstd      VGA with Bochs VBE (default)\nnone     none\n");
        o->done = true;
        return true;
    }
    o->vga = strcmp(argument_text, "none") != 0;
    if (o->vga && strcmp(argument_text, "std") != 0)
        return error_set(err, "there are std and none");
    o->vga_device = true;
    return true;
}

bool option_vnc(struct options *o, const char *argument_text, struct error *err)
{
    (void)o;
    return strcmp(argument_text, "none") == 0 ? true : error_set(err, "there is none only");
}

/* After all others: -daemonize leaves no terminal to use. */
bool options_check(const struct options *o, struct error *err)
{
    if (o->daemonize && o->nographic)
        return error_set(err, "-daemonize and -nographic: in the background there is no terminal; "
                              "say -display none and -serial");
    if (o->daemonize && o->display == DISPLAY_CURSES)
        return error_set(err,
                         "-daemonize and -display curses: in the background there is no terminal");
    if (o->perf_map && !o->accel.jit)
        return error_set(err, "-perfmap and -accel interp: the interpreter makes no code to name");
    if (o->nographic && o->display == DISPLAY_CURSES)
        return error_set(err,
                         "-nographic and -display curses: both want the terminal; leave one out");
    for (unsigned n = 0; n < o->debugcon_count; n++)
        for (unsigned m = 0; m < n; m++)
            if (options_debugcon_port(o, n) == options_debugcon_port(o, m) &&
                strcmp(o->debugcons[n].where, "none") != 0 &&
                strcmp(o->debugcons[m].where, "none") != 0)
                return error_set(err, "-debugcon %s: another one is at port %#x already",
                                 o->debugcons[n].where, options_debugcon_port(o, n));
    return true;
}

bool option_pidfile(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->pidfile = argument_text;
    return true;
}
