// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The life of a session: creation, running and stopping, the end.
#include "control/session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/block/raw.h"
#include "backend/char.h"
#include "backend/event_loop.h"
#include "base/bits.h"
#include "control/daemon.h"
#include "control/disassemble.h"
#include "control/display.h"
#include "control/files.h"
#include "control/gdbstub.h"
#include "control/monitor.h"
#include "control/send_keys.h"
#include "host/host.h"

/* ---- creation -------------------------------------------------------------------------------- */

static void signal_caught(void *opaque, int number)
{
    struct session *s = opaque;
    display_close(s);
    fprintf(stderr, "\r\nbmbt: ended by signal %d (%s)\r\n", number, strsignal(number));
    session_quit(s, 0);
}

bool session_open_host(struct session *s, const struct options *o, struct error *err)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    _Static_assert(OPTIONS_DEBUGCONS == PC_DEBUGCONS && OPTIONS_SERIAL_PORTS == PC_SERIAL_PORTS &&
                       OPTIONS_PARALLEL_PORTS == PC_PARALLEL_PORTS && OPTIONS_DRIVES == PC_DRIVES,
                   "what options may ask for is what a machine has");
    *s = (struct session){ .options = o, .daemon_fd = -1 };
    s->log.mask = o->log_mask;
    s->log.ranges = o->log_ranges;
    s->log.range_count = o->log_range_count;
    if (o->daemonize && !daemon_begin(&s->daemon_fd, err))
        return false;
    if (o->pidfile != NULL && !(s->has_pidfile = pidfile_write(o->pidfile, err)))
        return false;
    if (!log_file_open(&s->log_file, &s->log, o->log_file, err))
        return false;
    if (o->perf_map && !perf_map_open(&s->perf_map, err))
        return false;
    s->lock = host_lock_create();
    s->loop = event_loop_create(s->lock, err);
    if (s->loop == NULL)
        return false;
    host_lock_acquire(s->lock);
    s->clock = clock_create(CLOCK_VIRTUAL);
    s->realtime_clock = clock_create(CLOCK_HOST);
    clock_stop(s->clock);
    event_loop_add_clock(s->loop, s->clock);
    event_loop_add_clock(s->loop, s->realtime_clock);
    for (unsigned n = 0; n < ARRAY_SIZE(signals); n++)
        event_loop_signal(s->loop, signals[n], signal_caught, s);
    host_lock_release(s->lock);
    return true;
}

static int64_t rtc_start(const struct options *o)
{
    if (o->rtc_fixed)
        return o->rtc_start_ns;
    int64_t now = host_realtime_ns();
    if (o->rtc_local) {
        struct tm tm;
        time_t seconds = (time_t)(now / NS_PER_SECOND);
        localtime_r(&seconds, &tm);
        now += (int64_t)tm.tm_gmtoff * NS_PER_SECOND;
    }
    return now;
}

static void handle_events(void *opaque);

/* From any thread; what is to be done is done on the loop's. */
static void pc_event(void *opaque, enum pc_event event, int value)
{
    struct session *s = opaque;
    if (event == PC_EVENT_DEBUG_EXIT)
        s->debug_exit_status = value;
    if (event == PC_EVENT_RESET)
        return;
    __atomic_fetch_or(&s->events, 1u << event, __ATOMIC_ACQ_REL);
    event_loop_call(s->loop, handle_events, s);
}

static void disassemble(void *opaque, uint64_t eip, const uint8_t *bytes, unsigned length,
                        unsigned mode)
{
    const struct session *s = opaque;
    disassemble_block(&s->log, eip, bytes, length, mode);
}

static void print_notice(void *opaque, const char *text)
{
    (void)opaque;
    fprintf(stderr, "bmbt: %s\n", text);
}

static const struct translator_options *translator_wanted(struct session *s)
{
    const struct options *o = s->options;
    s->translator = o->accel.translator;
    if (o->perf_map) {
        s->translator.name_code = perf_map_add;
        s->translator.name_opaque = &s->perf_map;
    }
    return o->accel.jit ? &s->translator : NULL;
}

