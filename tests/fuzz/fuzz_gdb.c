// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What comes in at the gdb stub: each line of the input is a packet's content, or, behind a blank, bytes as they are.
#include <stdio.h>
#include <stdlib.h>

#include "backend/char.h"
#include "base/bits.h"
#include "control/gdbstub.h"
#include "fuzz.h"
#include "host/host.h"
#include "machine.h"

static struct session *machine;

static size_t take_all(struct char_backend *b, const uint8_t *data, size_t length)
{
    (void)b, (void)data;
    return length;
}

static void nothing(struct char_backend *b)
{
    (void)b;
}

static const struct char_backend_ops ops = { .kind = "fuzz", .write = take_all, .destroy = nothing };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    machine = machine_create();
    return 0;
}

static void feed(struct char_backend *b, const uint8_t *data, size_t length)
{
    while (length > 0) {
        size_t room = char_user_can_receive(b), part = MIN(room, length);
        if (part == 0)
            return;
        b->user.receive(b->user.opaque, data, part);
        data += part;
        length -= part;
    }
}

static void feed_packet(struct char_backend *b, const char *text, size_t length)
{
    char end[4];
    uint8_t sum = 0;
    for (size_t n = 0; n < length; n++)
        sum = (uint8_t)(sum + (uint8_t)text[n]);
    snprintf(end, sizeof end, "#%02x", sum);
    feed(b, (const uint8_t *)"$", 1);
    feed(b, (const uint8_t *)text, length);
    feed(b, (const uint8_t *)end, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct char_backend chars = { .ops = &ops };
    const uint8_t *end = data + size;
    machine_reset(machine);
    host_lock_acquire(machine->lock);
    machine->gdb = gdbstub_create(machine, &chars);
    char_user_event(&chars, CHAR_EVENT_OPENED);
    while (data < end) {
        const uint8_t *stop = memchr(data, '\n', (size_t)(end - data));
        size_t length = (size_t)((stop != NULL ? stop : end) - data);
        if (length > 0 && data[0] == ' ')
            feed(&chars, data + 1, length - 1);
        else
            feed_packet(&chars, (const char *)data, length);
        data += MIN(length + 1, (size_t)(end - data));
    }
    session_stop(machine, RUN_PAUSED);
    char_user_event(&chars, CHAR_EVENT_CLOSED);
    gdbstub_destroy(machine->gdb, 0);
    machine->gdb = NULL;
    host_lock_release(machine->lock);
    return 0;
}
