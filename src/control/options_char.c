// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options that connect ports, the monitor and gdb.
#include "control/options_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "control/keyval.h"

bool option_serial(struct options *o, const char *argument_text, struct error *err)
{
    if (o->serial_count == OPTIONS_SERIAL_PORTS)
        return error_set(err, "the machine has %d serial ports", OPTIONS_SERIAL_PORTS);
    o->serial[o->serial_count++] = argument_text;
    return true;
}

bool option_parallel(struct options *o, const char *argument_text, struct error *err)
{
    if (o->parallel_count == OPTIONS_PARALLEL_PORTS)
        return error_set(err, "the machine has %d parallel ports", OPTIONS_PARALLEL_PORTS);
    o->parallel[o->parallel_count++] = argument_text;
    return true;
}

bool option_monitor(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->monitor = argument_text;
    return true;
}

const char *options_chardev_name(struct options *o, const char *id)
{
    char text[256];
    snprintf(text, sizeof text, "chardev:%s", id);
    return options_keep(o, text);
}

static bool add_debugcon(struct options *o, struct options_debugcon debugcon, struct error *err)
{
    if (o->debugcon_count == OPTIONS_DEBUGCONS)
        return error_set(err, "at most %d debug consoles", OPTIONS_DEBUGCONS);
    o->debugcons[o->debugcon_count++] = debugcon;
    return true;
}

bool option_debugcon(struct options *o, const char *argument_text, struct error *err)
{
    struct options_debugcon debugcon = { .where = argument_text, .port = -1, .by_name = true };
    for (unsigned n = 0; n < o->debugcon_count; n++)
        if (o->debugcons[n].by_name) {
            o->debugcons[n] = debugcon;
            return true;
        }
    return add_debugcon(o, debugcon, err);
}

bool options_add_debugcon(struct options *o, const char *id, int port, struct error *err)
{
    return add_debugcon(
        o, (struct options_debugcon){ .where = options_chardev_name(o, id), .port = port }, err);
}

uint16_t options_debugcon_port(const struct options *o, unsigned n)
{
    return o->debugcons[n].port < 0 ? o->debugcon_port : (uint16_t)o->debugcons[n].port;
}

bool option_mon(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    while ((key = keyval_next(&cursor, &value)) != NULL) {
        if (value == NULL || strcmp(key, "chardev") == 0)
            o->monitor = options_chardev_name(o, value != NULL ? value : key);
        else if (strcmp(key, "mode") == 0 && strcmp(value, "readline") != 0)
            return error_set(err, "mode is readline");
        else if (strcmp(key, "mode") != 0 && strcmp(key, "id") != 0)
            return error_set(err, "no property '%s'; there are chardev, mode, id", key);
    }
    return true;
}

bool option_gdb(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->gdb = strcmp(argument_text, "none") == 0 ? NULL : argument_text;
    return true;
}

bool option_gdb_default(struct options *o, const char *argument_text, struct error *err)
{
    (void)argument_text, (void)err;
    o->gdb = "tcp::1234";
    return true;
}

/* ---- -chardev: turned into the form that -serial takes --------------------------------------- */

struct chardev {
    const char *kind, *id, *path, *host, *port;
    bool server, wait, mux, signal;
};

static bool chardev_property(struct chardev *c, const char *key, const char *value,
                             struct error *err)
{
    if (strcmp(key, "id") == 0)
        c->id = value;
    else if (strcmp(key, "path") == 0)
        c->path = value;
    else if (strcmp(key, "host") == 0)
        c->host = value;
    else if (strcmp(key, "port") == 0)
        c->port = value;
    else if (strcmp(key, "server") == 0)
        return keyval_switch(key, value, &c->server, err);
    else if (strcmp(key, "wait") == 0)
        return keyval_switch(key, value, &c->wait, err);
    else if (strcmp(key, "nowait") == 0)
        c->wait = false;
    else if (strcmp(key, "mux") == 0)
        return keyval_switch(key, value, &c->mux, err);
    else if (strcmp(key, "signal") == 0)
        return keyval_switch(key, value, &c->signal, err);
    else
        return error_set(
            err, "no property '%s'; there are id, path, host, port, server, wait, mux, signal",
            key);
    return true;
}

static bool chardev_where(const struct chardev *c, char *text, size_t size, struct error *err)
{
    const char *mux = c->mux ? "mon:" : "";
    char wait[32];
    snprintf(wait, sizeof wait, "%s%s", c->server ? ",server" : "", c->wait ? "" : ",nowait");
    if (strcmp(c->kind, "null") == 0 || strcmp(c->kind, "pty") == 0 ||
        strcmp(c->kind, "stdio") == 0) {
        snprintf(text, size, "%s%s", mux, c->kind);
    } else if (strcmp(c->kind, "file") == 0) {
        if (c->path == NULL)
            return error_set(err, "a file needs path=");
        snprintf(text, size, "%sfile:%s", mux, c->path);
    } else if (strcmp(c->kind, "socket") == 0) {
        if (c->path != NULL)
            snprintf(text, size, "%sunix:%s%s", mux, c->path, wait);
        else if (c->port != NULL)
            snprintf(text, size, "%stcp:%s:%s%s", mux, c->host != NULL ? c->host : "", c->port,
                     wait);
        else
            return error_set(err, "a socket needs path=, or host= and port=");
    } else {
        return error_set(err, "no kind '%s'; there are null, stdio, file, pty, socket", c->kind);
    }
    return true;
}

bool option_chardev(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value, where[512];
    struct chardev c = { .kind = "", .wait = true };
    if (strcmp(argument_text, "help") == 0) {
        printf("Kinds of connections:\nnull\nstdio\nfile     path=\npty\nsocket   path=, or host= "
               "and port=; server=, wait=\n");
        o->done = true;
        return true;
    }
    for (bool first = true; (key = keyval_next(&cursor, &value)) != NULL; first = false) {
        if (first && value == NULL)
            c.kind = key;
        else if (first && strcmp(key, "backend") == 0)
            c.kind = value;
        else if (!chardev_property(&c, key, value, err))
            return false;
    }
    if (c.id == NULL || *c.id == '\0')
        return error_set(err, "needs id=");
    for (unsigned n = 0; n < o->chardev_count; n++)
        if (strcmp(o->chardevs[n].id, c.id) == 0)
            return error_set(err, "id '%s' is there twice", c.id);
    if (o->chardev_count == OPTIONS_CHARDEVS)
        return error_set(err, "at most %d of these", OPTIONS_CHARDEVS);
    if (!chardev_where(&c, where, sizeof where, err))
        return false;
    o->chardevs[o->chardev_count++] =
        (struct options_chardev){ .id = c.id, .where = options_keep(o, where) };
    return true;
}
