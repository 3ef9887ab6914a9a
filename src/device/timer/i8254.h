// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8254 programmable interval timer: three counters at 1.193182 MHz.
#ifndef DEVICE_TIMER_I8254_H
#define DEVICE_TIMER_I8254_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "device/irq.h"
#include "memory/memory.h"

#define I8254_FREQUENCY 1193182

struct i8254;
struct state;

/* Four ports from port (40H). irq is counter 0's OUT. Gates 0 and 1 are tied high, gate 2 starts
 * low. */
struct i8254 *i8254_create(struct memory *memory, const struct log *log, struct clock *clock,
                           uint16_t port, struct irq_line irq);
void i8254_destroy(struct i8254 *pit);
void i8254_reset(struct i8254 *pit);
void i8254_state(struct i8254 *pit, struct state *s);

void i8254_set_gate(struct i8254 *pit, unsigned counter, bool level);
bool i8254_gate(const struct i8254 *pit, unsigned counter);
/* The OUT pin now. */
bool i8254_output(struct i8254 *pit, unsigned counter);

#endif
