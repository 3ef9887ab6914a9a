// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A PS/2 mouse with wheel (IntelliMouse).
#include "device/input/ps2_mouse.h"

#include "base/bits.h"
#include "base/state.h"
#include "device/input/ps2_queue.h"
#include "host/host.h"

/* Commands and answers: IBM PS/2 technical reference, "mouse". */
enum {
    CMD_SCALING_1 = 0xe6,
    CMD_SCALING_2 = 0xe7,
    CMD_RESOLUTION = 0xe8,
    CMD_STATUS = 0xe9,
    CMD_STREAM = 0xea,
    CMD_READ_DATA = 0xeb,
    CMD_RESET_WRAP = 0xec,
    CMD_WRAP = 0xee,
    CMD_REMOTE = 0xf0,
    CMD_ID = 0xf2,
    CMD_SAMPLE_RATE = 0xf3,
    CMD_ENABLE = 0xf4,
    CMD_DISABLE = 0xf5,
    CMD_DEFAULTS = 0xf6,
    CMD_RESEND = 0xfe,
    CMD_RESET = 0xff,
};
enum { ANSWER_ACK = 0xfa, ANSWER_ERROR = 0xfc, ANSWER_RESEND = 0xfe, ANSWER_BAT_OK = 0xaa };

/* The protocols that knocking with sample rates unlocks: 200, 100, 80 the wheel; then 200, 200, 80
 * five buttons. */
enum { ID_PLAIN = 0, ID_WHEEL = 3, ID_FIVE_BUTTONS = 4 };

enum { DEFAULT_RATE = 100, DEFAULT_RESOLUTION = 2, PENDING_LIMIT = 4096 };

struct ps2_mouse {
    const struct log *log;
    struct clock *clock;
    struct ps2_device device;
    struct ps2_queue queue;
    struct timer sample; /* armed until the next packet may go */
    uint8_t command;     /* whose parameter comes next; 0: none */
    uint8_t last_sent, id, rate, resolution, buttons;
    uint8_t rates[2]; /* the sample rates set before this one */
    bool enabled, remote, wrap, scaling_2;
    bool changed;          /* a button went since the last packet */
    int64_t dx, dy, wheel; /* not sent yet; y upwards */
};

static void answer(struct ps2_mouse *mouse, uint8_t value)
{
    ps2_queue_put(&mouse->queue, value);
}

/* Scaling 2:1 (stream mode only): small counts stay small, large ones double. */
static int scale(int value)
{
    static const uint8_t table[6] = { 0, 1, 1, 3, 6, 9 };
    int magnitude = value < 0 ? -value : value;
    magnitude = magnitude < 6 ? table[magnitude] : 2 * magnitude;
    return value < 0 ? -magnitude : magnitude;
}

/* Take from an accumulator what one packet can carry. */
static int take(int64_t *pending, int low, int high)
{
    int value = (int)(*pending < low ? low : *pending > high ? high : *pending);
    *pending -= value;
    return value;
}

static void put_packet(struct ps2_mouse *mouse, bool scaled)
{
    int limit = scaled ? 127 : 255;
    int dx = take(&mouse->dx, -limit, limit), dy = take(&mouse->dy, -limit, limit);
    if (scaled) {
        dx = scale(dx);
        dy = scale(dy);
    }
    answer(mouse,
           (uint8_t)(0x08 | (mouse->buttons & 7) | (dx < 0 ? 0x10 : 0) | (dy < 0 ? 0x20 : 0)));
    answer(mouse, (uint8_t)dx);
    answer(mouse, (uint8_t)dy);
    int wheel = take(&mouse->wheel, -8, 7);
    if (mouse->id == ID_WHEEL)
        answer(mouse, (uint8_t)wheel);
    else if (mouse->id == ID_FIVE_BUTTONS)
        answer(mouse, (uint8_t)((wheel & 0xf) | (mouse->buttons & 0x18) << 1));
    mouse->changed = false;
}

static void ready(struct ps2_mouse *mouse)
{
    if (mouse->queue.count > 0 && mouse->device.data_ready != NULL)
        mouse->device.data_ready(mouse->device.controller);
}

/* Stream mode: a packet goes when something has changed, the last one was read, and the sample time
 * has passed. */
