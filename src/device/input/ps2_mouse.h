// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A PS/2 mouse with wheel (IntelliMouse).
#ifndef DEVICE_INPUT_PS2_MOUSE_H
#define DEVICE_INPUT_PS2_MOUSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "device/input/ps2.h"

struct ps2_mouse;
struct state;

#define PS2_BUTTON_LEFT   1
#define PS2_BUTTON_RIGHT  2
#define PS2_BUTTON_MIDDLE 4

struct ps2_mouse *ps2_mouse_create(const struct log *log, struct clock *clock);
void ps2_mouse_destroy(struct ps2_mouse *mouse);
void ps2_mouse_reset(struct ps2_mouse *mouse);
void ps2_mouse_state(struct ps2_mouse *mouse, struct state *s);

/* Its end of the cable, for the controller. */
struct ps2_device *ps2_mouse_device(struct ps2_mouse *mouse);

/* Movement in counts: x to the right, y down (as a screen counts), wheel towards the user. */
void ps2_mouse_move(struct ps2_mouse *mouse, int dx, int dy, int wheel);
/* Which buttons are down now (PS2_BUTTON_*). */
void ps2_mouse_buttons(struct ps2_mouse *mouse, unsigned buttons);

#endif
