// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The screen in a terminal, by way of ncurses.
#include "backend/screen/curses.h"

#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/event_loop.h"
#include "backend/screen/code_page_437.h"
#include "backend/screen/console.h"
#include "backend/screen/curses_keys.h"
#include "backend/terminal.h"
#include "base/bits.h"
#include "base/clock.h"
#include "host/host.h"

#define NS_PER_MS    INT64_C(1000000)
#define FRAME_BUSY   (33 * NS_PER_MS) /* while the screen changes */
#define FRAME_IDLE   (100 * NS_PER_MS)
#define BUSY_FRAMES  30 /* without a change until it is idle */
#define ESCAPE_MS    25 /* what a terminal may take for the rest of a key's sequence */
#define ESCAPE       0x1b
#define CONSOLES_MAX 8

struct curses_display {
    struct event_loop *loop;
    struct screen_source screen;
    struct char_backend *consoles[CONSOLES_MAX];
    unsigned console_count;
    struct curses_user user;

    SCREEN *terminal;
    struct event_watch *input;
    struct timer timer;
    bool unicode, colors, bright_colors;
    unsigned returns; /* of the terminal, after a stop */

    unsigned view;          /* 0: the screen; n: console n - 1 */
    unsigned back;          /* lines that the console is scrolled back */
    bool stale;             /* what is on the terminal is of another view, size or mode */
    unsigned unchanged;     /* frames since the last change */
    unsigned version;       /* of the console shown */
    unsigned width, height; /* of the graphics mode told */
    struct screen_text shown, now;
};

/* ---- colours --------------------------------------------------------------------------------- */

/* The VGA counts blue, green, red from bit 0; terminals red, green, blue. */
static unsigned terminal_color(unsigned color)
{
    return (color & 0x0a) | (color & 1) << 2 | (color >> 2 & 1);
}

/* Pair 0 cannot be set: it is white on black, so grey on black (7, 0) is counted as 0. */
static unsigned pair_of(const struct curses_display *d, unsigned front, unsigned back)
{
    return ((back << (d->bright_colors ? 4 : 3)) | front) ^ 7;
}

static void prepare_colors(struct curses_display *d)
{
    d->colors = has_colors() && start_color() != ERR;
    if (!d->colors)
        return;
    d->bright_colors = COLORS >= 16 && COLOR_PAIRS >= 256;
    assume_default_colors(COLOR_WHITE, COLOR_BLACK);
    unsigned count = d->bright_colors ? 16 : 8;
    for (unsigned back = 0; back < count; back++)
        for (unsigned front = 0; front < count; front++)
            if (pair_of(d, front, back) != 0)
                init_pair((short)pair_of(d, front, back), (short)terminal_color(front),
                          (short)terminal_color(back));
}

static attr_t attributes_of(const struct curses_display *d, uint8_t attribute, bool blink,
                            short *pair)
{
    unsigned front = attribute & 0x0f, back = attribute >> 4;
    attr_t attributes = A_NORMAL;
    if (blink) {
        attributes |= back & 8 ? A_BLINK : 0;
        back &= 7;
    }
    *pair = 0;
    if (!d->colors)
        return attributes | (front & 8 ? A_BOLD : 0) | (back & 7 ? A_REVERSE : 0);
    if (!d->bright_colors) {
        attributes |= front & 8 ? A_BOLD : 0;
        front &= 7;
        back &= 7;
    }
    *pair = (short)pair_of(d, front, back);
    return attributes;
}

/* ---- drawing --------------------------------------------------------------------------------- */

static void draw_cell(const struct curses_display *d, int y, int x, uint16_t cell, bool blink)
{
    short pair;
    attr_t attributes = attributes_of(d, (uint8_t)(cell >> 8), blink, &pair);
    wchar_t text[2] = { L' ', L'\0' };
    cchar_t out;
    text[0] = d->unicode ? (wchar_t)code_page_437_unicode[cell & 0xff]
                         : (wchar_t)code_page_437_ascii((uint8_t)cell);
    setcchar(&out, text, attributes, pair, NULL);
    mvadd_wch(y, x, &out);
}

/* Where the part begins that fits, with the cursor in it. */
static unsigned part_from(unsigned size, unsigned cursor, int room)
{
    unsigned fits = (unsigned)MAX(room, 1);
    if (size <= fits || cursor < fits)
        return 0;
    return MIN(cursor - fits + 1, size - fits);
}

