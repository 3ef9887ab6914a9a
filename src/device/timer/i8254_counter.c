// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One counter of the 8254 as a function of the tick number of its CLK input.
#include "device/timer/i8254_counter.h"

#include "base/bits.h"
#include "base/state.h"

static uint32_t modulus(const struct i8254_counter *c)
{
    return c->bcd ? 10000 : 65536;
}

static uint32_t from_register(const struct i8254_counter *c, uint16_t value)
{
    uint32_t n = value;
    if (c->bcd)
        n = (value >> 12) * 1000u + (value >> 8 & 15) * 100u + (value >> 4 & 15) * 10u +
            (value & 15);
    return n == 0 ? modulus(c) : n;
}

static uint16_t to_register(const struct i8254_counter *c, uint32_t n)
{
    n %= modulus(c);
    if (!c->bcd)
        return (uint16_t)n;
    return (uint16_t)(n / 1000 << 12 | n / 100 % 10 << 8 | n / 10 % 10 << 4 | n % 10);
}

static bool periodic(const struct i8254_counter *c)
{
    return c->mode == 2 || c->mode == 3;
}

/* Mode 3: OUT is high for the longer half of an odd count. */
static uint32_t high_half(uint32_t count)
{
    return (count + 1) / 2;
}

/* The first boundary after tick at which a new count is taken: the end of the cycle; of the half
 * cycle in mode 3. */
static int64_t next_boundary(const struct i8254_counter *c, int64_t tick)
{
    if (tick < c->start)
        return c->start;
    int64_t phase = (tick - c->start) % c->count;
    int64_t begin = tick - phase;
    if (c->mode == 3 && phase < high_half(c->count))
        return begin + high_half(c->count);
    return begin + c->count;
}

/* Let a count that was written during a cycle take over, where its time has come. */
static void catch_up(struct i8254_counter *c, int64_t tick)
{
    if (!c->reload || tick < c->reload_tick)
        return;
    bool low_half = c->mode == 3 && c->reload_tick > c->start &&
                    (c->reload_tick - c->start) % c->count == high_half(c->count) % c->count &&
                    c->count > 1;
    c->reload = false;
    c->count = c->next_count;
    c->start = c->reload_tick - (low_half ? high_half(c->count) : 0);
}

/* Ticks since the load; negative before the CLK pulse that loads. */
static int64_t elapsed(const struct i8254_counter *c, int64_t tick)
{
    return c->paused ? c->elapsed : tick - c->start;
}

static bool counting(const struct i8254_counter *c)
{
    bool by_gate = c->mode == 1 || c->mode == 5;
    return c->loaded && (!by_gate || c->triggered);
}

void i8254_counter_control(struct i8254_counter *c, unsigned mode, unsigned access, bool bcd)
{
    c->mode = (uint8_t)mode;
    c->access = (uint8_t)access;
    c->bcd = bcd;
    c->loaded = c->triggered = c->reload = false;
    c->paused = !c->gate && mode != 1 && mode != 5;
    c->elapsed = 0;
    c->low_until = 0;
    if (c->count == 0)
        c->count = 65536;
}

/* In modes 1, 4 and 5 OUT moves with CLK alone: low, it stays so until the next pulse, whatever
 * comes before it by gate or count. */
static void keep_low(struct i8254_counter *c, int64_t tick)
{
    if ((c->mode == 1 || c->mode >= 4) && !i8254_counter_output(c, tick))
        c->low_until = tick + 1;
}

/* The counting element takes the count register at the next CLK pulse. */
static void begin(struct i8254_counter *c, int64_t tick)
{
    c->count = c->next_count;
    c->start = tick + 1;
    c->elapsed = 0;
    c->reload = false;
}

void i8254_counter_load(struct i8254_counter *c, uint16_t value, int64_t tick)
{
    catch_up(c, tick);
    keep_low(c, tick);
    c->next_count = from_register(c, value);
    /* 1 is illegal in modes 2 and 3: taken as 2, the shortest wave there is. */
    if (periodic(c) && c->next_count == 1)
        c->next_count = 2;
    if (!c->loaded || c->mode == 0 || c->mode == 4) {
        c->loaded = true;
        if (c->mode != 1 && c->mode != 5)
            begin(c, tick);
        return;
    }
    /* A count written again before it took over keeps its boundary; modes 1 and 5, and a low gate
     * in modes 2 and 3, wait for the gate to rise. */
    if (!periodic(c) || c->paused)
        c->reload_tick = INT64_MAX;
    else if (!c->reload)
        c->reload_tick = next_boundary(c, tick);
    c->reload = true;
}

void i8254_counter_stop(struct i8254_counter *c, int64_t tick)
{
    c->elapsed = elapsed(c, tick);
    c->loaded = false;
}

