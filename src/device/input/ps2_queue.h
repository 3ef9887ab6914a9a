// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A short byte queue, as PS/2 devices and their controller have them.
#ifndef DEVICE_INPUT_PS2_QUEUE_H
#define DEVICE_INPUT_PS2_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/state.h"

#define PS2_QUEUE_SIZE 32

struct ps2_queue {
    uint8_t data[PS2_QUEUE_SIZE];
    uint8_t head, count;
};

static inline void ps2_queue_clear(struct ps2_queue *q)
{
    q->head = q->count = 0;
}

/* False where it is full. */
static inline bool ps2_queue_put(struct ps2_queue *q, uint8_t value)
{
    if (q->count == PS2_QUEUE_SIZE)
        return false;
    q->data[(q->head + q->count++) % PS2_QUEUE_SIZE] = value;
    return true;
}

/* Only while count > 0. */
static inline uint8_t ps2_queue_get(struct ps2_queue *q)
{
    uint8_t value = q->data[q->head];
    q->head = (q->head + 1) % PS2_QUEUE_SIZE;
    q->count--;
    return value;
}

/* The byte that was put last; only while count > 0. */
static inline uint8_t ps2_queue_last(const struct ps2_queue *q)
{
    return q->data[(q->head + q->count - 1) % PS2_QUEUE_SIZE];
}

static inline void ps2_queue_state(struct ps2_queue *q, struct state *s)
{
    state_bytes(s, q->data, sizeof q->data);
    state_u8(s, &q->head);
    state_u8(s, &q->count);
    if (q->head >= PS2_QUEUE_SIZE || q->count > PS2_QUEUE_SIZE) {
        s->failed = true;
        ps2_queue_clear(q);
    }
}

#endif
