// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -device and -global: what can be added to the board.
#include "control/options_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "control/keyval.h"

/* PCI 2.3, 6.2.5.1: bits 3-0 of a memory BAR are not of its address. */
#define PCI_BAR_MIN 16

struct device_property {
    const char *name, *help;
};

struct device_kind {
    const char *name, *bus, *help;
    struct device_property properties[4];
    bool (*add)(struct options *o, char *values[4], struct error *err);
};

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
    if (!keyval_number("a value", number != NULL ? number + 1 : NULL, 0xffff, &value, err))
        return false;
    if (console)
        o->debugcon_port = (uint16_t)value;
    else if (port)
        o->debug_exit_port = (uint16_t)value;
    else if (value == 0)
        return error_set(err, "iosize is 1 to 65535");
    else
        o->debug_exit_size = (uint16_t)value;
    return true;
}

static bool add_debugcon(struct options *o, char *values[4], struct error *err)
{
    uint64_t port = 0;
    if (values[0] != NULL && !keyval_number("iobase", values[0], 0xffff, &port, err))
        return false;
    if (values[1] == NULL)
        return error_set(err, "needs chardev=ID of a -chardev");
    return options_add_debugcon(o, values[1], values[0] != NULL ? (int)port : -1, err);
}

static bool add_debug_exit(struct options *o, char *values[4], struct error *err)
{
    uint64_t port = o->debug_exit_port, size = o->debug_exit_size;
    if (values[0] != NULL && !keyval_number("iobase", values[0], 0xffff, &port, err))
        return false;
    if (values[1] != NULL && !keyval_number("iosize", values[1], 0xffff, &size, err))
        return false;
    if (size == 0)
        return error_set(err, "iosize is 1 to 65535");
    o->debug_exit = true;
    o->debug_exit_port = (uint16_t)port;
    o->debug_exit_size = (uint16_t)size;
    return true;
}

static bool add_serial(struct options *o, char *values[4], struct error *err)
{
    return option_serial(o, values[0] != NULL ? options_chardev_name(o, values[0]) : "null", err);
}

static bool add_parallel(struct options *o, char *values[4], struct error *err)
{
    return option_parallel(o, values[0] != NULL ? options_chardev_name(o, values[0]) : "null", err);
}

static bool add_vga(struct options *o, char *values[4], struct error *err)
{
    (void)values, (void)err;
    o->vga = true;
    o->vga_device = true;
    return true;
}

static bool add_pc_testdev(struct options *o, char *values[4], struct error *err)
{
    (void)values, (void)err;
    o->pc_testdev = true;
    return true;
}

static bool add_pci_testdev(struct options *o, char *values[4], struct error *err)
{
    uint64_t size = 0;
    if (values[0] != NULL && !keyval_size(values[0], 1, &size, err))
        return false;
    if (size != 0 && (size < PCI_BAR_MIN || (size & (size - 1)) != 0))
        return error_set(err, "membar=%s: a power of two, at least %d", values[0], PCI_BAR_MIN);
    o->pci_testdev = true;
    o->pci_testdev_membar = size;
    return true;
}

static const struct device_kind device_kinds[] = {
    { "isa-debugcon",
      "ISA",
      "a debug console",
      { { "iobase", "port (default 0xe9)" }, { "chardev", "id of a -chardev" } },
      add_debugcon },
    { "isa-debug-exit",
      "ISA",
      "ends bmbt with status (value << 1) | 1 of what is written to it",
      { { "iobase", "port (default 0x501)" }, { "iosize", "number of ports (default 2)" } },
      add_debug_exit },
    { "isa-serial",
      "ISA",
      "the next serial port",
      { { "chardev", "id of a -chardev" } },
      add_serial },
    { "isa-parallel",
      "ISA",
      "the next parallel port",
      { { "chardev", "id of a -chardev" } },
      add_parallel },
    { "pc-testdev",
      "ISA",
      "registers, interrupt lines and memory for test kernels",
      { { NULL, NULL } },
      add_pc_testdev },
    { "pci-testdev",
      "PCI",
      "counts the writes of test kernels",
      { { "membar", "bytes of a third, 64-bit BAR (default 0: none)" } },
      add_pci_testdev },
    { "VGA", "PCI", "the graphics card", { { NULL, NULL } }, add_vga },
};

/* In the form of QEMU's, in which scripts of test suites look for names in quotes. */
static void print_devices(void)
{
    printf("Devices:\n");
    for (unsigned n = 0; n < ARRAY_SIZE(device_kinds); n++)
        printf("name \"%s\", bus %s, desc \"%s\"\n", device_kinds[n].name, device_kinds[n].bus,
               device_kinds[n].help);
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