bool session_create_pc(struct session *s, struct error *err)
{
    const struct options *o = s->options;
    struct pc_config c = {
        .ram_size = o->memory,
        .cpu = o->cpu,
        .translator = translator_wanted(s),
        .bios = s->bios,
        .vga_rom = s->vga_rom,
        .vga = o->vga && (!o->nodefaults || o->vga_device),
        .nographic = o->nographic,
        .kernel = s->kernel,
        .initrd = s->initrd,
        .modules = s->modules,
        .module_count = s->module_count,
        .command_line = o->append,
        .boot_order = o->boot_order,
        .boot_once = o->boot_once,
        .boot_menu = o->boot_menu,
        .no_reboot = o->no_reboot,
        .rtc_base_ns = rtc_start(o),
        .rtc_follows_guest = o->rtc_follows_guest,
        .rtc_makes_up = o->rtc_makes_up,
        .debug_exit = o->debug_exit,
        .debug_exit_port = o->debug_exit_port,
        .debug_exit_size = o->debug_exit_size,
        .pc_testdev = o->pc_testdev,
        .pci_testdev = o->pci_testdev,
        .pci_testdev_membar = o->pci_testdev_membar,
        .name = o->name,
        .strict = o->strict,
        .log = &s->log,
        .lock = s->lock,
        .clock = s->clock,
        .realtime_clock = s->realtime_clock,
        .event = pc_event,
        .notice = print_notice,
        .opaque = s,
        .disassemble = disassemble,
    };
    memcpy(c.serial, s->serial, sizeof c.serial);
    memcpy(c.parallel, s->parallel, sizeof c.parallel);
    memcpy(c.debugcon, s->debugcon, sizeof c.debugcon);
    for (unsigned n = 0; n < o->debugcon_count; n++)
        c.debugcon_port[n] = options_debugcon_port(o, n);
    memcpy(c.drives, s->drives, sizeof c.drives);
    memcpy(c.uuid, o->uuid, sizeof c.uuid);
    for (unsigned n = 0; n < PC_DRIVES; n++)
        c.drive_is_cdrom[n] = s->drives[n] != NULL && s->drives[n]->removable;
    s->pc = pc_create(&c, err);
    return s->pc != NULL;
}

bool session_open_gdb(struct session *s, const char *where, bool may_wait, struct error *err)
{
    if (!session_connect_gdb(s, where, may_wait, err))
        return false;
    s->gdb = gdbstub_create(s, s->gdb_chars);
    return true;
}

void session_close_gdb(struct session *s)
{
    gdbstub_destroy(s->gdb, s->exit_status);
    s->gdb = NULL;
    for (unsigned n = 0; n < ARRAY_SIZE(s->chardevs); n++)
        if (s->chardevs[n] == s->gdb_chars)
            s->chardevs[n] = NULL; /* it may be opened again */
    char_destroy(s->gdb_chars);
    s->gdb_chars = NULL;
}

bool session_open_steering(struct session *s, struct error *err)
{
    const struct options *o = s->options;
    bool done = true;
    host_lock_acquire(s->lock);
    s->keys = key_sender_create(s->pc->keyboard, s->clock);
    if (s->monitor_chars != NULL)
        s->monitor = monitor_create(s, s->monitor_chars);
    if (o->gdb != NULL)
        done = session_open_gdb(s, o->gdb, true, err);
    done = done && display_open(s, err);
    host_lock_release(s->lock);
    return done;
}

/* ---- running and stopping -------------------------------------------------------------------- */

const char *session_state_name(const struct session *s)
{
    switch (s->state) {
    case RUN_PRELAUNCH: return "paused (prelaunch)";
    case RUN_RUNNING: return "running";
    case RUN_PAUSED: return "paused";
    case RUN_DEBUG: return "paused (debug)";
    case RUN_SHUTDOWN: return "paused (shutdown)";
    }
    return "";
}

void session_start(struct session *s)
{
    if (s->state == RUN_RUNNING)
        return;
    s->state = RUN_RUNNING;
    pc_start(s->pc);
}

void session_stop(struct session *s, enum run_state state)
{
    if (s->state == RUN_RUNNING)
        pc_stop(s->pc);
    s->state = state;
    gdbstub_stopped(s->gdb);
}

void session_hold(struct session *s)
{
    if (s->holds++ > 0)
        return;
    s->held = s->state == RUN_RUNNING;
    if (!s->held)
        return;
    host_lock_release(s->lock);
    cpu_park(s->pc->cpu);
    host_lock_acquire(s->lock);
}

