// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Packets that read, write and run the machine: gdb's manual, appendix E.
#include "control/gdb_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "control/guest_memory.h"
#include "cpu/system.h"
#include "host/host.h"

void gdb_send_ok(struct gdbstub *g)
{
    gdb_send(g, "OK");
}

void gdb_send_unsupported(struct gdbstub *g)
{
    gdb_send(g, "");
}

/* Errno numbers: 14 EFAULT, 22 EINVAL. */
static void send_fault(struct gdbstub *g)
{
    gdb_send(g, "E14");
}

void gdb_send_invalid(struct gdbstub *g)
{
    gdb_send(g, "E22");
}

static struct cpu *cpu_of(struct gdbstub *g)
{
    return g->session->pc->cpu;
}

/* ---- hexadecimal ----------------------------------------------------------------------------- */

void gdb_to_hex(char *text, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t n = 0; n < length; n++) {
        *text++ = digits[bytes[n] >> 4];
        *text++ = digits[bytes[n] & 15];
    }
    *text = '\0';
}

size_t gdb_from_hex(uint8_t *bytes, const char *text, size_t max)
{
    size_t n = 0;
    for (; n < max; n++) {
        char pair[3] = { text[2 * n], 0, 0 }, *end;
        if (pair[0] == '\0')
            break;
        pair[1] = text[2 * n + 1];
        bytes[n] = (uint8_t)strtoul(pair, &end, 16);
        if (end != pair + 2)
            break;
    }
    return n;
}

/* A number, and the character that must follow it (0: any). */
bool gdb_take_number(const char **text, char follows, uint64_t *value)
{
    char *end;
    *value = strtoull(*text, &end, 16);
    if (end == *text || (follows != '\0' && *end != follows))
        return false;
    *text = end + (follows != '\0');
    return true;
}

/* ---- registers ------------------------------------------------------------------------------- */

static void read_registers(struct gdbstub *g)
{
    char text[2 * GDB_REGISTERS * GDB_REGISTER_MAX + 1], *to = text;
    uint8_t bytes[GDB_REGISTER_MAX];
    unsigned size;
    for (unsigned n = 0; (size = gdb_register_read(cpu_of(g), n, bytes)) != 0; n++, to += 2 * size)
        gdb_to_hex(to, bytes, size);
    gdb_send(g, text);
}

static void write_registers(struct gdbstub *g, const char *text)
{
    uint8_t bytes[GDB_REGISTER_MAX], old[GDB_REGISTER_MAX];
    unsigned size;
    for (unsigned n = 0; (size = gdb_register_read(cpu_of(g), n, old)) != 0;
         n++, text += 2 * size) {
        if (gdb_from_hex(bytes, text, size) != size)
            break;
        gdb_register_write(cpu_of(g), n, bytes);
    }
    cpu_state_changed(cpu_of(g));
    gdb_send_ok(g);
}

static void read_register(struct gdbstub *g, const char *text)
{
    uint64_t n;
    char reply[2 * GDB_REGISTER_MAX + 1];
    uint8_t bytes[GDB_REGISTER_MAX];
    unsigned size = gdb_take_number(&text, 0, &n)
                        ? gdb_register_read(cpu_of(g), (unsigned)MIN(n, UINT16_MAX), bytes)
                        : 0;
    if (size == 0) {
        gdb_send_invalid(g);
        return;
    }
    gdb_to_hex(reply, bytes, size);
    gdb_send(g, reply);
}