static void draw_text(struct curses_display *d)
{
    const struct screen_text *t = &d->now;
    unsigned top = part_from(t->rows, t->cursor_visible ? t->cursor_row : 0, LINES);
    unsigned left = part_from(t->columns, t->cursor_visible ? t->cursor_column : 0, COLS);
    unsigned rows = MIN(t->rows - top, (unsigned)LINES),
             columns = MIN(t->columns - left, (unsigned)COLS);
    for (unsigned y = 0; y < rows; y++)
        for (unsigned x = 0; x < columns; x++)
            draw_cell(d, (int)y, (int)x, t->cells[(top + y) * t->columns + left + x], t->blink);
    curs_set(t->cursor_visible);
    if (t->cursor_visible)
        move((int)(t->cursor_row - top), (int)(t->cursor_column - left));
}

static bool same_text(const struct screen_text *a, const struct screen_text *b)
{
    return a->columns == b->columns && a->rows == b->rows && a->blink == b->blink &&
           a->cursor_visible == b->cursor_visible && a->cursor_column == b->cursor_column &&
           a->cursor_row == b->cursor_row &&
           memcmp(a->cells, b->cells, a->columns * a->rows * sizeof a->cells[0]) == 0;
}

static bool update_text(struct curses_display *d)
{
    if (!d->stale && same_text(&d->now, &d->shown))
        return false;
    if (d->stale || d->now.columns != d->shown.columns || d->now.rows != d->shown.rows)
        erase();
    draw_text(d);
    d->shown = d->now;
    d->width = 0;
    return true;
}

static bool update_graphics(struct curses_display *d)
{
    unsigned width, height;
    char text[64];
    d->screen.size(d->screen.opaque, &width, &height);
    if (!d->stale && width == d->width && height == d->height)
        return false;
    int length = snprintf(text, sizeof text, "%ux%u graphics mode", width, height);
    erase();
    curs_set(0);
    mvaddnstr(LINES / 2, MAX((COLS - length) / 2, 0), text, COLS);
    d->width = width;
    d->height = height;
    d->shown.columns = 0;
    return true;
}

static bool update_console(struct curses_display *d)
{
    const struct char_backend *c = d->consoles[d->view - 1];
    if (!d->stale && console_version(c) == d->version)
        return false;
    d->version = console_version(c);
    erase();
    unsigned lines = 1; /* in use, as far as they fit; the cursor is in the last */
    while (lines < (unsigned)LINES && console_line(c, lines + d->back) != NULL)
        lines++;
    for (unsigned n = 0; n < lines; n++)
        mvaddnstr((int)(lines - 1 - n), 0, console_line(c, n + d->back), COLS);
    curs_set(d->back == 0);
    move((int)lines - 1, (int)console_cursor_column(c));
    return true;
}

/* After a stop the terminal shows what the shell has left. */
static void repaint_after_return(struct curses_display *d)
{
    if (d->returns == terminal_returns())
        return;
    d->returns = terminal_returns();
    endwin();
    clearok(curscr, TRUE);
    refresh();
    d->stale = true;
}

static void update(struct curses_display *d)
{
    repaint_after_return(d);
    bool changed = d->view != 0                                ? update_console(d)
                   : d->screen.text(d->screen.opaque, &d->now) ? update_text(d)
                                                               : update_graphics(d);
    d->stale = false;
    d->unchanged = changed ? 0 : d->unchanged + 1;
    if (changed)
        refresh();
    timer_set(&d->timer,
              clock_now(d->timer.clock) + (d->unchanged < BUSY_FRAMES ? FRAME_BUSY : FRAME_IDLE));
}

/* ---- keys ------------------------------------------------------------------------------------ */

static void show_view(struct curses_display *d, unsigned view)
{
    unsigned first = d->screen.text == NULL;
    if (view + first > d->console_count)
        return;
    d->view = view + first;
    d->back = 0;
    d->stale = true;
}

static bool scroll_console(struct curses_display *d, unsigned code)
{
    const struct char_backend *c = d->consoles[d->view - 1];
    unsigned page = (unsigned)MAX(LINES - 1, 1);
    if (code != KEY_PPAGE && code != KEY_NPAGE)
        return false;
    for (unsigned n = 0;
         n < page && code == KEY_PPAGE && console_line(c, d->back + (unsigned)LINES) != NULL; n++)
        d->back++;
    if (code == KEY_NPAGE)
        d->back -= MIN(d->back, page);
    d->stale = true;
    return true;
}

static void handle_key(struct curses_display *d, const struct curses_key *key)
{
    char text[CURSES_KEY_TEXT];
    if (key->alt && !key->function && key->code >= '1' && key->code <= '9') {
        show_view(d, key->code - '1');
    } else if (d->view == 0) {
        if (curses_key_name(key, text))
            d->user.keys(d->user.opaque, text);
    } else if (!key->function || !scroll_console(d, key->code)) {
        d->stale |= d->back != 0;
        d->back = 0;
        console_input(d->consoles[d->view - 1], text, curses_key_bytes(key, text));
    }
}

