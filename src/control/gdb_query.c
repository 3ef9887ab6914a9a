// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Packets that ask about the stub and set it: gdb's manual, appendix E.4.
#include "control/gdb_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "control/monitor.h"

static void send_features(struct gdbstub *g, const char *text)
{
    static const char file[] = "target.xml:";
    char reply[2048];
    uint64_t offset, length;
    size_t size = strlen(gdb_target_xml);
    if (strncmp(text, file, sizeof file - 1) != 0) {
        gdb_send(g, "E00");
        return;
    }
    text += sizeof file - 1;
    if (!gdb_take_number(&text, ',', &offset) || !gdb_take_number(&text, 0, &length) ||
        offset > size) {
        gdb_send_invalid(g);
        return;
    }
    length = MIN(MIN(length, sizeof reply - 1), size - offset);
    reply[0] = offset + length == size ? 'l' : 'm';
    memcpy(reply + 1, gdb_target_xml + offset, length);
    gdb_send_bytes(g, reply, length + 1);
}

/* What a monitor command says goes out in packets of its own. */
static void console_text(void *opaque, const char *text, size_t length)
{
    struct gdbstub *g = opaque;
    char packet[2 * 512 + 2] = "O";
    while (length > 0) {
        size_t piece = MIN(length, 512);
        gdb_to_hex(packet + 1, (const uint8_t *)text, piece);
        gdb_send(g, packet);
        text += piece;
        length -= piece;
    }
}

static void monitor_command(struct gdbstub *g, const char *text)
{
    char line[1024];
    size_t length = gdb_from_hex((uint8_t *)line, text, sizeof line - 1);
    line[length] = '\0';
    monitor_execute(g->session, line, console_text, g);
    gdb_send_ok(g);
}

void gdb_query(struct gdbstub *g, const char *text)
{
    char reply[128];
    if (strncmp(text, "Supported", 9) == 0) {
        snprintf(reply, sizeof reply,
                 "PacketSize=%x;qXfer:features:read+;vContSupported+;QStartNoAckMode+",
                 GDB_PACKET_MAX);
        gdb_send(g, reply);
    } else if (strncmp(text, "Xfer:features:read:", 19) == 0) {
        send_features(g, text + 19);
    } else if (strncmp(text, "Rcmd,", 5) == 0) {
        monitor_command(g, text + 5);
    } else if (strcmp(text, "C") == 0) {
        gdb_send(g, "QC" GDB_THREAD);
    } else if (strcmp(text, "fThreadInfo") == 0) {
        gdb_send(g, "m" GDB_THREAD);
    } else if (strcmp(text, "sThreadInfo") == 0) {
        gdb_send(g, "l");
    } else if (strncmp(text, "ThreadExtraInfo,", 16) == 0) {
        gdb_to_hex(reply, (const uint8_t *)"CPU#0", 5);
        gdb_send(g, reply);
    } else if (strncmp(text, "Attached", 8) == 0) {
        gdb_send(g, "1");
    } else if (strcmp(text, "qemu.PhyMemMode") == 0) {
        gdb_send(g, g->physical ? "1" : "0");
    } else if (strcmp(text, "qemu.sstepbits") == 0) {
        gdb_send(g, "ENABLE=1,NOIRQ=2,NOTIMER=4");
    } else if (strcmp(text, "qemu.sstep") == 0) {
        snprintf(reply, sizeof reply, "0x%x", g->step_flags);
        gdb_send(g, reply);
    } else {
        gdb_send_unsupported(g);
    }
}

void gdb_set(struct gdbstub *g, const char *text)
{
    if (strcmp(text, "StartNoAckMode") == 0) {
        gdb_send_ok(g);
        g->no_ack = true;
    } else if (strncmp(text, "qemu.PhyMemMode:", 16) == 0) {
        g->physical = text[16] == '1';
        gdb_send_ok(g);
    } else if (strncmp(text, "qemu.sstep=", 11) == 0) {
        g->step_flags = (unsigned)strtoul(text + 11, NULL, 16) & 7;
        gdb_send_ok(g);
    } else {
        gdb_send_unsupported(g);
    }
}
