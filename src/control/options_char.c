// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options that connect ports, the monitor and gdb, and -device.
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

bool option_debugcon(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->debugcon = argument_text;
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
    const char *mux = c->mux ? "mon:" : "", *wait = !c->server ? ""
                                                    : c->wait  ? ",server"
                                                               : ",server,nowait";
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

/* ---- -device, -mon, -global ------------------------------------------------------------------ */

struct device_property {
    const char *name, *help;
};

struct device_kind {
    const char *name, *help;
    struct device_property properties[4];
    bool (*add)(struct options *o, char *values[4], struct error *err);
};

static const char *chardev_name(struct options *o, const char *id)
{
    char text[256];
    snprintf(text, sizeof text, "chardev:%s", id);
    return options_keep(o, text);
}

bool option_mon(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value;
    while ((key = keyval_next(&cursor, &value)) != NULL) {
        if (value == NULL || strcmp(key, "chardev") == 0)
            o->monitor = chardev_name(o, value != NULL ? value : key);
        else if (strcmp(key, "mode") == 0 && strcmp(value, "readline") != 0)
            return error_set(err, "mode is readline");
        else if (strcmp(key, "mode") != 0 && strcmp(key, "id") != 0)
            return error_set(err, "no property '%s'; there are chardev, mode, id", key);
    }
    return true;
}

bool option_global(struct options *o, const char *argument_text, struct error *err)
{
    uint64_t value;
    const char *number = strchr(argument_text, '=');
    size_t length = number != NULL ? (size_t)(number - argument_text) : strlen(argument_text);
    bool console = length == 19 && strncmp(argument_text, "isa-debugcon.iobase", length) == 0;
    bool port = length == 21 && strncmp(argument_text, "isa-debug-exit.iobase", length) == 0;
    bool size = length == 21 && strncmp(argument_text, "isa-debug-exit.iosize", length) == 0;
    if (!console && !port && !size)
        return error_set(
            err, "there are isa-debugcon.iobase, isa-debug-exit.iobase, isa-debug-exit.iosize");
    if (!keyval_number("a value", number != NULL ? number + 1 : NULL, size ? 4 : 0xffff, &value,
                       err))
        return false;
    if (console)
        o->debugcon_port = (uint16_t)value;
    else if (port)
        o->debug_exit_port = (uint16_t)value;
    else if (value == 0)
        return error_set(err, "iosize is 1 to 4");
    else
        o->debug_exit_size = (uint8_t)value;
    return true;
}

static bool add_debugcon(struct options *o, char *values[4], struct error *err)
{
    uint64_t port = o->debugcon_port;
    if (values[0] != NULL && !keyval_number("iobase", values[0], 0xffff, &port, err))
        return false;
    if (values[1] == NULL)
        return error_set(err, "needs chardev=ID of a -chardev");
    o->debugcon_port = (uint16_t)port;
    o->debugcon = chardev_name(o, values[1]);
    return true;
}

static bool add_debug_exit(struct options *o, char *values[4], struct error *err)
{
    uint64_t port = o->debug_exit_port, size = o->debug_exit_size;
    if (values[0] != NULL && !keyval_number("iobase", values[0], 0xffff, &port, err))
        return false;
    if (values[1] != NULL && !keyval_number("iosize", values[1], 4, &size, err))
        return false;
    if (size == 0)
        return error_set(err, "iosize is 1 to 4");
    o->debug_exit = true;
    o->debug_exit_port = (uint16_t)port;
    o->debug_exit_size = (uint8_t)size;
    return true;
}

static bool add_serial(struct options *o, char *values[4], struct error *err)
{
    return option_serial(o, values[0] != NULL ? chardev_name(o, values[0]) : "null", err);
}

static bool add_parallel(struct options *o, char *values[4], struct error *err)
{
    return option_parallel(o, values[0] != NULL ? chardev_name(o, values[0]) : "null", err);
}

static bool add_vga(struct options *o, char *values[4], struct error *err)
{
    (void)values, (void)err;
    o->vga = true;
    o->vga_device = true;
    return true;
}

static const struct device_kind device_kinds[] = {
    { "isa-debugcon",
      "the debug console",
      { { "iobase", "port (default 0xe9)" }, { "chardev", "id of a -chardev" } },
      add_debugcon },
    { "isa-debug-exit",
      "ends bmbt with status (value << 1) | 1 of what is written to it",
      { { "iobase", "port (default 0x501)" }, { "iosize", "number of ports (default 2)" } },
      add_debug_exit },
    { "isa-serial", "the next serial port", { { "chardev", "id of a -chardev" } }, add_serial },
    { "isa-parallel",
      "the next parallel port",
      { { "chardev", "id of a -chardev" } },
      add_parallel },
    { "VGA", "the graphics card", { { NULL, NULL } }, add_vga },
};

static void print_devices(void)
{
    printf("Devices:\n");
    for (unsigned n = 0; n < ARRAY_SIZE(device_kinds); n++)
        printf("%-16s %s\n", device_kinds[n].name, device_kinds[n].help);
    printf("All else of the PC is always there.\n");
}

static void print_properties(const struct device_kind *kind)
{
    printf("%s: %s\n", kind->name, kind->help);
    for (unsigned n = 0; n < ARRAY_SIZE(kind->properties) && kind->properties[n].name != NULL; n++)
        printf("  %s=  %s\n", kind->properties[n].name, kind->properties[n].help);
    if (kind->properties[0].name == NULL)
        printf("  no properties\n");
}

static const struct device_kind *find_device(const char *name, struct error *err)
{
    const char *nearest = "";
    unsigned best = UINT32_MAX;
    for (unsigned n = 0; n < ARRAY_SIZE(device_kinds); n++) {
        unsigned distance = spelling_distance(name, device_kinds[n].name);
        if (distance == 0)
            return &device_kinds[n];
        if (distance < best) {
            best = distance;
            nearest = device_kinds[n].name;
        }
    }
    error_set(err, "no device '%s'; did you mean %s? (-device help lists all)", name, nearest);
    return NULL;
}

bool option_device(struct options *o, const char *argument_text, struct error *err)
{
    char *cursor = options_keep(o, argument_text), *key, *value, *values[4] = { NULL };
    char *name = keyval_next(&cursor, &value);
    if (name != NULL && value != NULL && strcmp(name, "driver") == 0)
        name = value;
    if (name == NULL || strcmp(name, "help") == 0 || strcmp(name, "?") == 0) {
        print_devices();
        o->done = true;
        return true;
    }
    const struct device_kind *kind = find_device(name, err);
    if (kind == NULL)
        return false;
    while ((key = keyval_next(&cursor, &value)) != NULL) {
        unsigned n = 0;
        if (value == NULL && strcmp(key, "help") == 0) {
            print_properties(kind);
            o->done = true;
            return true;
        }
        if (strcmp(key, "id") == 0)
            continue;
        while (n < ARRAY_SIZE(values) && kind->properties[n].name != NULL &&
               strcmp(kind->properties[n].name, key) != 0)
            n++;
        if (n == ARRAY_SIZE(values) || kind->properties[n].name == NULL)
            return error_set(err, "%s has no property '%s' (-device %s,help lists them)",
                             kind->name, key, kind->name);
        if (value == NULL || *value == '\0')
            return error_set(err, "%s needs a value", key);
        values[n] = value;
    }
    return kind->add(o, values, err);
}
