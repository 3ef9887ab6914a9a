// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Keys by name, with the codes a keyboard sends for them.
#ifndef DEVICE_INPUT_KEYCODE_H
#define DEVICE_INPUT_KEYCODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum keycode {
#define KEY(c, name, set1, set2, set3) KEY_##c,
#include "device/input/keycodes.inc"
#undef KEY
    KEY_COUNT
};

/* Bit 8 of a set 1 or set 2 code: the E0 prefix. */
#define KEYCODE_E0 0x100

struct keycode_codes {
    uint16_t set1, set2; /* with KEYCODE_E0; PrtSc and Pause are special */
    uint8_t set3;
};

/* By sendkey's name ("a", "ret", "shift_r", "kp_add", also "0x1e": a set 1 code). */
bool keycode_find(const char *name, size_t length, enum keycode *key);
const char *keycode_name(enum keycode key);
const struct keycode_codes *keycode_codes(enum keycode key);
/* The key (and whether with shift) that types an ASCII character on a US keyboard. */
bool keycode_from_ascii(char c, enum keycode *key, bool *shift);

#endif