static void stream(struct ps2_mouse *mouse)
{
    bool moved = mouse->dx != 0 || mouse->dy != 0 || (mouse->wheel != 0 && mouse->id != ID_PLAIN);
    if (!mouse->enabled || mouse->remote || mouse->wrap || mouse->command != 0 ||
        mouse->queue.count > 0 || timer_armed(&mouse->sample) || !(moved || mouse->changed))
        return;
    put_packet(mouse, mouse->scaling_2);
    timer_set(&mouse->sample, clock_now(mouse->clock) + NS_PER_SECOND / mouse->rate);
    ready(mouse);
}

static void sample_due(void *opaque)
{
    stream(opaque);
}

void ps2_mouse_move(struct ps2_mouse *mouse, int dx, int dy, int wheel)
{
    if (!mouse->enabled && !mouse->remote)
        return;
    mouse->dx = MAX(-PENDING_LIMIT, MIN(PENDING_LIMIT, mouse->dx + dx));
    mouse->dy = MAX(-PENDING_LIMIT, MIN(PENDING_LIMIT, mouse->dy - dy));
    mouse->wheel = MAX(-PENDING_LIMIT, MIN(PENDING_LIMIT, mouse->wheel + wheel));
    stream(mouse);
}

void ps2_mouse_buttons(struct ps2_mouse *mouse, unsigned buttons)
{
    buttons &= 0x1f;
    mouse->changed |= buttons != mouse->buttons;
    mouse->buttons = (uint8_t)buttons;
    stream(mouse);
}

static void drop_movement(struct ps2_mouse *mouse)
{
    mouse->dx = mouse->dy = mouse->wheel = 0;
    mouse->changed = false;
}

static void set_defaults(struct ps2_mouse *mouse)
{
    mouse->rate = DEFAULT_RATE;
    mouse->resolution = DEFAULT_RESOLUTION;
    mouse->enabled = mouse->remote = mouse->scaling_2 = false;
    timer_cancel(&mouse->sample);
    drop_movement(mouse);
}

static void put_status(struct ps2_mouse *mouse)
{
    uint8_t b = mouse->buttons;
    answer(mouse, (uint8_t)(mouse->remote << 6 | mouse->enabled << 5 | mouse->scaling_2 << 4 |
                            (b & PS2_BUTTON_LEFT ? 4 : 0) | (b & PS2_BUTTON_MIDDLE ? 2 : 0) |
                            (b & PS2_BUTTON_RIGHT ? 1 : 0)));
    answer(mouse, mouse->resolution);
    answer(mouse, mouse->rate);
}

static void set_rate(struct ps2_mouse *mouse, uint8_t rate)
{
    if (mouse->rates[0] == 200 && mouse->rates[1] == 100 && rate == 80)
        mouse->id = ID_WHEEL;
    else if (mouse->rates[0] == 200 && mouse->rates[1] == 200 && rate == 80 &&
             mouse->id == ID_WHEEL)
        mouse->id = ID_FIVE_BUTTONS;
    mouse->rates[0] = mouse->rates[1];
    mouse->rates[1] = mouse->rate = rate;
}

/* A wrong parameter is answered by FE, twice in a row by FC; here always FE. */
static void write_parameter(struct ps2_mouse *mouse, uint8_t command, uint8_t value)
{
    if (command == CMD_RESOLUTION ? value > 3 : value < 10 || value > 200) {
        answer(mouse, ANSWER_RESEND);
        return;
    }
    if (command == CMD_RESOLUTION)
        mouse->resolution = value;
    else
        set_rate(mouse, value);
    answer(mouse, ANSWER_ACK);
}

static void reset(struct ps2_mouse *mouse)
{
    set_defaults(mouse);
    mouse->id = ID_PLAIN;
    mouse->wrap = false;
    mouse->rates[0] = mouse->rates[1] = 0;
}

