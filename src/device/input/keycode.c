// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Keys by name, with the codes a keyboard sends for them.
#include "device/input/keycode.h"

static const char *const names[KEY_COUNT] = {
#define KEY(c, name, set1, set2, set3) [KEY_##c] = name,
#include "device/input/keycodes.inc"
#undef KEY
};

static const struct keycode_codes codes[KEY_COUNT] = {
#define KEY(c, name, set1, set2, set3) [KEY_##c] = { set1, set2, set3 },
#include "device/input/keycodes.inc"
#undef KEY
};

/* Further names of the same keys. */
static const struct {
    char name[12];
    uint8_t key;
} aliases[] = {
    { "enter", KEY_RET },   { "shift_l", KEY_SHIFT }, { "ctrl_l", KEY_CTRL }, { "alt_l", KEY_ALT },
    { "altgr", KEY_ALT_R }, { "menu", KEY_COMPOSE },  { "space", KEY_SPC },   { "escape", KEY_ESC },
};

static bool equals(const char *text, const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\0' || text[i] != name[i])
            return false;
    }
    return text[length] == '\0';
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0x1e": a set 1 code, with bit 7 in place of the E0 prefix. */
static bool find_code(const char *name, size_t length, enum keycode *key)
{
    unsigned code = 0;
    if (length < 3 || length > 4 || name[0] != '0' || (name[1] | 0x20) != 'x')
        return false;
    for (size_t i = 2; i < length; i++) {
        if (digit(name[i]) < 0)
            return false;
        code = code << 4 | (unsigned)digit(name[i]);
    }
    code = code & 0x80 ? (code & 0x7f) | KEYCODE_E0 : code;
    for (unsigned k = 0; k < KEY_COUNT; k++) {
        if (codes[k].set1 == code && code != 0) {
            *key = (enum keycode)k;
            return true;
        }
    }
    return false;
}

bool keycode_find(const char *name, size_t length, enum keycode *key)
{
    for (unsigned k = 0; k < KEY_COUNT; k++) {
        if (equals(names[k], name, length)) {
            *key = (enum keycode)k;
            return true;
        }
    }
    for (unsigned i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (equals(aliases[i].name, name, length)) {
            *key = (enum keycode)aliases[i].key;
            return true;
        }
    }
    return find_code(name, length, key);
}

const char *keycode_name(enum keycode key)
{
    return names[key];
}

const struct keycode_codes *keycode_codes(enum keycode key)
{
    return &codes[key];
}

/* A US keyboard's printing keys: key, character, character with shift. */
static const struct {
    uint8_t key;
    char plain, shifted;
} us_layout[] = {
    { KEY_1, '1', '!' },
    { KEY_2, '2', '@' },
    { KEY_3, '3', '#' },
    { KEY_4, '4', '$' },
    { KEY_5, '5', '%' },
    { KEY_6, '6', '^' },
    { KEY_7, '7', '&' },
    { KEY_8, '8', '*' },
    { KEY_9, '9', '(' },
    { KEY_0, '0', ')' },
    { KEY_MINUS, '-', '_' },
    { KEY_EQUAL, '=', '+' },
    { KEY_BRACKET_LEFT, '[', '{' },
    { KEY_BRACKET_RIGHT, ']', '}' },
    { KEY_SEMICOLON, ';', ':' },
    { KEY_APOSTROPHE, '\'', '"' },
    { KEY_GRAVE_ACCENT, '`', '~' },
    { KEY_BACKSLASH, '\\', '|' },
    { KEY_COMMA, ',', '<' },
    { KEY_DOT, '.', '>' },
    { KEY_SLASH, '/', '?' },
    { KEY_SPC, ' ', ' ' },
    { KEY_RET, '\r', '\n' },
    { KEY_TAB, '\t', '\t' },
    { KEY_BACKSPACE, '\b', 0x7f },
    { KEY_ESC, 0x1b, 0x1b },
};

bool keycode_from_ascii(char c, enum keycode *key, bool *shift)
{
    bool upper = c >= 'A' && c <= 'Z';
    *shift = upper;
    if (upper || (c >= 'a' && c <= 'z')) {
        char name = (char)(c | 0x20);
        return keycode_find(&name, 1, key);
    }
    for (unsigned i = 0; i < sizeof us_layout / sizeof us_layout[0]; i++) {
        if (us_layout[i].plain != c && us_layout[i].shifted != c)
            continue;
        *key = (enum keycode)us_layout[i].key;
        /* Line feed is Return and delete is Backspace, without shift. */
        *shift = us_layout[i].plain != c && c >= ' ' && c < 0x7f;
        return true;
    }
    return false;
}
