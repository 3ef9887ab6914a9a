// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options of display, log and the way the program runs.
#include "control/options_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
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

static void print_categories(void)
{
    printf("Log categories:\n");
    for (unsigned n = 0; n < LOG_CATEGORY_COUNT; n++)
        printf("%-14s %s\n", log_category_name(n), log_category_help(n));
    printf("%-14s %s\n", "all", "all of these");
}

bool options_parse_log(const char *text, uint32_t *mask, struct error *err)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        int category = log_category_find(text, length);
        if (category >= 0)
            *mask |= UINT32_C(1) << category;
        else if (length == 3 && strncmp(text, "all", 3) == 0)
            *mask = UINT32_MAX;
        else
            return error_set(err, "no category '%.*s' (-d help lists them)", (int)length, text);
        text += length + (text[length] == ',');
    }
    return true;
}

bool option_log(struct options *o, const char *argument_text, struct error *err)
{
    if (strcmp(argument_text, "help") == 0 || strcmp(argument_text, "?") == 0) {
        print_categories();
        o->done = true;
        return true;
    }
    return options_parse_log(argument_text, &o->log_mask, err);
}

bool option_log_file(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->log_file = argument_text;
    return true;
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
    return true;
}

bool option_pidfile(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->pidfile = argument_text;
    return true;
}