void session_let_go(struct session *s)
{
    if (--s->holds > 0)
        return;
    /* An event of the guest's own may have stopped it meanwhile: its handler finds it parked. */
    uint32_t stopping = __atomic_load_n(&s->events, __ATOMIC_ACQUIRE) & ~(1u << PC_EVENT_WAKE);
    if (s->held && s->state == RUN_RUNNING && !s->pc->suspended && stopping == 0)
        cpu_resume(s->pc->cpu);
    s->held = false;
}

void session_quit(struct session *s, int status)
{
    s->exit_status = status;
    event_loop_quit(s->loop);
}

static void handle_events(void *opaque)
{
    struct session *s = opaque;
    uint32_t events = __atomic_exchange_n(&s->events, 0, __ATOMIC_ACQ_REL);
    if (events & 1u << PC_EVENT_WAKE)
        pc_wake(s->pc);
    if (events & 1u << PC_EVENT_DEBUG_EXIT) {
        session_quit(s, s->debug_exit_status);
    } else if (events & 1u << PC_EVENT_SHUTDOWN) {
        session_stop(s, RUN_SHUTDOWN);
        if (!s->options->no_shutdown)
            session_quit(s, 0);
    } else if (events & 1u << PC_EVENT_DEBUG_STOP) {
        session_stop(s, RUN_DEBUG);
    } else if (events & 1u << PC_EVENT_STRICT_STOP) {
        session_stop(s, RUN_PAUSED);
    }
}

int session_run(struct session *s)
{
    if (s->daemon_fd >= 0)
        daemon_ready(s->daemon_fd);
    if (!s->options->stopped) {
        host_lock_acquire(s->lock);
        session_start(s);
        host_lock_release(s->lock);
    }
    event_loop_run(s->loop);
    return s->exit_status;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* Chips go before what they are connected to, so nobody may call them any more. */
static void disconnect(struct session *s)
{
    const struct char_user nobody = { 0 };
    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++)
        if (s->serial[n] != NULL)
            char_attach(s->serial[n], &nobody);
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++)
        if (s->parallel[n] != NULL)
            char_attach(s->parallel[n], &nobody);
    for (unsigned n = 0; n < PC_DEBUGCONS; n++)
        if (s->debugcon[n] != NULL)
            char_attach(s->debugcon[n], &nobody);
    for (unsigned n = 0; n < PC_DRIVES; n++)
        if (s->drives[n] != NULL)
            s->drives[n]->ops->drain(s->drives[n]);
}

/* The first user of a multiplexer goes last: in the reverse order of connections.c. */
static void close_connections(struct session *s)
{
    for (unsigned n = PC_DEBUGCONS; n-- > 0;)
        char_destroy(s->debugcon[n]);
    char_destroy(s->monitor_chars);
    for (unsigned n = PC_PARALLEL_PORTS; n-- > 0;)
        char_destroy(s->parallel[n]);
    for (unsigned n = PC_SERIAL_PORTS; n-- > 0;)
        char_destroy(s->serial[n]);
}

void session_close(struct session *s)
{
    if (s->lock != NULL)
        host_lock_acquire(s->lock);
    display_close(s);
    if (s->pc != NULL) {
        session_stop(s, RUN_SHUTDOWN);
        disconnect(s);
        session_close_gdb(s);
        monitor_destroy(s->monitor);
        key_sender_destroy(s->keys);
        host_lock_release(s->lock);
        pc_destroy(s->pc);
        host_lock_acquire(s->lock);
    }
    for (unsigned n = 0; n < PC_DRIVES; n++)
        block_backend_close(s->drives[n]);
    close_connections(s);
    if (s->lock != NULL)
        host_lock_release(s->lock);
    if (s->loop != NULL)
        event_loop_destroy(s->loop);
    clock_destroy(s->clock);
    clock_destroy(s->realtime_clock);
    host_lock_destroy(s->lock);
    for (unsigned n = 0; n < s->module_count; n++)
        file_release(&s->modules[n].blob);
    file_release(&s->initrd);
    file_release(&s->kernel);
    file_release(&s->vga_rom);
    file_release(&s->bios);
    perf_map_close(&s->perf_map);
    log_file_close(&s->log_file);
    if (s->has_pidfile)
        unlink(s->options->pidfile);
}
