// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What serial and parallel ports, debug console and monitor are connected to.
#include "control/session.h"

#include <stdio.h>
#include <string.h>

#include "backend/char_mux.h"
#include "backend/char_open.h"
#include "control/display.h"
#include "host/host.h"

static bool is_socket(const char *where)
{
    return strncmp(where, "tcp:", 4) == 0 || strncmp(where, "unix:", 5) == 0;
}

/* Once the machine is there it waits for nobody: of two options the later one counts. */
static struct char_backend *open_backend(struct session *s, const char *where, const char *label,
                                         bool may_wait, struct error *err)
{
    char text[640];
    const char *plain = strncmp(where, "mon:", 4) == 0 ? where + 4 : where;
    if (!may_wait && is_socket(plain)) {
        snprintf(text, sizeof text, "%s,wait=off", where);
        where = text;
    }
    return char_backend_open(where, label, s->loop, err);
}

/* -serial chardev:ID: opened for its first user; a multiplexer (mux=on) has room for more. */
static struct char_backend *connect_named(struct session *s, const char *id, const char *label,
                                          bool may_wait, struct error *err)
{
    const struct options *o = s->options;
    for (unsigned n = 0; n < o->chardev_count; n++) {
        if (strcmp(o->chardevs[n].id, id) != 0)
            continue;
        if (s->chardevs[n] == NULL)
            return s->chardevs[n] = open_backend(s, o->chardevs[n].where, label, may_wait, err);
        struct char_backend *b = char_mux_add(s->chardevs[n], label);
        if (b == NULL)
            error_set(err, "chardev '%s' is in use; with mux=on it has room for more", id);
        return b;
    }
    error_set(err, "there is no -chardev with id=%s", id);
    return NULL;
}

/* `out` stays NULL for "none". */
static bool open_connection(struct session *s, struct char_backend **out, const char *option,
                            const char *where, const char *label, bool may_wait, struct error *err)
{
    struct error reason = { "" };
    if (where == NULL || strcmp(where, "none") == 0)
        return true;
    if (strncmp(where, "chardev:", 8) == 0)
        *out = connect_named(s, where + 8, label, may_wait, &reason);
    else if (strcmp(where, "vc") == 0)
        *out = display_open_console(s, label, &reason);
    else
        *out = open_backend(s, where, label, may_wait, &reason);
    if (*out == NULL)
        return error_set(err, "%s %s: %s", option, where, reason.text);
    return true;
}

/* "mon:...": the monitor is the multiplexer's second user. */
static void share_with_monitor(struct session *s, struct char_backend *b, const char *where)
{
    if (b != NULL && s->monitor_chars == NULL && strncmp(where, "mon:", 4) == 0)
        s->monitor_chars = char_mux_add(b, "monitor");
}

static bool connect_all(struct session *s, const char *const *serial, const char *const *parallel,
                        const char *monitor, struct error *err)
{
    const struct options *o = s->options;
    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++) {
        char label[16];
        snprintf(label, sizeof label, "serial%u", n);
        if (!open_connection(s, &s->serial[n], "-serial", serial[n], label, true, err))
            return false;
        share_with_monitor(s, s->serial[n], serial[n]);
    }
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++) {
        char label[16];
        snprintf(label, sizeof label, "parallel%u", n);
        if (!open_connection(s, &s->parallel[n], "-parallel", parallel[n], label, true, err))
            return false;
        share_with_monitor(s, s->parallel[n], parallel[n]);
    }
    if (s->monitor_chars == NULL &&
        !open_connection(s, &s->monitor_chars, "-monitor", monitor, "monitor", true, err))
        return false;
    for (unsigned n = 0; n < o->debugcon_count; n++) {
        char label[24] = "debugcon";
        if (n > 0)
            snprintf(label, sizeof label, "debugcon%u", n);
        if (!open_connection(s, &s->debugcon[n], "-debugcon", o->debugcons[n].where, label, true,
                             err))
            return false;
    }
    return true;
}

bool session_open_connections(struct session *s, struct error *err)
{
    const struct options *o = s->options;
    const char *serial[PC_SERIAL_PORTS] = { NULL }, *parallel[PC_PARALLEL_PORTS] = { NULL },
               *monitor = o->monitor;
    bool with_monitor = false;

    for (unsigned n = 0; n < o->serial_count; n++) {
        serial[n] = o->serial[n];
        with_monitor |= strncmp(serial[n], "mon:", 4) == 0;
    }
    for (unsigned n = 0; n < o->parallel_count; n++) {
        parallel[n] = o->parallel[n];
        with_monitor |= strncmp(parallel[n], "mon:", 4) == 0;
    }
    bool default_serial = o->serial_count == 0 && !o->nodefaults;
    bool curses = display_is_curses(o);
    bool default_monitor = monitor == NULL && !with_monitor && !o->nodefaults;
    if (default_serial)
        serial[0] = curses            ? "vc"
                    : !o->nographic   ? "null"
                    : default_monitor ? "mon:stdio"
                                      : "stdio";
    else if (default_monitor && o->nographic)
        monitor = "stdio";
    if (default_monitor && curses)
        monitor = "vc";
    if (o->parallel_count == 0 && !o->nodefaults)
        parallel[0] = "null";
    host_lock_acquire(s->lock);
    bool done = connect_all(s, serial, parallel, monitor, err);
    host_lock_release(s->lock);
    return done;
}

/* As a server that does not hold up the machine until gdb comes, unless it is told to. */
bool session_connect_gdb(struct session *s, const char *where, bool may_wait, struct error *err)
{
    char text[512];
    if (strcmp(where, "none") == 0)
        return error_set(err, "-gdb none: there is nothing to connect");
    bool complete = !is_socket(where) || strstr(where, ",server") != NULL;
    snprintf(text, sizeof text, "%s%s", where, complete ? "" : ",server=on,wait=off");
    return open_connection(s, &s->gdb_chars, "-gdb", text, "gdb", may_wait, err);
}
