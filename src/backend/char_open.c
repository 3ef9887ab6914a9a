// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From text to a character back end.
#include "backend/char_open.h"

#include <string.h>

#include "backend/char_kinds.h"
#include "backend/char_mux.h"

/* What follows prefix in text; NULL if text starts otherwise. */
static const char *after(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(text, prefix, length) == 0 ? text + length : NULL;
}

/* signals: for a terminal, unless the text says otherwise. */
static struct char_backend *open_plain(const char *spec, bool signals, const char *label,
                                       struct event_loop *loop, struct error *err)
{
    const char *rest;

    if (strcmp(spec, "null") == 0 || strcmp(spec, "none") == 0)
        return char_null_open(label);
    if (strcmp(spec, "stdio") == 0)
        return char_stdio_open(signals, label, loop, err);
    if (strcmp(spec, "stdio,signal=on") == 0 || strcmp(spec, "stdio,signal=off") == 0)
        return char_stdio_open(strcmp(spec, "stdio,signal=on") == 0, label, loop, err);
    if (strcmp(spec, "pty") == 0)
        return char_pty_open(label, loop, err);
    if ((rest = after(spec, "file:")) != NULL && rest[0] != '\0')
        return char_file_open(rest, label, loop, err);
    if ((rest = after(spec, "tcp:")) != NULL)
        return char_tcp_open(rest, label, loop, err);
    if ((rest = after(spec, "unix:")) != NULL)
        return char_unix_open(rest, label, loop, err);
    error_set(err,
              "%s: \"%s\" is no character device; known are stdio, pty, file:PATH, tcp:HOST:PORT, "
              "unix:PATH, null, none, "
              "and mon: before one of them",
              label, spec);
    return NULL;
}

struct char_backend *char_backend_open(const char *spec, const char *label, struct event_loop *loop,
                                       struct error *err)
{
    const char *under = after(spec, "mon:");
    if (under == NULL)
        return open_plain(spec, true, label, loop, err);
    /* With the monitor at hand to quit from, Ctrl-C is the guest's. */
    struct char_backend *b = open_plain(under, false, label, loop, err);
    return b != NULL ? char_mux_create(b, loop, label) : NULL;
}
