// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8042 keyboard controller with a keyboard and an auxiliary device.
#ifndef DEVICE_INPUT_I8042_H
#define DEVICE_INPUT_I8042_H

#include <stdbool.h>
#include <stdint.h>

#include "device/input/ps2.h"
#include "device/irq.h"
#include "memory/memory.h"

struct i8042;
struct state;

/* Ports 60H and 64H. a20 is driven by output-port writes (shared with port 92H: the last writer
 * wins); reset is pulsed. */
struct i8042 *i8042_create(struct memory *memory, const struct log *log,
                           struct ps2_device *keyboard, struct ps2_device *mouse,
                           struct irq_line keyboard_irq, struct irq_line mouse_irq,
                           struct irq_line a20, struct irq_line reset);
void i8042_destroy(struct i8042 *i8042);
void i8042_reset(struct i8042 *i8042);
void i8042_state(struct i8042 *i8042, struct state *s);

/* The controller's translation of set 2 codes to set 1 (codes without prefix). */
uint8_t i8042_translate(uint8_t code);

#endif