static bool read_key(struct curses_key *key)
{
    wint_t code;
    int kind = get_wch(&code);
    if (kind == ERR)
        return false;
    *key = (struct curses_key){ .code = (unsigned)code,
                                .function = kind == KEY_CODE_YES,
                                .alt = key->alt };
    return true;
}

static void read_keys(struct curses_display *d)
{
    struct curses_key key = { 0 };
    while (read_key(&key)) {
        if (key.function && key.code == KEY_RESIZE) {
            d->stale = true;
            continue;
        }
        /* Alt comes as an escape right before the key. */
        key.alt = false;
        if (!key.function && key.code == ESCAPE) {
            struct curses_key next = { .alt = true };
            if (read_key(&next))
                key = next;
        }
        handle_key(d, &key);
    }
}

static void input_ready(void *opaque, unsigned events)
{
    (void)events;
    struct curses_display *d = opaque;
    read_keys(d);
    d->unchanged = 0;
    update(d);
}

static void frame(void *opaque)
{
    struct curses_display *d = opaque;
    read_keys(d); /* also tells of a new size */
    update(d);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* One capability of the terminal, without the delays that old terminals want in it. */
static size_t add_capability(char *to, size_t room, const char *name)
{
    const char *from = tigetstr(name);
    size_t length = 0;
    if (from == NULL || from == (const char *)-1)
        return 0;
    while (*from != '\0' && length + 1 < room) {
        const char *end = from[0] == '$' && from[1] == '<' ? strchr(from, '>') : NULL;
        if (end != NULL)
            from = end + 1;
        else
            to[length++] = *from++;
    }
    to[length] = '\0';
    return length;
}

/* However the program ends: default colours, cursor on, keypad off, the screen that was before. */
static void set_farewell(void)
{
    static const char *const names[] = { "sgr0", "op", "cnorm", "rmkx", "rmcup" };
    char text[128] = "";
    size_t length = 0;
    for (unsigned n = 0; n < ARRAY_SIZE(names); n++)
        length += add_capability(text + length, sizeof text - length, names[n]);
    terminal_set_farewell(text);
}

/* Where the user's locale is plain ASCII, most terminals know UTF-8 all the same: only a locale
 * that says otherwise is believed. */
static bool choose_encoding(void)
{
    setlocale(LC_CTYPE, "");
    if (strcmp(nl_langinfo(CODESET), "ANSI_X3.4-1968") == 0)
        setlocale(LC_CTYPE, "C.UTF-8");
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool open_terminal(struct curses_display *d, struct error *err)
{
    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(err, "-display curses: standard input and output are no terminal");
    if (!terminal_acquire(false, "-display curses", err))
        return false;
    d->unicode = choose_encoding();
    d->terminal = newterm(NULL, stdout, stdin);
    if (d->terminal == NULL) {
        const char *name = getenv("TERM");
        terminal_release();
        return error_set(err, "-display curses: the terminal type TERM=%s is unknown",
                         name != NULL ? name : "");
    }
    set_farewell();
    set_escdelay(ESCAPE_MS);
    raw();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    prepare_colors(d);
    return true;
}

struct curses_display *curses_display_create(struct event_loop *loop,
                                             const struct screen_source *screen,
                                             struct char_backend *const *consoles,
                                             unsigned console_count, const struct curses_user *user,
                                             struct error *err)
{
    struct curses_display *d = host_alloc(sizeof *d);
    d->loop = loop;
    d->screen = *screen;
    d->console_count = MIN(console_count, (unsigned)CONSOLES_MAX);
    memcpy(d->consoles, consoles, d->console_count * sizeof d->consoles[0]);
    d->user = *user;
    if (!open_terminal(d, err)) {
        host_free(d);
        return NULL;
    }
    d->returns = terminal_returns();
    d->stale = true;
    show_view(d, 0);
    timer_init(&d->timer, event_loop_clock(loop), frame, d);
    d->input = event_watch_create(loop, STDIN_FILENO, input_ready, d);
    event_watch_set(d->input, WATCH_READ);
    timer_set(&d->timer, clock_now(d->timer.clock));
    return d;
}

void curses_display_destroy(struct curses_display *d)
{
    if (d == NULL)
        return;
    timer_cancel(&d->timer);
    event_watch_destroy(d->input, false);
    endwin();
    delscreen(d->terminal);
    terminal_set_farewell(NULL);
    terminal_release();
    host_free(d);
}
