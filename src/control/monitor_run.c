// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Commands that act on the machine: run, stop, reset, keys, media, log.
#include "control/monitor_internal.h"

#include <stdio.h>
#include <string.h>

#include "backend/block.h"
#include "backend/block/raw.h"
#include "base/bits.h"
#include "control/keyval.h"
#include "control/options_internal.h"
#include "control/send_keys.h"
#include "device/input/ps2_mouse.h"
#include "machine/pc_firmware.h"

void command_cont(struct monitor_call *c)
{
    if (c->session->state == RUN_SHUTDOWN)
        monitor_say(c, "Error: the machine has powered off; system_reset comes first\n");
    else
        session_start(c->session);
}

void command_stop(struct monitor_call *c)
{
    if (c->session->state == RUN_RUNNING)
        session_stop(c->session, RUN_PAUSED);
}

void command_quit(struct monitor_call *c)
{
    session_quit(c->session, 0);
}

void command_system_reset(struct monitor_call *c)
{
    struct session *s = c->session;
    pc_reset(s->pc);
    if (s->state == RUN_SHUTDOWN)
        session_start(s);
}

void command_system_powerdown(struct monitor_call *c)
{
    pc_powerdown(c->session->pc);
}

void command_system_wakeup(struct monitor_call *c)
{
    if (!c->session->pc->suspended)
        monitor_say(c, "Error: Unable to wake up: guest is not in suspended state\n");
    else
        pc_powerdown(c->session->pc);
}

void command_nmi(struct monitor_call *c)
{
    cpu_raise_nmi(c->session->pc->cpu);
}

void command_boot_set(struct monitor_call *c)
{
    char letters[16];
    struct pc *pc = c->session->pc;
    if (!monitor_word(c, letters, sizeof letters) || letters[strspn(letters, "acdn")] != '\0') {
        monitor_say(c, "boot_set takes letters of a, c, d, n\n");
        return;
    }
    pc->config.boot_order = options_keep((struct options *)c->session->options, letters);
    pc->config.boot_once = NULL;
    pc_firmware_set_boot_order(pc, letters);
    monitor_say(c, "boot device list now set to %s\n", letters);
}

/* ---- keyboard and mouse ---------------------------------------------------------------------- */

void command_sendkey(struct monitor_call *c)
{
    char keys[256];
    uint64_t hold = 100;
    struct error err = { "" };
    if (!monitor_word(c, keys, sizeof keys)) {
        monitor_say(c, "sendkey: which keys?\n");
        return;
    }
    if (monitor_more(c) && !monitor_expression(c, &hold))
        return;
    if (!key_sender_send(c->session->keys, keys, (unsigned)MIN(hold, 60000), &err))
        monitor_say(c, "%s\n", err.text);
}

void command_mouse_move(struct monitor_call *c)
{
    uint64_t move[3] = { 0 };
    for (unsigned n = 0; n < 3 && (n < 2 || monitor_more(c)); n++)
        if (!monitor_number(c, &move[n]))
            return;
    ps2_mouse_move(c->session->pc->mouse, (int)move[0], (int)move[1], (int)move[2]);
}

void command_mouse_button(struct monitor_call *c)
{
    uint64_t state;
    if (monitor_expression(c, &state))
        ps2_mouse_buttons(c->session->pc->mouse, ((state & 1) ? PS2_BUTTON_LEFT : 0) |
                                                     ((state & 2) ? PS2_BUTTON_MIDDLE : 0) |
                                                     ((state & 4) ? PS2_BUTTON_RIGHT : 0));
}

/* ---- media ----------------------------------------------------------------------------------- */

static struct block_backend *find_drive(struct monitor_call *c)
{
    char name[64];
    if (!monitor_word(c, name, sizeof name)) {
        monitor_say(c, "which device? (`info block` lists them)\n");
        return NULL;
    }
    if (strcmp(name, "-f") == 0 && !monitor_word(c, name, sizeof name))
        return NULL;
    for (unsigned n = 0; n < PC_DRIVES; n++) {
        struct block_backend *b = c->session->drives[n];
        if (b == NULL || strcmp(b->label, name) != 0)
            continue;
        if (b->removable)
            return b;
        monitor_say(c, "Error: Device '%s' is not removable\n", name);
        return NULL;
    }
    monitor_say(c, "Error: Device '%s' not found\n", name);
    return NULL;
}

static void change_medium(struct monitor_call *c, struct block_backend *b, const char *file)
{
    struct error err = { "" };
    if (!block_backend_change(b, file, &err))
        monitor_say(c, "Error: %s\n", err.text);
}

void command_eject(struct monitor_call *c)
{
    struct block_backend *b = find_drive(c);
    if (b != NULL)
        change_medium(c, b, NULL);
}

void command_change(struct monitor_call *c)
{
    char file[1024];
    struct block_backend *b = find_drive(c);
    if (b == NULL)
        return;
    if (monitor_word(c, file, sizeof file))
        change_medium(c, b, file);
    else
        monitor_say(c, "change: which file?\n");
}

/* ---- log and gdb ----------------------------------------------------------------------------- */

static void list_categories(struct monitor_call *c)
{
    for (unsigned n = 0; n < LOG_CATEGORY_COUNT; n++)
        monitor_say(c, "%-14s %s\n", log_category_name(n), log_category_help(n));
    monitor_say(c, "%-14s all of these\n%-14s none of these\n", "all", "none");
}

void command_log(struct monitor_call *c)
{
    char text[256];
    struct error err = { "" };
    uint32_t mask = 0;
    if (!monitor_word(c, text, sizeof text) || strcmp(text, "help") == 0)
        list_categories(c);
    else if (strcmp(text, "none") == 0 || options_parse_log(text, &mask, &err))
        __atomic_store_n(&c->session->log.mask, mask, __ATOMIC_RELAXED);
    else
        monitor_say(c, "%s\n", err.text);
}

void command_logfile(struct monitor_call *c)
{
    char path[1024];
    struct error err = { "" };
    struct log_file fresh = { NULL };
    struct session *s = c->session;
    if (!monitor_word(c, path, sizeof path)) {
        monitor_say(c, "logfile: which file?\n");
    } else if (log_file_open(&fresh, &s->log, path, &err)) {
        /* The processor is parked and all chips wait for the lock, so nobody writes. */
        log_file_close(&s->log_file);
        s->log_file = fresh;
        s->log.opaque = &s->log_file;
    } else {
        monitor_say(c, "%s\n", err.text);
    }
}

void command_gdbserver(struct monitor_call *c)
{
    char where[256] = "tcp::1234";
    struct error err = { "" };
    if (c->editor == NULL) { /* gdb's `monitor`: its own connection would go in the middle of this */
        monitor_say(c, "gdbserver: gdb cannot change this; the monitor can\n");
        return;
    }
    monitor_word(c, where, sizeof where);
    session_close_gdb(c->session);
    if (strcmp(where, "none") == 0)
        monitor_say(c, "Disabled gdbserver\n");
    else if (session_open_gdb(c->session, where, false, &err))
        monitor_say(c, "Waiting for gdb connection on device '%s'\n", where);
    else
        monitor_say(c, "Could not open gdbserver on device '%s': %s\n", where, err.text);
}
