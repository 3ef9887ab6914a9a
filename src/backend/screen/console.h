// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A small terminal inside a display, for the monitor or a serial port: a character back end that
// keeps its lines.
#ifndef BACKEND_SCREEN_CONSOLE_H
#define BACKEND_SCREEN_CONSOLE_H

#include <stddef.h>
#include <stdint.h>

#include "backend/char.h"

#define CONSOLE_COLUMNS 80
#define CONSOLE_LINES   500 /* kept */

/* It knows CR, LF, backspace, tab, and of the escape sequences cursor left and right and erase to
 * the end of the line. */
struct char_backend *console_open(const char *label);

/* Bytes as a terminal's keys send them. */
void console_input(struct char_backend *console, const char *bytes, size_t length);

/* Line n counted upward from the one that the cursor is in; NULL above the first. */
const char *console_line(const struct char_backend *console, unsigned n);
unsigned console_cursor_column(const struct char_backend *console);
/* Another number whenever something was written. */
unsigned console_version(const struct char_backend *console);

#endif
