// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The keys of a line editor, as in Emacs and most shells.
#include "control/line_editor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"

#define CONTROL(letter) ((letter)&0x1f)

static void echo(struct line_editor *e, const char *text)
{
    e->echo(e->opaque, text, strlen(text));
}

static void show_from_start(struct line_editor *e)
{
    char back[32];
    echo(e, "\r");
    echo(e, e->prompt);
    e->echo(e->opaque, e->text, e->length);
    echo(e, "\x1b[K");
    if (e->cursor < e->length) {
        snprintf(back, sizeof back, "\x1b[%zuD", e->length - e->cursor);
        echo(e, back);
    }
}

void line_editor_show(struct line_editor *e)
{
    if (e->length > 0) {
        show_from_start(e);
        return;
    }
    echo(e, e->prompt);
}

static void insert(struct line_editor *e, const char *text, size_t length)
{
    if (e->length + length > LINE_MAX_LENGTH)
        return;
    memmove(e->text + e->cursor + length, e->text + e->cursor, e->length - e->cursor);
    memcpy(e->text + e->cursor, text, length);
    e->length += length;
    e->cursor += length;
    e->text[e->length] = '\0';
    if (e->cursor == e->length)
        e->echo(e->opaque, text, length);
    else
        show_from_start(e);
}

static void erase(struct line_editor *e, size_t from, size_t to)
{
    if (from >= to)
        return;
    bool last = to == e->length && to == from + 1 && e->cursor == to;
    memmove(e->text + from, e->text + to, e->length - to);
    e->length -= to - from;
    e->cursor = from;
    e->text[e->length] = '\0';
    if (last)
        echo(e, "\b \b");
    else
        show_from_start(e);
}

static void move(struct line_editor *e, size_t cursor)
{
    if (cursor > e->length || cursor == e->cursor)
        return;
    e->cursor = cursor;
    show_from_start(e);
}

/* ---- history --------------------------------------------------------------------------------- */

static void remember(struct line_editor *e)
{
    if (e->length == 0 ||
        (e->history_count > 0 && strcmp(e->history[e->history_count - 1], e->text) == 0))
        return;
    if (e->history_count == LINE_HISTORY) {
        free(e->history[0]);
        memmove(e->history, e->history + 1, (LINE_HISTORY - 1) * sizeof e->history[0]);
        e->history_count--;
    }
    char *copy = strdup(e->text);
    if (copy != NULL)
        e->history[e->history_count++] = copy;
}

static void recall(struct line_editor *e, int step)
{
    if ((step < 0 && e->history_at == 0) || (step > 0 && e->history_at >= e->history_count))
        return;
    e->history_at += (unsigned)step;
    const char *text = e->history_at < e->history_count ? e->history[e->history_at] : "";
    e->length = e->cursor = strlen(text);
    memcpy(e->text, text, e->length + 1);
    show_from_start(e);
}

/* ---- completion ------------------------------------------------------------------------------ */

static void list_candidates(struct line_editor *e, const char *before, const char *word)
{
    const char *candidate;
    echo(e, "\r\n");
    for (unsigned n = 0; (candidate = e->complete(e->opaque, before, word, n)) != NULL; n++) {
        char column[64];
        snprintf(column, sizeof column, "%-19s%s", candidate, n % 4 == 3 ? "\r\n" : " ");
        echo(e, column);
    }
    echo(e, "\r\n");
    show_from_start(e);
}

