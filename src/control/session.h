// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One machine with all that surrounds it: what main() builds from the options, and whether it runs.
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "control/log_file.h"
#include "control/options.h"
#include "control/perf_map.h"
#include "machine/pc.h"

struct block_backend;
struct char_backend;
struct clock;
struct curses_display;
struct event_loop;
struct gdbstub;
struct host_lock;
struct key_sender;
struct monitor;

enum run_state {
    RUN_PRELAUNCH, /* -S, before the first `cont` */
    RUN_RUNNING,
    RUN_PAUSED,   /* `stop`, or -strict */
    RUN_DEBUG,    /* gdb has it */
    RUN_SHUTDOWN, /* the guest has powered off, with -no-shutdown */
};

#define SESSION_MODULES  16
#define SESSION_CONSOLES 8

struct session {
    const struct options *options;
    struct log log;
    struct log_file log_file;
    struct perf_map perf_map;
    struct translator_options translator;
    struct host_lock *lock;
    struct event_loop *loop;
    struct clock *clock, *realtime_clock;

    struct char_backend *serial[PC_SERIAL_PORTS], *parallel[PC_PARALLEL_PORTS],
        *debugcon[PC_DEBUGCONS], *monitor_chars, *gdb_chars;
    struct char_backend *chardevs[OPTIONS_CHARDEVS]; /* owned by whoever uses them */
    struct block_backend *drives[PC_DRIVES];
    struct pc_blob bios, vga_rom, kernel, initrd;
    struct pc_module modules[SESSION_MODULES];
    unsigned module_count;
    struct pc *pc;
    struct monitor *monitor;
    struct gdbstub *gdb;
    struct key_sender *keys;
    struct curses_display *display; /* NULL: nowhere */
    struct char_backend
        *consoles[SESSION_CONSOLES]; /* shown beside the screen; owned by whoever uses them */
    unsigned console_count;

    enum run_state state;
    unsigned holds;  /* session_hold() calls that wait for their session_let_go() */
    bool held;       /* the outermost of them parked it */
    uint32_t events; /* a bit for each enum pc_event that waits for the loop's thread; atomic */
    int debug_exit_status;
    int daemon_fd; /* -1: not in the background */
    bool has_pidfile;
    int exit_status;
};

/* The parts, in the order in which they are made. Each is false with a line for the user. */
bool session_open_host(struct session *s, const struct options *o, struct error *err);
bool session_open_files(struct session *s, struct error *err);
bool session_open_connections(struct session *s, struct error *err);
bool session_connect_gdb(struct session *s, const char *where, bool may_wait,
                         struct error *err); /* under the lock */
bool session_open_drives(struct session *s, struct error *err);
bool session_create_pc(struct session *s, struct error *err);
bool session_open_steering(struct session *s, struct error *err);
/* Under the lock. may_wait: for a connection, where `where` says so; not on the loop's thread. */
bool session_open_gdb(struct session *s, const char *where, bool may_wait, struct error *err);
void session_close_gdb(struct session *s);

/* Run until the end; the exit status. */
int session_run(struct session *s);
/* Also of a session whose making was left half done. */
void session_close(struct session *s);

/* On the loop's thread under the device lock; stop drops the lock while it waits for the processor.
 */
void session_start(struct session *s);
void session_stop(struct session *s, enum run_state state);
void session_quit(struct session *s, int status);
/* For a moment between two instructions, whether it runs or not: commands look at the processor.
 * Drops the lock while it waits. */
void session_hold(struct session *s);
void session_let_go(struct session *s);
const char *session_state_name(const struct session *s);

#endif
