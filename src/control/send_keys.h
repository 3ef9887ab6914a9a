// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Keys pressed by command: down together, held, up again, one combination after another.
#ifndef CONTROL_SEND_KEYS_H
#define CONTROL_SEND_KEYS_H

#include <stdbool.h>

#include "base/clock.h"
#include "base/error.h"
#include "device/input/keycode.h"

struct key_sender;
struct ps2_keyboard;

struct key_sender *key_sender_create(struct ps2_keyboard *keyboard, struct clock *clock);
void key_sender_destroy(struct key_sender *k);

/* "ctrl-alt-f1". False with a line about the first part that is no key, or if too much waits
 * already. Under the device lock. */
bool key_sender_send(struct key_sender *k, const char *keys, unsigned hold_ms, struct error *err);

#endif