void i8254_counter_set_gate(struct i8254_counter *c, bool level, int64_t tick)
{
    if (c->gate == level)
        return;
    catch_up(c, tick);
    keep_low(c, tick);
    c->gate = level;
    switch (c->mode) {
    case 1:
    case 5: /* a rising edge triggers */
        if (level && c->loaded) {
            c->triggered = true;
            begin(c, tick);
        }
        break;
    case 2:
    case 3: /* low: OUT is high and counting stops; a rising edge loads anew */
        if (!level) {
            c->elapsed = elapsed(c, tick);
            c->paused = true;
            c->reload_tick = INT64_MAX; /* of a count that has not taken over */
        } else {
            c->paused = false;
            if (c->loaded)
                begin(c, tick);
        }
        break;
    default: /* low: counting pauses */
        if (!level) {
            c->elapsed = elapsed(c, tick);
            if (c->mode == 4 && c->elapsed == c->count) /* the strobe, and a turn later no more */
                c->elapsed += modulus(c);
            c->paused = true;
        } else {
            c->paused = false;
            c->start = tick - c->elapsed;
        }
        break;
    }
}

bool i8254_counter_output(struct i8254_counter *c, int64_t tick)
{
    catch_up(c, tick);
    int64_t n = elapsed(c, tick);
    if (tick < c->low_until)
        return false;
    if (!counting(c) || n < 0)
        return c->mode != 0;
    switch (c->mode) {
    case 0:
    case 1: return n >= c->count;
    case 2: return c->paused || n % c->count != c->count - 1;
    case 3: return c->paused || n % c->count < high_half(c->count);
    default: return n != c->count;
    }
}

/* Mode 3 counts by two in each half; an odd count loses one at the load, and its high half ends
 * with a zero. */
static uint32_t square_wave_value(const struct i8254_counter *c, int64_t n)
{
    uint32_t phase = (uint32_t)(n % c->count);
    if (phase >= high_half(c->count))
        phase -= high_half(c->count);
    return (c->count & ~1u) - 2 * phase;
}

uint16_t i8254_counter_value(struct i8254_counter *c, int64_t tick)
{
    catch_up(c, tick);
    int64_t n = c->loaded ? elapsed(c, tick) : c->elapsed;
    if (n < 0)
        n = 0;
    if (c->mode == 3)
        return to_register(c, square_wave_value(c, n));
    if (c->mode == 2)
        return to_register(c, c->count - (uint32_t)(n % c->count));
    if (!counting(c) && c->loaded)
        n = 0; /* modes 1 and 5 before their trigger */
    uint32_t m = modulus(c);
    return to_register(c, c->count % m + m - (uint32_t)(n % m));
}

bool i8254_counter_null(struct i8254_counter *c, int64_t tick)
{
    catch_up(c, tick);
    return !counting(c) || c->reload || (!c->paused && tick < c->start);
}

int64_t i8254_counter_next_rise(struct i8254_counter *c, int64_t tick)
{
    catch_up(c, tick);
    if (c->mode >= 4 && tick < c->low_until)
        return c->low_until;
    if (!counting(c) || c->paused)
        return INT64_MAX;
    int64_t at;
    switch (c->mode) {
    case 0:
    case 1: at = c->start + c->count; break;
    case 2:
    case 3:
        if (tick < c->start)
            return c->reload ? c->reload_tick + c->next_count : c->start + c->count;
        at = c->start + ((tick - c->start) / c->count + 1) * c->count;
        if (c->reload && c->reload_tick < at) /* the low half goes on with the new count */
            at = c->reload_tick + (c->next_count - high_half(c->next_count));
        break;
    default: at = c->start + c->count + 1; break;
    }
    return at > tick ? at : INT64_MAX;
}

void i8254_counter_state(struct i8254_counter *c, struct state *s)
{
    state_u8(s, &c->mode);
    state_u8(s, &c->access);
    state_bool(s, &c->bcd);
    state_bool(s, &c->gate);
    state_bool(s, &c->loaded);
    state_bool(s, &c->triggered);
    state_bool(s, &c->paused);
    state_bool(s, &c->reload);
    state_u32(s, &c->count);
    state_u32(s, &c->next_count);
    state_i64(s, &c->start);
    state_i64(s, &c->elapsed);
    state_i64(s, &c->reload_tick);
    state_i64(s, &c->low_until);
    if (c->mode > 5 || c->count == 0 || c->count > 65536 || c->next_count == 0 ||
        c->next_count > 65536)
        s->failed = true;
    if (s->failed) {
        c->mode &= 3;
        c->count = c->next_count = 65536;
    }
}
