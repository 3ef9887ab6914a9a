// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Packets of the remote serial protocol: framing, checksums, acknowledgement.
#include "control/gdbstub.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/char.h"
#include "base/bits.h"
#include "control/gdb_internal.h"
#include "host/host.h"

/* ---- out ------------------------------------------------------------------------------------- */

static void flush(struct gdbstub *g)
{
    if (g->out_length == 0)
        return;
    size_t taken = char_write(g->chars, (const uint8_t *)g->out, g->out_length);
    memmove(g->out, g->out + taken, g->out_length - taken);
    g->out_length -= taken;
}

static void put(struct gdbstub *g, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (g->out_length + length > g->out_size) {
        size_t size = MAX(g->out_size * 2, g->out_length + length);
        char *out = realloc(g->out, size);
        if (out == NULL)
            return;
        g->out = out;
        g->out_size = size;
    }
    memcpy(g->out + g->out_length, bytes, length);
    g->out_length += length;
    flush(g);
}

/* `$`, `#`, `}` and `*` are escaped. */
void gdb_send_bytes(struct gdbstub *g, const char *bytes, size_t length)
{
    uint8_t sum = 0;
    size_t to = 0;
    g->reply[to++] = '$';
    for (size_t n = 0; n < length && to < sizeof g->reply - 8; n++) {
        char c = bytes[n];
        if (c == '$' || c == '#' || c == '}' || c == '*') {
            g->reply[to++] = '}';
            sum += '}';
            c ^= 0x20;
        }
        g->reply[to++] = c;
        sum += (uint8_t)c;
    }
    to += (size_t)snprintf(g->reply + to, 4, "#%02x", sum);
    g->reply_length = to;
    put(g, g->reply, g->reply_length);
}

void gdb_send(struct gdbstub *g, const char *text)
{
    gdb_send_bytes(g, text, strlen(text));
}

/* ---- in -------------------------------------------------------------------------------------- */

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 0;
}

static void packet_complete(struct gdbstub *g)
{
    g->state = GDB_IDLE;
    if (!g->no_ack && g->sum != g->sum_given) {
        put(g, "-", 1);
        return;
    }
    if (!g->no_ack)
        put(g, "+", 1);
    g->packet[g->length] = '\0';
    /* gdb talks to a machine at rest. */
    if (g->session->state == RUN_RUNNING) {
        g->stop_wanted = false;
        session_stop(g->session, RUN_PAUSED);
    }
    if (g->overlong)
        gdb_send(g, "E22");
    else
        gdb_command(g);
}

static void data_byte(struct gdbstub *g, char c)
{
    g->overlong |= g->length == GDB_PACKET_MAX;
    if (!g->overlong)
        g->packet[g->length++] = c;
}

static void idle_byte(struct gdbstub *g, char c)
{
    if (c == '$') {
        g->state = GDB_DATA;
        g->length = 0;
        g->sum = 0;
        g->overlong = false;
    } else if (c == '-') {
        put(g, g->reply, g->reply_length);
    } else if (c == 0x03 && g->session->state == RUN_RUNNING) {
        g->stop_wanted = true;
        session_stop(g->session, RUN_PAUSED);
    }
}

static void receive_byte(struct gdbstub *g, char c)
{
    switch (g->state) {
    case GDB_IDLE: idle_byte(g, c); break;
    case GDB_DATA:
        if (c == '#') {
            g->state = GDB_SUM1;
            break;
        }
        g->sum += (uint8_t)c;
        if (c == '}')
            g->state = GDB_ESCAPED;
        else
            data_byte(g, c);
        break;
    case GDB_ESCAPED:
        g->sum += (uint8_t)c;
        data_byte(g, c ^ 0x20);
        g->state = GDB_DATA;
        break;
    case GDB_SUM1:
        g->sum_given = (uint8_t)(digit(c) << 4);
        g->state = GDB_SUM2;
        break;
    case GDB_SUM2:
        g->sum_given |= (uint8_t)digit(c);
        packet_complete(g);
        break;
    }
}

static size_t can_receive(void *opaque)
{
    struct gdbstub *g = opaque;
    return g->out_length < GDB_OUTPUT_FULL ? GDB_INPUT_SIZE - g->in_length : 0;
}

/* What a byte leads to may come back here, or begin anew with another client. */
static void take_input(struct gdbstub *g)
{
    while (g->in_first < g->in_length && g->out_length < GDB_OUTPUT_FULL)
        receive_byte(g, g->in[g->in_first++]);
    memmove(g->in, g->in + g->in_first, g->in_length - g->in_first);
    g->in_length -= g->in_first;
    g->in_first = 0;
}

static void receive(void *opaque, const uint8_t *data, size_t length)
{
    struct gdbstub *g = opaque;
    memcpy(g->in + g->in_length, data, length);
    g->in_length += length;
    take_input(g);
}

static void writable(void *opaque)
{
    struct gdbstub *g = opaque;
    flush(g);
    take_input(g);
    char_accept_input(g->chars);
}

static void event(void *opaque, enum char_event what)
{
    struct gdbstub *g = opaque;
    if (what == CHAR_EVENT_OPENED) {
        g->state = GDB_IDLE;
        g->no_ack = g->physical = g->stop_wanted = false;
        g->reply_length = g->out_length = g->in_first = g->in_length = 0;
        if (g->session->state == RUN_RUNNING)
            session_stop(g->session, RUN_PAUSED);
    } else if (what == CHAR_EVENT_CLOSED) {
        gdb_remove_breakpoints(g);
        g->stop_wanted = false;
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

void gdbstub_stopped(struct gdbstub *g)
{
    if (g == NULL || !g->stop_wanted)
        return;
    g->stop_wanted = false;
    gdb_send_stop(g);
}

struct gdbstub *gdbstub_create(struct session *s, struct char_backend *chars)
{
    struct gdbstub *g = host_alloc(sizeof *g);
    g->session = s;
    g->chars = chars;
    g->step_flags = GDB_STEP_ENABLE | GDB_STEP_NO_INTERRUPTS | GDB_STEP_NO_TIMERS;
    char_attach(chars, &(struct char_user){ .can_receive = can_receive,
                                            .receive = receive,
                                            .event = event,
                                            .writable = writable,
                                            .opaque = g });
    return g;
}

void gdbstub_destroy(struct gdbstub *g, int status)
{
    char text[8];
    if (g == NULL)
        return;
    if (g->stop_wanted) {
        snprintf(text, sizeof text, "W%02x", status & 0xff);
        gdb_send(g, text);
    }
    gdb_remove_breakpoints(g);
    char_attach(g->chars, &(struct char_user){ 0 });
    free(g->out);
    host_free(g);
}
