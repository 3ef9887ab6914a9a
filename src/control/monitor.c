// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The monitor's terminal: its lines in, its text out.
#include "control/monitor.h"

#include <stdlib.h>
#include <string.h>

#include "backend/char.h"
#include "base/bits.h"
#include "control/monitor_internal.h"
#include "control/version.h"
#include "host/host.h"

/* At the end: how long for a reader that takes nothing. */
enum { SLOW_READER_MS = 1000 };

/* With so much output that is not taken, what is typed waits: the next command would add to it. */
enum { OUTPUT_FULL = 65536, INPUT_SIZE = 1024 };

struct monitor {
    struct session *session;
    struct char_backend *chars;
    struct line_editor editor;
    struct dump_format format;
    bool greeted;
    /* What the terminal has not taken yet. */
    char *out;
    size_t out_length, out_size;
    uint8_t in[INPUT_SIZE]; /* waits */
    size_t in_first, in_length;
};

/* ---- output ---------------------------------------------------------------------------------- */

static void flush(struct monitor *m)
{
    size_t taken = char_write(m->chars, (const uint8_t *)m->out, m->out_length);
    memmove(m->out, m->out + taken, m->out_length - taken);
    m->out_length -= taken;
}

static void append(struct monitor *m, const char *text, size_t length)
{
    if (m->out_length + length > m->out_size) {
        size_t size = MAX(m->out_size * 2, m->out_length + length + 4096);
        char *out = realloc(m->out, size);
        if (out == NULL)
            return;
        m->out = out;
        m->out_size = size;
    }
    memcpy(m->out + m->out_length, text, length);
    m->out_length += length;
}

static void write_plain(void *opaque, const char *text, size_t length)
{
    append(opaque, text, length);
}

/* Lines end in CR LF on a terminal. */
static void write_text(void *opaque, const char *text, size_t length)
{
    for (size_t from = 0; from < length;) {
        const char *end = memchr(text + from, '\n', length - from);
        size_t piece = end != NULL ? (size_t)(end - text) - from : length - from;
        append(opaque, text + from, piece);
        if (end != NULL)
            append(opaque, "\r\n", 2);
        from += piece + (end != NULL);
    }
}

/* ---- input ----------------------------------------------------------------------------------- */

static void line_entered(void *opaque, const char *line)
{
    struct monitor *m = opaque;
    struct monitor_call call = { .session = m->session,
                                 .editor = &m->editor,
                                 .format = &m->format,
                                 .write = write_text,
                                 .opaque = m };
    monitor_run_command(&call, line);
    line_editor_show(&m->editor);
}

static const char *complete(void *opaque, const char *before, const char *word, unsigned n)
{
    struct monitor *m = opaque;
    return monitor_complete(m->session, before, word, n);
}

static size_t can_receive(void *opaque)
{
    struct monitor *m = opaque;
    return m->out_length < OUTPUT_FULL ? INPUT_SIZE - m->in_length : 0;
}

/* What a byte leads to may come back here. */
static void take_input(struct monitor *m)
{
    while (m->in_first < m->in_length && m->out_length < OUTPUT_FULL) {
        line_editor_input(&m->editor, (char)m->in[m->in_first++]);
        if (m->out_length >= OUTPUT_FULL)
            flush(m);
    }
    memmove(m->in, m->in + m->in_first, m->in_length - m->in_first);
    m->in_length -= m->in_first;
    m->in_first = 0;
    flush(m);
}

static void receive(void *opaque, const uint8_t *data, size_t length)
{
    struct monitor *m = opaque;
    memcpy(m->in + m->in_length, data, length);
    m->in_length += length;
    take_input(m);
}

static void writable(void *opaque)
{
    struct monitor *m = opaque;
    flush(m);
    take_input(m);
    char_accept_input(m->chars);
}

static void greet(struct monitor *m)
{
    if (!m->greeted) {
        static const char text[] =
            "bmbt " BMBT_VERSION " monitor - type 'help' for more information\n";
        write_text(m, text, sizeof text - 1);
    }
    m->greeted = true;
    line_editor_show(&m->editor);
    flush(m);
}

static void event(void *opaque, enum char_event what)
{
    struct monitor *m = opaque;
    if (what == CHAR_EVENT_OPENED)
        m->greeted = false;
    if (what == CHAR_EVENT_OPENED || what == CHAR_EVENT_FOCUS_IN)
        greet(m);
}

/* ---- life ------------------------------------------------------------------------------------ */

struct monitor *monitor_create(struct session *s, struct char_backend *chars)
{
    struct monitor *m = host_alloc(sizeof *m);
    m->session = s;
    m->chars = chars;
    m->format = (struct dump_format){ .count = 1, .letter = 'x', .size = 4 };
    m->editor.prompt = "(bmbt) ";
    m->editor.echo = write_plain;
    m->editor.entered = line_entered;
    m->editor.complete = complete;
    m->editor.opaque = m;
    char_attach(chars, &(struct char_user){ .can_receive = can_receive,
                                            .receive = receive,
                                            .event = event,
                                            .writable = writable,
                                            .opaque = m });
    /* A terminal or a file was open before anybody could be told so. */
    if (strcmp(chars->ops->kind, "stdio") == 0 || strcmp(chars->ops->kind, "file") == 0)
        greet(m);
    return m;
}

void monitor_destroy(struct monitor *m)
{
    if (m == NULL)
        return;
    flush(m);
    while (m->out_length > 0 && char_wait(m->chars, SLOW_READER_MS))
        flush(m);
    char_attach(m->chars, &(struct char_user){ 0 });
    line_editor_release(&m->editor);
    free(m->out);
    host_free(m);
}

void monitor_execute(struct session *s, const char *line,
                     void (*write)(void *opaque, const char *text, size_t length), void *opaque)
{
    struct dump_format format = { .count = 1, .letter = 'x', .size = 4 };
    struct monitor_call call = {
        .session = s, .format = &format, .write = write, .opaque = opaque
    };
    monitor_run_command(&call, line);
}
