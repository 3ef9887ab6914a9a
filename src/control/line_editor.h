// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A line typed at a terminal: editing, history, completion.
#ifndef CONTROL_LINE_EDITOR_H
#define CONTROL_LINE_EDITOR_H

#include <stddef.h>

#define LINE_MAX_LENGTH 1023
#define LINE_HISTORY    64

struct line_editor {
    const char *prompt;
    void (*echo)(void *opaque, const char *text, size_t length);
    void (*entered)(void *opaque, const char *line);
    /* Words that may stand where word begins, the n-th; NULL: no more. before is the line up to
     * word. */
    const char *(*complete)(void *opaque, const char *before, const char *word, unsigned n);
    void *opaque;

    char text[LINE_MAX_LENGTH + 1];
    size_t length, cursor;
    char *history[LINE_HISTORY]; /* oldest first */
    unsigned history_count, history_at;
    char escape[8]; /* an escape sequence under way */
    size_t escape_length;
    char last; /* the byte before, for CR LF */
};

void line_editor_input(struct line_editor *e, char c);
/* Show the prompt, and what is typed already. */
void line_editor_show(struct line_editor *e);
void line_editor_release(struct line_editor *e);

#endif
