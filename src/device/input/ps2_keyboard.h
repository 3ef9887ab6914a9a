// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A PS/2 keyboard: scan code sets 1, 2 and 3.
#ifndef DEVICE_INPUT_PS2_KEYBOARD_H
#define DEVICE_INPUT_PS2_KEYBOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "device/input/keycode.h"
#include "device/input/ps2.h"

struct ps2_keyboard;
struct state;

#define PS2_LED_SCROLL 1
#define PS2_LED_NUM    2
#define PS2_LED_CAPS   4

struct ps2_keyboard *ps2_keyboard_create(const struct log *log, struct clock *clock);
void ps2_keyboard_destroy(struct ps2_keyboard *keyboard);
void ps2_keyboard_reset(struct ps2_keyboard *keyboard);
void ps2_keyboard_state(struct ps2_keyboard *keyboard, struct state *s);

/* Its end of the cable, for the controller. */
struct ps2_device *ps2_keyboard_device(struct ps2_keyboard *keyboard);

/* A key goes down or up. Held keys repeat by themselves (typematic). */
void ps2_keyboard_key(struct ps2_keyboard *keyboard, enum keycode key, bool pressed);
uint8_t ps2_keyboard_leds(const struct ps2_keyboard *keyboard);

#endif
