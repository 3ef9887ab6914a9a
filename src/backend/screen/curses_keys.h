// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A terminal's keys as keys of a PC, and as bytes for a console.
#ifndef BACKEND_SCREEN_CURSES_KEYS_H
#define BACKEND_SCREEN_CURSES_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#define CURSES_KEY_TEXT 32

/* What curses has read: a character, or with `function` one of its KEY_ codes; alt: an escape came
 * right before. */
struct curses_key {
    unsigned code;
    bool function, alt;
};

/* "ctrl-alt-a", the keys on a US keyboard, named as sendkey names them. False: there is no such
 * key. */
bool curses_key_name(const struct curses_key *key, char text[CURSES_KEY_TEXT]);
/* What a terminal sends for it; the length, 0 for nothing. */
size_t curses_key_bytes(const struct curses_key *key, char text[CURSES_KEY_TEXT]);

#endif
