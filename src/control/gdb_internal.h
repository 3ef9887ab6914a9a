// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the gdb stub's files share: packets and registers.
#ifndef CONTROL_GDB_INTERNAL_H
#define CONTROL_GDB_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/session.h"
#include "cpu/cpu.h"

/* Bytes of a packet, also told to gdb. */
#define GDB_PACKET_MAX 0x4000
/* With so much that the other end has not taken no further packet is answered. */
#define GDB_OUTPUT_FULL 0x10000
#define GDB_INPUT_SIZE  4096
#define GDB_BREAKPOINTS 64
#define GDB_THREAD      "01"

struct gdb_breakpoint {
    unsigned kind; /* enum debug_kind */
    uint32_t address, length;
};

struct gdbstub {
    struct session *session;
    struct char_backend *chars;

    /* The packet that comes in, and the last one sent, in case it has to be sent again. */
    enum { GDB_IDLE, GDB_DATA, GDB_ESCAPED, GDB_SUM1, GDB_SUM2 } state;
    char packet[GDB_PACKET_MAX + 1];
    size_t length;
    uint8_t sum, sum_given;
    char reply[2 * GDB_PACKET_MAX + 64];
    size_t reply_length;
    bool no_ack, overlong;

    /* What the other end has not taken yet. */
    char *out;
    size_t out_length, out_size;
    char in[GDB_INPUT_SIZE]; /* waits until it has */
    size_t in_first, in_length;

    bool stop_wanted; /* gdb waits for the machine to stop */
    bool physical;    /* addresses of m, M and X are physical */
    unsigned step_flags;
    struct gdb_breakpoint breakpoints[GDB_BREAKPOINTS];
    unsigned breakpoint_count;
};

/* gdb_step_flags, as in `maintenance packet Qqemu.sstep=`. */
enum { GDB_STEP_ENABLE = 1, GDB_STEP_NO_INTERRUPTS = 2, GDB_STEP_NO_TIMERS = 4 };

void gdb_send(struct gdbstub *g, const char *text);
void gdb_send_bytes(struct gdbstub *g, const char *bytes, size_t length);
void gdb_send_ok(struct gdbstub *g);
void gdb_send_invalid(struct gdbstub *g);
/* The packet is not known here. */
void gdb_send_unsupported(struct gdbstub *g);
/* The packet in g->packet; those with q and with Q, without that letter. */
void gdb_command(struct gdbstub *g);
void gdb_query(struct gdbstub *g, const char *text);
void gdb_set(struct gdbstub *g, const char *text);
void gdb_send_stop(struct gdbstub *g);
void gdb_remove_breakpoints(struct gdbstub *g);

/* Two hexadecimal digits a byte. */
void gdb_to_hex(char *text, const uint8_t *bytes, size_t length);
/* The number of bytes; stops at the first that is no pair of digits. */
size_t gdb_from_hex(uint8_t *bytes, const char *text, size_t max);

/* A hexadecimal number off *text, and the character that must follow it (0: any). */
bool gdb_take_number(const char **text, char follows, uint64_t *value);

/* Register n of the target description: its bytes, and how many there are (0: no such register). */
#define GDB_REGISTERS    48
#define GDB_REGISTER_MAX 16
unsigned gdb_register_read(const struct cpu *cpu, unsigned n, uint8_t *bytes);
/* The number of bytes taken; 0 where it cannot be written. cpu_state_changed() is due afterwards.
 */
unsigned gdb_register_write(struct cpu *cpu, unsigned n, const uint8_t *bytes);
extern const char gdb_target_xml[];

#endif