static void write_command(struct ps2_mouse *mouse, uint8_t value)
{
    if (value != CMD_RESEND)
        answer(mouse, ANSWER_ACK);
    switch (value) {
    case CMD_SCALING_1: mouse->scaling_2 = false; break;
    case CMD_SCALING_2: mouse->scaling_2 = true; break;
    case CMD_RESOLUTION:
    case CMD_SAMPLE_RATE: mouse->command = value; break;
    case CMD_STATUS: put_status(mouse); break;
    case CMD_STREAM:
        mouse->remote = false;
        drop_movement(mouse);
        break;
    case CMD_READ_DATA: put_packet(mouse, false); break;
    case CMD_RESET_WRAP: mouse->wrap = false; break;
    case CMD_WRAP: mouse->wrap = true; break;
    case CMD_REMOTE:
        mouse->remote = true;
        drop_movement(mouse);
        break;
    case CMD_ID: answer(mouse, mouse->id); break;
    case CMD_ENABLE:
        mouse->enabled = true;
        drop_movement(mouse);
        break;
    case CMD_DISABLE:
        mouse->enabled = false;
        drop_movement(mouse);
        break;
    case CMD_DEFAULTS: set_defaults(mouse); break;
    case CMD_RESEND: answer(mouse, mouse->last_sent); break;
    case CMD_RESET:
        reset(mouse);
        answer(mouse, ANSWER_BAT_OK);
        answer(mouse, mouse->id);
        break;
    default:
        LOG(mouse->log, GUEST_ERRORS, "mouse: unknown command %02x\n", value);
        ps2_queue_clear(&mouse->queue);
        answer(mouse, ANSWER_RESEND);
        break;
    }
}

static void device_write(void *opaque, uint8_t value)
{
    struct ps2_mouse *mouse = opaque;
    uint8_t command = mouse->command;
    LOG(mouse->log, INPUT, "mouse: gets %02x\n", value);
    mouse->command = 0;
    ps2_queue_clear(&mouse->queue); /* a command cuts a packet off */
    if (mouse->wrap && value != CMD_RESET_WRAP && value != CMD_RESET)
        answer(mouse, value);
    else if (command != 0)
        write_parameter(mouse, command, value);
    else
        write_command(mouse, value);
    ready(mouse);
}

static bool has_data(const void *opaque)
{
    return ((const struct ps2_mouse *)opaque)->queue.count > 0;
}

static uint8_t device_read(void *opaque)
{
    struct ps2_mouse *mouse = opaque;
    if (mouse->queue.count > 0)
        mouse->last_sent = ps2_queue_get(&mouse->queue);
    stream(mouse);
    return mouse->last_sent;
}

struct ps2_device *ps2_mouse_device(struct ps2_mouse *mouse)
{
    return &mouse->device;
}

struct ps2_mouse *ps2_mouse_create(const struct log *log, struct clock *clock)
{
    struct ps2_mouse *mouse = host_alloc(sizeof *mouse);
    mouse->log = log;
    mouse->clock = clock;
    mouse->device = (struct ps2_device){
        .write = device_write, .read = device_read, .has_data = has_data, .opaque = mouse
    };
    timer_init(&mouse->sample, clock, sample_due, mouse);
    ps2_mouse_reset(mouse);
    return mouse;
}

void ps2_mouse_destroy(struct ps2_mouse *mouse)
{
    if (mouse == NULL)
        return;
    timer_cancel(&mouse->sample);
    host_free(mouse);
}

void ps2_mouse_reset(struct ps2_mouse *mouse)
{
    reset(mouse);
    ps2_queue_clear(&mouse->queue);
    mouse->command = mouse->last_sent = 0;
}

void ps2_mouse_state(struct ps2_mouse *mouse, struct state *s)
{
    uint8_t *bytes[] = { &mouse->command, &mouse->last_sent,  &mouse->id,       &mouse->rate,
                         &mouse->buttons, &mouse->resolution, &mouse->rates[0], &mouse->rates[1] };
    bool *flags[] = { &mouse->enabled, &mouse->remote, &mouse->wrap, &mouse->scaling_2,
                      &mouse->changed };
    state_section(s, "ps2_mouse", 1);
    ps2_queue_state(&mouse->queue, s);
    for (unsigned i = 0; i < ARRAY_SIZE(bytes); i++)
        state_u8(s, bytes[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
        state_bool(s, flags[i]);
    state_i64(s, &mouse->dx);
    state_i64(s, &mouse->dy);
    state_i64(s, &mouse->wheel);
    if (mouse->rate == 0)
        mouse->rate = DEFAULT_RATE;
    if (s->loading)
        timer_cancel(&mouse->sample);
}
