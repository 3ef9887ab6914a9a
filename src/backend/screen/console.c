// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A small terminal inside a display.
#include "backend/screen/console.h"

#include <stdio.h>
#include <string.h>

#include "base/bits.h"
#include "host/host.h"

#define KEYS   256
#define ESCAPE 0x1b

struct console {
    struct char_backend backend;
    char lines[CONSOLE_LINES][CONSOLE_COLUMNS + 1]; /* a ring */
    unsigned line, column, used; /* the cursor's line in the ring; lines in use beside it */
    enum { PLAIN, AFTER_ESCAPE, IN_SEQUENCE } state;
    unsigned number; /* of the escape sequence */
    unsigned version;
    bool told; /* the user knows that it is open */
    char keys[KEYS];
    unsigned key_count;
};

/* ---- output ---------------------------------------------------------------------------------- */

static void clear_from(struct console *c, unsigned column)
{
    memset(c->lines[c->line] + column, ' ', CONSOLE_COLUMNS - column);
}

static void line_feed(struct console *c)
{
    c->line = (c->line + 1) % CONSOLE_LINES;
    c->used = MIN(c->used + 1, CONSOLE_LINES - 1u);
    clear_from(c, 0);
}

static void end_sequence(struct console *c, char final)
{
    unsigned count = MAX(c->number, 1u);
    c->state = PLAIN;
    if (final == 'K')
        clear_from(c, MIN(c->column, CONSOLE_COLUMNS - 1u));
    else if (final == 'D')
        c->column -= MIN(count, c->column);
    else if (final == 'C')
        c->column = MIN(c->column + count, CONSOLE_COLUMNS - 1u);
}

static void put_plain(struct console *c, uint8_t byte)
{
    switch (byte) {
    case '\r': c->column = 0; break;
    case '\n': line_feed(c); break;
    case '\b': c->column -= c->column > 0; break;
    case '\t': c->column = MIN((c->column | 7) + 1, CONSOLE_COLUMNS - 1u); break;
    case ESCAPE: c->state = AFTER_ESCAPE; break;
    default:
        if (byte < ' ' || byte == 0x7f)
            break;
        if (c->column == CONSOLE_COLUMNS) {
            c->column = 0;
            line_feed(c);
        }
        c->lines[c->line][c->column++] = byte < 0x80 ? (char)byte : '?';
        break;
    }
}

static void put(struct console *c, uint8_t byte)
{
    if (c->state == PLAIN) {
        put_plain(c, byte);
    } else if (c->state == AFTER_ESCAPE) {
        c->state = byte == '[' ? IN_SEQUENCE : PLAIN;
        c->number = 0;
    } else if (byte >= '0' && byte <= '9') {
        c->number = MIN(c->number * 10 + byte - '0', 1000u);
    } else if (byte >= '@') {
        end_sequence(c, (char)byte);
    }
}

static size_t console_write(struct char_backend *b, const uint8_t *data, size_t length)
{
    struct console *c = container_of(b, struct console, backend);
    for (size_t n = 0; n < length; n++)
        put(c, data[n]);
    c->version++;
    return length;
}

/* ---- input ----------------------------------------------------------------------------------- */

static void deliver(struct console *c)
{
    unsigned count = (unsigned)MIN(char_user_can_receive(&c->backend), (size_t)c->key_count);
    char keys[KEYS];
    if (count == 0)
        return;
    memcpy(keys, c->keys, count);
    c->key_count -= count;
    memmove(c->keys, c->keys + count, c->key_count);
    c->backend.user.receive(c->backend.user.opaque, (const uint8_t *)keys, count);
}

static void console_accept_input(struct char_backend *b)
{
    struct console *c = container_of(b, struct console, backend);
    bool attached = b->user.receive != NULL;
    if (attached && !c->told) {
        c->told = true;
        char_user_event(b, CHAR_EVENT_OPENED);
    }
    c->told = attached;
    deliver(c);
}

void console_input(struct char_backend *b, const char *bytes, size_t length)
{
    struct console *c = container_of(b, struct console, backend);
    length = MIN(length, (size_t)(KEYS - c->key_count));
    memcpy(c->keys + c->key_count, bytes, length);
    c->key_count += (unsigned)length;
    deliver(c);
}

/* ---- what it shows --------------------------------------------------------------------------- */

const char *console_line(const struct char_backend *b, unsigned n)
{
    const struct console *c = container_of(b, struct console, backend);
    return n <= c->used ? c->lines[(c->line + CONSOLE_LINES - n) % CONSOLE_LINES] : NULL;
}

unsigned console_cursor_column(const struct char_backend *b)
{
    return MIN(container_of(b, struct console, backend)->column, CONSOLE_COLUMNS - 1u);
}

unsigned console_version(const struct char_backend *b)
{
    return container_of(b, struct console, backend)->version;
}

static void console_destroy(struct char_backend *b)
{
    host_free(container_of(b, struct console, backend));
}

static const struct char_backend_ops console_ops = { .kind = "vc",
                                                     .write = console_write,
                                                     .accept_input = console_accept_input,
                                                     .destroy = console_destroy };

struct char_backend *console_open(const char *label)
{
    struct console *c = host_alloc(sizeof *c);
    c->backend.ops = &console_ops;
    snprintf(c->backend.label, sizeof c->backend.label, "%s", label);
    clear_from(c, 0);
    return &c->backend;
}
