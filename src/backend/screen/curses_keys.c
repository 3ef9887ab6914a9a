// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A terminal's keys as keys of a PC, and as bytes for a console.
#include "backend/screen/curses_keys.h"

#include <curses.h>
#include <stdio.h>
#include <string.h>

#include "base/bits.h"

/* Keys that are no characters: curses' code, sendkey's name, a VT220's sequence. */
static const struct {
    unsigned code;
    const char *name, *bytes;
} function_keys[] = {
    { KEY_UP, "up", "\x1b[A" },
    { KEY_DOWN, "down", "\x1b[B" },
    { KEY_RIGHT, "right", "\x1b[C" },
    { KEY_LEFT, "left", "\x1b[D" },
    { KEY_HOME, "home", "\x1b[1~" },
    { KEY_END, "end", "\x1b[4~" },
    { KEY_IC, "insert", "\x1b[2~" },
    { KEY_DC, "delete", "\x1b[3~" },
    { KEY_PPAGE, "pgup", "\x1b[5~" },
    { KEY_NPAGE, "pgdn", "\x1b[6~" },
    { KEY_BACKSPACE, "backspace", "\x7f" },
    { KEY_ENTER, "kp_enter", "\r" },
    { KEY_BTAB, "shift-tab", NULL },
    { KEY_SLEFT, "shift-left", NULL },
    { KEY_SRIGHT, "shift-right", NULL },
    { KEY_SR, "shift-up", NULL },
    { KEY_SF, "shift-down", NULL },
    { KEY_SHOME, "shift-home", NULL },
    { KEY_SEND, "shift-end", NULL },
    { KEY_SDC, "shift-delete", NULL },
    { KEY_SIC, "shift-insert", NULL },
    { KEY_SPREVIOUS, "shift-pgup", NULL },
    { KEY_SNEXT, "shift-pgdn", NULL },
    { KEY_B2, "kp_5", NULL },
    { KEY_PRINT, "print", NULL },
    { KEY_SUSPEND, "ctrl-z", NULL },
};

/* Signs of a US keyboard, each with the key below it: without shift, with shift. */
static const struct {
    char plain, shifted;
    const char *name;
} signs[] = {
    { '1', '!', "1" },
    { '2', '@', "2" },
    { '3', '#', "3" },
    { '4', '$', "4" },
    { '5', '%', "5" },
    { '6', '^', "6" },
    { '7', '&', "7" },
    { '8', '*', "8" },
    { '9', '(', "9" },
    { '0', ')', "0" },
    { '-', '_', "minus" },
    { '=', '+', "equal" },
    { '[', '{', "bracket_left" },
    { ']', '}', "bracket_right" },
    { ';', ':', "semicolon" },
    { '\'', '"', "apostrophe" },
    { '`', '~', "grave_accent" },
    { '\\', '|', "backslash" },
    { ',', '<', "comma" },
    { '.', '>', "dot" },
    { '/', '?', "slash" },
    { ' ', '\0', "spc" },
};

/* Control codes that have a key of their own. */
static const char *control_key(unsigned code)
{
    switch (code) {
    case '\t': return "tab";
    case '\r': return "ret";
    case 0x1b: return "esc";
    case 0x7f: return "backspace";
    case 0x00: return "ctrl-spc";
    case 0x1c: return "ctrl-backslash";
    case 0x1d: return "ctrl-bracket_right";
    case 0x1e: return "ctrl-shift-6";
    case 0x1f: return "ctrl-shift-minus";
    default: return NULL;
    }
}

static bool character_name(unsigned code, char *text, size_t size)
{
    const char *control = control_key(code);
    if (control != NULL)
        return snprintf(text, size, "%s", control) > 0;
    if (code < ' ')
        return snprintf(text, size, "ctrl-%c", (int)(code + 'a' - 1)) > 0;
    if (code >= 'a' && code <= 'z')
        return snprintf(text, size, "%c", (int)code) > 0;
    if (code >= 'A' && code <= 'Z')
        return snprintf(text, size, "shift-%c", (int)(code - 'A' + 'a')) > 0;
    for (unsigned n = 0; n < ARRAY_SIZE(signs); n++)
        if (code == (unsigned char)signs[n].plain ||
            (code != 0 && code == (unsigned char)signs[n].shifted))
            return snprintf(text, size, "%s%s",
                            code == (unsigned char)signs[n].plain ? "" : "shift-",
                            signs[n].name) > 0;
    return false;
}

/* Terminals count on: F13 is shift F1, F25 is ctrl F1, F37 is both. */
static bool numbered_name(unsigned number, char *text, size_t size)
{
    static const char *const modifiers[] = { "", "shift-", "ctrl-", "ctrl-shift-" };
    if (number < 1 || number > 48)
        return false;
    return snprintf(text, size, "%sf%u", modifiers[(number - 1) / 12], (number - 1) % 12 + 1) > 0;
}

static bool function_name(unsigned code, char *text, size_t size)
{
    for (unsigned n = 0; n < ARRAY_SIZE(function_keys); n++)
        if (function_keys[n].code == code)
            return snprintf(text, size, "%s", function_keys[n].name) > 0;
    return code > KEY_F0 && numbered_name(code - KEY_F0, text, size);
}

bool curses_key_name(const struct curses_key *key, char text[CURSES_KEY_TEXT])
{
    size_t prefix = key->alt ? 4 : 0;
    memcpy(text, "alt-", 4);
    return (key->function ? function_name : character_name)(key->code, text + prefix,
                                                            CURSES_KEY_TEXT - prefix);
}

size_t curses_key_bytes(const struct curses_key *key, char text[CURSES_KEY_TEXT])
{
    const char *bytes = NULL;
    if (!key->function && key->code < 0x80) {
        text[0] = 0x1b;
        text[key->alt] = (char)key->code;
        return key->alt + 1u;
    }
    for (unsigned n = 0; key->function && n < ARRAY_SIZE(function_keys); n++)
        if (function_keys[n].code == key->code)
            bytes = function_keys[n].bytes;
    if (bytes == NULL)
        return 0;
    memcpy(text, bytes, strlen(bytes));
    return strlen(bytes);
}