static void write_register(struct gdbstub *g, const char *text)
{
    uint64_t n;
    uint8_t bytes[GDB_REGISTER_MAX] = { 0 }, old[GDB_REGISTER_MAX];
    if (!gdb_take_number(&text, '=', &n) || n >= GDB_REGISTERS) {
        gdb_send_invalid(g);
        return;
    }
    unsigned size = gdb_register_read(cpu_of(g), (unsigned)n, old);
    if (size == 0 || gdb_from_hex(bytes, text, size) == 0 ||
        gdb_register_write(cpu_of(g), (unsigned)n, bytes) == 0) {
        gdb_send_invalid(g);
        return;
    }
    cpu_state_changed(cpu_of(g));
    gdb_send_ok(g);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static void read_memory(struct gdbstub *g, const char *text)
{
    uint64_t address, length;
    if (!gdb_take_number(&text, ',', &address) || !gdb_take_number(&text, 0, &length)) {
        gdb_send_invalid(g);
        return;
    }
    length = MIN(length, GDB_PACKET_MAX / 2);
    uint8_t bytes[GDB_PACKET_MAX / 2];
    char reply[GDB_PACKET_MAX + 1];
    if (!guest_read(cpu_of(g), g->physical, address, bytes, length)) {
        /* As much as there is: gdb asks again for the rest. */
        uint64_t there = 0;
        while (there < length &&
               guest_read(cpu_of(g), g->physical, address + there, bytes + there, 1))
            there++;
        if (there == 0) {
            send_fault(g);
            return;
        }
        length = there;
    }
    gdb_to_hex(reply, bytes, length);
    gdb_send(g, reply);
}

/* M with digits, X with bytes as they are. */
static void write_memory(struct gdbstub *g, const char *text, bool binary)
{
    uint64_t address, length;
    uint8_t bytes[GDB_PACKET_MAX];
    if (!gdb_take_number(&text, ',', &address) || !gdb_take_number(&text, ':', &length)) {
        gdb_send_invalid(g);
        return;
    }
    size_t given = (size_t)(g->packet + g->length - text);
    if (length > (binary ? given : given / 2) ||
        (!binary && gdb_from_hex(bytes, text, length) != length)) {
        gdb_send_invalid(g);
        return;
    }
    if (guest_write(cpu_of(g), g->physical, address, binary ? (const void *)text : bytes, length))
        gdb_send_ok(g);
    else
        send_fault(g);
}

/* ---- running --------------------------------------------------------------------------------- */

void gdb_send_stop(struct gdbstub *g)
{
    static const char *const watch_names[] = {
        [DEBUG_WRITE] = "watch", [DEBUG_READ] = "rwatch", [DEBUG_ACCESS] = "awatch"
    };
    char text[64];
    enum debug_kind kind;
    uint32_t linear;
    /* SIGTRAP, SIGQUIT, SIGINT. */
    unsigned number = g->session->state == RUN_DEBUG      ? 5
                      : g->session->state == RUN_SHUTDOWN ? 3
                                                          : 2;
    if (number == 5 && cpu_debug_hit(cpu_of(g), &kind, &linear) && kind != DEBUG_EXECUTE)
        snprintf(text, sizeof text, "T%02xthread:" GDB_THREAD ";%s:%x;", number, watch_names[kind],
                 linear);
    else
        snprintf(text, sizeof text, "T%02xthread:" GDB_THREAD ";", number);
    gdb_send(g, text);
}

static void resume(struct gdbstub *g)
{
    g->stop_wanted = true;
    session_start(g->session);
}

static void step(struct gdbstub *g)
{
    struct session *s = g->session;
    struct cpu *cpu = cpu_of(g);
    bool timers = !(g->step_flags & GDB_STEP_NO_TIMERS);
    cpu->hold_interrupts = g->step_flags & GDB_STEP_NO_INTERRUPTS;
    if (timers)
        clock_start(s->clock);
    /* So that a reset asked for by the instruction waits for its end. */
    s->pc->running = true;
    host_lock_release(s->lock);
    cpu_step(cpu);
    host_lock_acquire(s->lock);
    s->pc->running = false;
    if (timers)
        clock_stop(s->clock);
    cpu->hold_interrupts = false;
    cpu_attend(cpu, ATTENTION_INTR);
    s->state = RUN_DEBUG;
    gdb_send_stop(g);
}

/* c and s may be followed by an address to go on at. */
static void set_address(struct gdbstub *g, const char *text)
{
    uint64_t address;
    if (gdb_take_number(&text, 0, &address)) {
        cpu_of(g)->eip = (uint32_t)address;
        cpu_state_changed(cpu_of(g));
    }
}

static void v_packet(struct gdbstub *g, const char *text)
{
    if (strcmp(text, "Cont?") == 0) {
        gdb_send(g, "vCont;c;C;s;S");
    } else if (strncmp(text, "Cont;", 5) == 0) {
        /* There is one thread: the first action is the one. */
        if (text[5] == 's' || text[5] == 'S')
            step(g);
        else if (text[5] == 'c' || text[5] == 'C')
            resume(g);
        else
            gdb_send_invalid(g);
    } else if (strncmp(text, "Kill", 4) == 0) {
        gdb_send_ok(g);
        session_quit(g->session, 0);
    } else {
        gdb_send_unsupported(g);
    }
}

/* ---- breakpoints ----------------------------------------------------------------------------- */

static const enum debug_kind point_kinds[] = { DEBUG_EXECUTE, DEBUG_EXECUTE, DEBUG_WRITE,
                                               DEBUG_READ, DEBUG_ACCESS };

static void remove_at(struct gdbstub *g, unsigned n)
{
    struct gdb_breakpoint *b = &g->breakpoints[n];
    cpu_debug_remove(cpu_of(g), (enum debug_kind)b->kind, b->address, b->length);
    *b = g->breakpoints[--g->breakpoint_count];
}

void gdb_remove_breakpoints(struct gdbstub *g)
{
    session_hold(g->session);
    while (g->breakpoint_count > 0)
        remove_at(g, 0);
    session_let_go(g->session);
}

static void insert(struct gdbstub *g, const struct gdb_breakpoint *b)
{
    for (unsigned n = 0; n < g->breakpoint_count; n++)
        if (memcmp(&g->breakpoints[n], b, sizeof *b) == 0) {
            gdb_send_ok(g);
            return;
        }
    if (g->breakpoint_count == GDB_BREAKPOINTS ||
        !cpu_debug_insert(cpu_of(g), (enum debug_kind)b->kind, b->address, b->length)) {
        gdb_send(g, "E28"); /* ENOSPC */
        return;
    }
    g->breakpoints[g->breakpoint_count++] = *b;
    gdb_send_ok(g);
}

static void breakpoint(struct gdbstub *g, const char *text, bool add)
{
    uint64_t kind, address, length;
    if (!gdb_take_number(&text, ',', &kind) || !gdb_take_number(&text, ',', &address) ||
        !gdb_take_number(&text, 0, &length) || kind >= ARRAY_SIZE(point_kinds)) {
        gdb_send_unsupported(g);
        return;
    }
    struct gdb_breakpoint b = { point_kinds[kind], (uint32_t)address, (uint32_t)length };
    if (b.kind == DEBUG_EXECUTE)
        b.length = 1;
    if (b.length == 0 || b.length > 4096) {
        gdb_send_invalid(g);
        return;
    }
    session_hold(g->session);
    if (add) {
        insert(g, &b);
    } else {
        for (unsigned n = g->breakpoint_count; n-- > 0;)
            if (memcmp(&g->breakpoints[n], &b, sizeof b) == 0)
                remove_at(g, n);
        gdb_send_ok(g);
    }
    session_let_go(g->session);
}

/* ---- one packet ------------------------------------------------------------------------------ */

static void detach(struct gdbstub *g)
{
    gdb_remove_breakpoints(g);
    gdb_send_ok(g);
    session_start(g->session);
}

void gdb_command(struct gdbstub *g)
{
    const char *rest = g->packet + 1;
    switch (g->packet[0]) {
    case '?': gdb_send_stop(g); break;
    case 'g': read_registers(g); break;
    case 'G': write_registers(g, rest); break;
    case 'p': read_register(g, rest); break;
    case 'P': write_register(g, rest); break;
    case 'm': read_memory(g, rest); break;
    case 'M': write_memory(g, rest, false); break;
    case 'X': write_memory(g, rest, true); break;
    case 'c':
        set_address(g, rest);
        resume(g);
        break;
    case 'C': resume(g); break;
    case 's':
        set_address(g, rest);
        step(g);
        break;
    case 'S': step(g); break;
    case 'Z': breakpoint(g, rest, true); break;
    case 'z': breakpoint(g, rest, false); break;
    case 'H':
    case 'T': gdb_send_ok(g); break;
    case 'D': detach(g); break;
    case 'k': session_quit(g->session, 0); break;
    case 'v': v_packet(g, rest); break;
    case 'q': gdb_query(g, rest); break;
    case 'Q': gdb_set(g, rest); break;
    default: gdb_send_unsupported(g); break;
    }
}
