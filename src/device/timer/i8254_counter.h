// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One counter of the 8254 as a function of the tick number of its CLK input.
#ifndef DEVICE_TIMER_I8254_COUNTER_H
#define DEVICE_TIMER_I8254_COUNTER_H

#include <stdbool.h>
#include <stdint.h>

struct state;

/*
 * Nothing counts here: from the tick at which the counting element was loaded, its value and OUT at
 * any later tick follow (8254 data sheet, "mode definitions"). Ticks passed to these functions
 * never go back.
 */
struct i8254_counter {
    uint8_t mode;   /* 0-5 */
    uint8_t access; /* RW1, RW0: 1 low byte, 2 high byte, 3 both */
    bool bcd;
    bool gate;
    bool loaded;         /* a count was written since the control word */
    bool triggered;      /* modes 1 and 5: a gate edge came since then */
    bool paused;         /* the gate is low: elapsed holds what has been counted */
    bool reload;         /* modes 2 and 3: next_count takes over at tick reload_tick */
    uint32_t count;      /* of the counting element: 1 to 65536 (10000) */
    uint32_t next_count; /* the count register */
    int64_t start;       /* tick of the load */
    int64_t elapsed;
    int64_t reload_tick;
    int64_t low_until; /* modes 1, 4 and 5: OUT that is low stays so until this tick */
};

void i8254_counter_control(struct i8254_counter *c, unsigned mode, unsigned access, bool bcd);
/* A count was written in full; mode 0 stops at the first of two bytes already. */
void i8254_counter_load(struct i8254_counter *c, uint16_t value, int64_t tick);
void i8254_counter_stop(struct i8254_counter *c, int64_t tick);
void i8254_counter_set_gate(struct i8254_counter *c, bool level, int64_t tick);

bool i8254_counter_output(struct i8254_counter *c, int64_t tick);
uint16_t i8254_counter_value(struct i8254_counter *c, int64_t tick);
bool i8254_counter_null(struct i8254_counter *c, int64_t tick);
/* The first tick after this one at which OUT rises; INT64_MAX: never. */
int64_t i8254_counter_next_rise(struct i8254_counter *c, int64_t tick);

void i8254_counter_state(struct i8254_counter *c, struct state *s);

#endif