static void complete(struct line_editor *e)
{
    char before[LINE_MAX_LENGTH + 1], word[LINE_MAX_LENGTH + 1];
    size_t start = e->cursor, common = SIZE_MAX;
    unsigned count = 0;
    const char *candidate, *first = NULL;

    if (e->complete == NULL)
        return;
    while (start > 0 && e->text[start - 1] != ' ')
        start--;
    memcpy(before, e->text, start);
    before[start] = '\0';
    memcpy(word, e->text + start, e->cursor - start);
    word[e->cursor - start] = '\0';
    for (; (candidate = e->complete(e->opaque, before, word, count)) != NULL; count++) {
        if (first == NULL)
            first = candidate;
        size_t same = 0;
        while (candidate[same] != '\0' && candidate[same] == first[same])
            same++;
        common = MIN(common, same);
    }
    if (count == 0)
        return;
    size_t typed = e->cursor - start;
    if (common > typed)
        insert(e, first + typed, common - typed);
    else if (count > 1)
        list_candidates(e, before, word);
    if (count == 1)
        insert(e, " ", 1);
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void enter(struct line_editor *e)
{
    char line[LINE_MAX_LENGTH + 1];
    echo(e, "\r\n");
    remember(e);
    e->history_at = e->history_count;
    memcpy(line, e->text, e->length + 1);
    e->length = e->cursor = 0;
    e->text[0] = '\0';
    e->entered(e->opaque, line);
}

static size_t word_start(const struct line_editor *e)
{
    size_t at = e->cursor;
    while (at > 0 && e->text[at - 1] == ' ')
        at--;
    while (at > 0 && e->text[at - 1] != ' ')
        at--;
    return at;
}

/* What follows ESC [ or ESC O. */
static void escape_sequence(struct line_editor *e, const char *sequence)
{
    if (strcmp(sequence, "A") == 0)
        recall(e, -1);
    else if (strcmp(sequence, "B") == 0)
        recall(e, 1);
    else if (strcmp(sequence, "C") == 0)
        move(e, e->cursor + 1);
    else if (strcmp(sequence, "D") == 0 && e->cursor > 0)
        move(e, e->cursor - 1);
    else if (strcmp(sequence, "H") == 0 || strcmp(sequence, "1~") == 0)
        move(e, 0);
    else if (strcmp(sequence, "F") == 0 || strcmp(sequence, "4~") == 0)
        move(e, e->length);
    else if (strcmp(sequence, "3~") == 0 && e->cursor < e->length)
        erase(e, e->cursor, e->cursor + 1);
}

static void control_key(struct line_editor *e, char c)
{
    switch (c) {
    case CONTROL('A'): move(e, 0); break;
    case CONTROL('B'): move(e, e->cursor > 0 ? e->cursor - 1 : 0); break;
    case CONTROL('D'): erase(e, e->cursor, MIN(e->cursor + 1, e->length)); break;
    case CONTROL('E'): move(e, e->length); break;
    case CONTROL('F'): move(e, e->cursor + 1); break;
    case CONTROL('C'): erase(e, 0, e->length); break;
    case CONTROL('U'): erase(e, 0, e->cursor); break;
    case CONTROL('K'): erase(e, e->cursor, e->length); break;
    case CONTROL('W'): erase(e, word_start(e), e->cursor); break;
    case CONTROL('L'): show_from_start(e); break;
    case CONTROL('N'): recall(e, 1); break;
    case CONTROL('P'): recall(e, -1); break;
    case CONTROL('H'):
    case 0x7f: erase(e, e->cursor > 0 ? e->cursor - 1 : 0, e->cursor); break;
    case '\t': complete(e); break;
    default: break;
    }
}

void line_editor_input(struct line_editor *e, char c)
{
    char last = e->last;
    e->last = c;
    if (e->escape_length > 0 && (unsigned char)c >= 0x20) {
        /* ESC [ or ESC O, then parameters, then a letter or `~`; what is too long means nothing. */
        if (e->escape_length < sizeof e->escape - 1)
            e->escape[e->escape_length++] = c;
        else
            e->escape[1] = '\0';
        if (e->escape_length == 2 ? c == '[' || c == 'O' : c < '@')
            return;
        e->escape[e->escape_length] = '\0';
        if (e->escape_length > 2 && e->escape[1] != '\0')
            escape_sequence(e, e->escape + 2);
        e->escape_length = 0;
        return;
    }
    e->escape_length = 0;
    if (c == 0x1b) {
        e->escape[0] = c;
        e->escape_length = 1;
    } else if (c == '\r' || (c == '\n' && last != '\r')) {
        enter(e);
    } else if ((unsigned char)c >= 0x20 && c != 0x7f) {
        insert(e, &c, 1);
    } else {
        control_key(e, c);
    }
}

void line_editor_release(struct line_editor *e)
{
    for (unsigned n = 0; n < e->history_count; n++)
        free(e->history[n]);
    e->history_count = 0;
}
