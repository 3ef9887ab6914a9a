// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the world does to the board: somebody types, moves the mouse, looks at the screen, changes the disc.
#include "backend/block/raw.h"
#include "backend/char.h"
#include "backend/screen.h"
#include "base/bits.h"
#include "chips.h"
#include "device/display/vga.h"
#include "device/input/ps2_keyboard.h"
#include "device/input/ps2_mouse.h"

enum { CD_DRIVE = 2 };

static void move_mouse(struct session *s, struct input *in)
{
    int dx = (int16_t)input_take(in, 2), dy = (int16_t)input_take(in, 2),
        wheel = (int8_t)input_take(in, 1);
    ps2_mouse_move(s->pc->mouse, dx, dy, wheel);
    ps2_mouse_buttons(s->pc->mouse, (unsigned)input_take(in, 1));
}

static void send_bytes(struct session *s, struct input *in)
{
    struct char_backend *b = s->serial[0];
    uint8_t bytes[16];
    size_t length = MIN(input_take(in, 1) % (sizeof bytes + 1), char_user_can_receive(b));
    for (size_t n = 0; n < length; n++)
        bytes[n] = (uint8_t)input_take(in, 1);
    if (length > 0)
        b->user.receive(b->user.opaque, bytes, length);
    else
        char_user_event(b, CHAR_EVENT_BREAK);
}

static void draw(struct session *s)
{
    static struct screen_image image;
    static struct screen_text text;
    struct screen_source source = vga_screen(s->pc->vga);
    unsigned width, height;
    source.size(source.opaque, &width, &height);
    source.render(source.opaque, &image);
    source.text(source.opaque, &text);
}

static void change_medium(struct session *s, struct input *in)
{
    struct error err = { "" };
    block_backend_change(s->drives[CD_DRIVE], input_take(in, 1) & 1 ? "cd" : NULL, &err);
}

void chips_reach_from_outside(struct session *s, struct input *in)
{
    unsigned what = (unsigned)input_take(in, 1);
    switch (what & 7) {
    case 0: change_medium(s, in); break;
    case 1: move_mouse(s, in); break;
    case 2: send_bytes(s, in); break;
    case 3:
    case 4: ps2_keyboard_key(s->pc->keyboard, input_take(in, 1) % KEY_COUNT, what & 8); break;
    case 5: pc_powerdown(s->pc); break;
    default: draw(s); break;
    }
}
