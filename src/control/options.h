// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The command line, parsed: what the user asked for.
#ifndef CONTROL_OPTIONS_H
#define CONTROL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "cpu/features.h"
#include "translator/translator.h"

#define OPTIONS_SERIAL_PORTS   4
#define OPTIONS_PARALLEL_PORTS 3
#define OPTIONS_DRIVES         4
#define OPTIONS_DEBUGCONS      4
#define OPTIONS_CHARDEVS       16
#define OPTIONS_FOLDERS        8
#define OPTIONS_LOG_RANGES     16

enum options_display { DISPLAY_DEFAULT, DISPLAY_NONE, DISPLAY_CURSES };

struct options_drive {
    bool present;
    const char *option; /* as the user named it, for messages: "-hda disk.img" */
    const char *file;   /* NULL: an empty CD-ROM drive */
    bool cdrom, read_only, snapshot, no_flush;
};

struct options_chardev {
    const char *id;
    const char *where; /* in the form that -serial takes */
};

struct options_debugcon {
    const char *where;
    int port;     /* -1: that of -global */
    bool by_name; /* of -debugcon, the last of which counts */
};

struct options_accel {
    bool jit;
    struct translator_options translator;
};

/* Texts live as long as the struct. NULL: not given. */
struct options {
    struct cpu_model cpu;
    struct options_accel accel;
    uint64_t memory; /* bytes */
    const char *name;
    uint8_t uuid[16];
    const char *folders[OPTIONS_FOLDERS];
    unsigned folder_count;

    const char *boot_order, *boot_once;
    bool boot_menu;
    bool rtc_local;       /* base=localtime */
    bool rtc_fixed;       /* base=DATETIME */
    int64_t rtc_start_ns; /* of that */
    bool rtc_follows_guest;
    bool rtc_makes_up; /* driftfix=slew */

    const char *kernel, *initrd, *append, *bios;
    struct options_drive drives[OPTIONS_DRIVES];
    bool snapshot;

    bool nodefaults, nographic, vga, vga_device;
    enum options_display display;

    const char *serial[OPTIONS_SERIAL_PORTS], *parallel[OPTIONS_PARALLEL_PORTS], *monitor;
    unsigned serial_count, parallel_count;
    struct options_debugcon debugcons[OPTIONS_DEBUGCONS];
    unsigned debugcon_count;
    uint16_t debugcon_port; /* where none is said */
    bool debug_exit;
    uint16_t debug_exit_port;
    uint16_t debug_exit_size;
    bool pc_testdev, pci_testdev;
    uint64_t pci_testdev_membar;
    struct options_chardev chardevs[OPTIONS_CHARDEVS];
    unsigned chardev_count;

    bool stopped, no_reboot, no_shutdown, strict, daemonize;
    const char *gdb;
    uint32_t log_mask;
    struct log_range log_ranges[OPTIONS_LOG_RANGES];
    unsigned log_range_count; /* 0: of all addresses */
    const char *log_file, *pidfile;
    bool perf_map;

    bool done; /* help or version was printed: nothing is to be run */
    struct options_text *texts;
};

/* False with "-option argument: what is wrong" in err. */
bool options_parse(struct options *o, int argc, char **argv, struct error *err);
void options_destroy(struct options *o);

/* The port of debugcons[n]. */
uint16_t options_debugcon_port(const struct options *o, unsigned n);

/* A copy of a text that lives as long as o. */
char *options_keep(struct options *o, const char *text);

#endif
