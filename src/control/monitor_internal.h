// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the monitor's commands share: the call, its arguments, its output.
#ifndef CONTROL_MONITOR_INTERNAL_H
#define CONTROL_MONITOR_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/line_editor.h"
#include "control/session.h"

/* Format of x, xp, p: kept from one command to the next. */
struct dump_format {
    unsigned count;
    char letter;   /* x d u o c i s */
    unsigned size; /* bytes */
};

/* One command under way. Handlers take words or expressions off args. */
struct monitor_call {
    struct session *session;
    const char *args;
    const struct line_editor *editor; /* NULL: not typed at a terminal */
    struct dump_format *format;
    void (*write)(void *opaque, const char *text, size_t length);
    void *opaque;
};

#define COMMAND(names, handler, arguments, help) void command_##handler(struct monitor_call *c);
#define INFO(name, handler, help)                void info_##handler(struct monitor_call *c);
#include "control/monitor_commands.inc"
#undef COMMAND
#undef INFO

void monitor_say(struct monitor_call *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* For functions that print line by line; opaque is the call. */
void monitor_line(void *opaque, const char *text);

/* The next word (quotes hold spaces together); false at the end. */
bool monitor_word(struct monitor_call *c, char *word, size_t size);
/* An expression; false after having said what is wrong with it. */
bool monitor_expression(struct monitor_call *c, uint64_t *value);
/* The same of one word, where something else may follow: in `mouse_move 5 -3` the minus is no
 * subtraction. */
bool monitor_number(struct monitor_call *c, uint64_t *value);
/* Is there something left of the arguments? */
bool monitor_more(struct monitor_call *c);

void monitor_run_command(struct monitor_call *c, const char *line);
/* The n-th command (or subject of info, or key, or drive) that begins with word. */
const char *monitor_complete(void *opaque, const char *before, const char *word, unsigned n);

#endif
