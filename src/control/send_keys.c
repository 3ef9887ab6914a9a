// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The queue of keys to press and release.
#include "control/send_keys.h"

#include <string.h>

#include "base/bits.h"
#include "device/input/ps2_keyboard.h"
#include "host/host.h"

#define KEYS_AT_ONCE 16
#define STEPS_MAX    4096
#define NS_PER_MS    INT64_C(1000000)

struct step {
    enum { STEP_DOWN, STEP_UP, STEP_WAIT } kind;
    unsigned value; /* key, or milliseconds */
};

struct key_sender {
    struct ps2_keyboard *keyboard;
    struct timer timer;
    struct step steps[STEPS_MAX];
    unsigned first, count;
};

/* All that comes before the next wait; the timer then calls again. */
static void proceed(void *opaque)
{
    struct key_sender *k = opaque;
    while (k->count > 0) {
        struct step step = k->steps[k->first];
        k->first = (k->first + 1) % STEPS_MAX;
        k->count--;
        if (step.kind == STEP_WAIT) {
            timer_set(&k->timer, clock_now(k->timer.clock) + step.value * NS_PER_MS);
            return;
        }
        ps2_keyboard_key(k->keyboard, (enum keycode)step.value, step.kind == STEP_DOWN);
    }
}

static void add(struct key_sender *k, struct step step)
{
    k->steps[(k->first + k->count) % STEPS_MAX] = step;
    k->count++;
}

static bool parse(const char *keys, enum keycode *list, unsigned *count, struct error *err)
{
    *count = 0;
    while (*keys != '\0') {
        size_t length = strcspn(keys, "-");
        if (*count == KEYS_AT_ONCE)
            return error_set(err, "too many keys");
        /* As QEMU has it: "<" is the key called less. */
        if (length == 1 && *keys == '<' ? !keycode_find("less", 4, &list[*count])
                                        : !keycode_find(keys, length, &list[*count]))
            return error_set(err, "invalid parameter: %.*s", (int)length, keys);
        (*count)++;
        keys += length + (keys[length] == '-');
    }
    return true;
}

bool key_sender_send(struct key_sender *k, const char *keys, unsigned hold_ms, struct error *err)
{
    enum keycode list[KEYS_AT_ONCE];
    unsigned count;
    if (!parse(keys, list, &count, err))
        return false;
    if (k->count + 2 * count + 2 > STEPS_MAX)
        return error_set(err, "too many keys are waiting already");
    bool idle = k->count == 0 && !timer_armed(&k->timer);
    for (unsigned n = 0; n < count; n++)
        add(k, (struct step){ STEP_DOWN, list[n] });
    add(k, (struct step){ STEP_WAIT, hold_ms });
    for (unsigned n = count; n-- > 0;)
        add(k, (struct step){ STEP_UP, list[n] });
    add(k, (struct step){ STEP_WAIT, hold_ms });
    if (idle)
        proceed(k);
    return true;
}

struct key_sender *key_sender_create(struct ps2_keyboard *keyboard, struct clock *clock)
{
    struct key_sender *k = host_alloc(sizeof *k);
    k->keyboard = keyboard;
    timer_init(&k->timer, clock, proceed, k);
    return k;
}

void key_sender_destroy(struct key_sender *k)
{
    if (k != NULL)
        timer_cancel(&k->timer);
    host_free(k);
}
