// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The keyboard controller with keyboard and mouse, port 92H, and the list of keys.
#include "device/input/i8042.h"

#include "chip_bench.h"
#include "device/input/ps2_keyboard.h"
#include "device/input/ps2_mouse.h"
#include "device/isa/port92.h"

enum { IRQ1 = 1, IRQ12 = 12, A20 = 20, RESET = 21 };

struct desk {
    struct bench b;
    struct ps2_keyboard *keyboard;
    struct ps2_mouse *mouse;
    struct i8042 *i8042;
};

static void open_desk(struct desk *d)
{
    struct bench *b = &d->b;
    bench_open(b);
    d->keyboard = ps2_keyboard_create(&b->log, b->clock);
    d->mouse = ps2_mouse_create(&b->log, b->clock);
    d->i8042 = i8042_create(b->memory, &b->log, ps2_keyboard_device(d->keyboard),
                            ps2_mouse_device(d->mouse), bench_line(b, IRQ1), bench_line(b, IRQ12),
                            bench_line(b, A20), bench_line(b, RESET));
}

static void close_desk(struct desk *d)
{
    i8042_destroy(d->i8042);
    ps2_mouse_destroy(d->mouse);
    ps2_keyboard_destroy(d->keyboard);
    bench_close(&d->b);
}

static void command(struct desk *d, uint8_t value)
{
    out(&d->b, 0x64, value);
}

static void data(struct desk *d, uint8_t value)
{
    out(&d->b, 0x60, value);
}

/* The next byte, waiting as a driver would; -1: none within 30 ms. */
static int next(struct desk *d)
{
    for (int i = 0; i < 300; i++) {
        if (in(&d->b, 0x64) & 1)
            return in(&d->b, 0x60);
        pass(&d->b, 100000);
    }
    return -1;
}

static void expect(struct desk *d, const char *hex)
{
    unsigned value;
    for (int n; sscanf(hex, "%x%n", &value, &n) == 1; hex += n)
        CHECK_EQ(next(d), value);
    CHECK_EQ(next(d), -1);
}

static void mouse_command(struct desk *d, uint8_t value)
{
    command(d, 0xd4);
    data(d, value);
}

TEST(controller_commands)
{
    struct desk d;
    open_desk(&d);
    CHECK_EQ(in(&d.b, 0x64), 0x18);
    command(&d, 0xaa);
    expect(&d, "55");
    CHECK_EQ(in(&d.b, 0x64) & 4, 4);
    command(&d, 0xab);
    expect(&d, "0");
    command(&d, 0xa9);
    expect(&d, "0");
    command(&d, 0x60);
    CHECK_EQ(in(&d.b, 0x64) & 8, 8);
    data(&d, 0x65);
    CHECK_EQ(in(&d.b, 0x64) & 8, 0);
    command(&d, 0x20);
    expect(&d, "65");
    command(&d, 0xa7);
    command(&d, 0xad);
    command(&d, 0x20);
    expect(&d, "75");
    command(&d, 0xa8);
    command(&d, 0xae);
    command(&d, 0x20);
    expect(&d, "45");
    command(&d, 0x7f);
    data(&d, 0x77);
    command(&d, 0x3f);
    expect(&d, "77");
    command(&d, 0xd2);
    data(&d, 0x31);
    CHECK_EQ(in(&d.b, 0x64) & 0x21, 0x01);
    expect(&d, "31");
    command(&d, 0xd3);
    data(&d, 0x32);
    CHECK_EQ(in(&d.b, 0x64) & 0x21, 0x21);
    CHECK(d.b.level[IRQ12] == false); /* its interrupt is off in 45 */
    expect(&d, "32");
    command(&d, 0xc0);
    expect(&d, "80");
    close_desk(&d);
}

TEST(a20_and_reset)
{
    struct desk d;
    open_desk(&d);
    struct port92 *port92 =
        port92_create(d.b.memory, &d.b.log, bench_line(&d.b, A20), bench_line(&d.b, RESET));
    command(&d, 0xd1);
    data(&d, 0xdf);
    CHECK(d.b.level[A20]);
    CHECK_EQ(d.b.rises[RESET], 0);
    command(&d, 0xd0);
    CHECK_EQ(next(&d) & 3, 3);
    command(&d, 0xdd);
    CHECK(!d.b.level[A20]);
    command(&d, 0xdf);
    CHECK(d.b.level[A20]);
    command(&d, 0xff);
    CHECK_EQ(d.b.rises[RESET], 0);
    command(&d, 0xfe);
    CHECK_EQ(d.b.rises[RESET], 1);
    command(&d, 0xd1);
    data(&d, 0xde);
    CHECK_EQ(d.b.rises[RESET], 2);
    out(&d.b, 0x92, 0);
    CHECK(!d.b.level[A20]);
    out(&d.b, 0x92, 2);
    CHECK(d.b.level[A20]);
    CHECK_EQ(in(&d.b, 0x92), 2);
    out(&d.b, 0x92, 3);
    CHECK_EQ(d.b.rises[RESET], 3);
    out(&d.b, 0x92, 3);
    CHECK_EQ(d.b.rises[RESET], 3);
    port92_destroy(port92);
    close_desk(&d);
}

TEST(keyboard_commands)
{
    struct desk d;
    open_desk(&d);
    data(&d, 0xff);
    expect(&d, "fa aa");
    data(&d, 0xf2);
    expect(&d, "fa ab 83");
    data(&d, 0xee);
    expect(&d, "ee");
    data(&d, 0xed);
    expect(&d, "fa");
    data(&d, 0x05);
    expect(&d, "fa");
    CHECK_EQ(ps2_keyboard_leds(d.keyboard), 5);
    data(&d, 0xf0);
    expect(&d, "fa");
    data(&d, 0x00);
    expect(&d, "fa 2");
    data(&d, 0xf0);
    expect(&d, "fa");
    data(&d, 0x04);
    expect(&d, "fe");
    data(&d, 0xf3);
    data(&d, 0xf4); /* a command in place of the parameter */
    expect(&d, "fa fa");
    data(&d, 0xfe);
    expect(&d, "fa");
    data(&d, 0xd7);
    expect(&d, "fe");
    close_desk(&d);
}

TEST(scan_codes_in_each_set)
{
    struct desk d;
    open_desk(&d);
    ps2_keyboard_key(d.keyboard, KEY_A, true);
    CHECK(d.b.level[IRQ1]);
    ps2_keyboard_key(d.keyboard, KEY_A, true); /* held: nothing new */
    ps2_keyboard_key(d.keyboard, KEY_A, false);
    expect(&d, "1c f0 1c");
    ps2_keyboard_key(d.keyboard, KEY_UP, true);
    ps2_keyboard_key(d.keyboard, KEY_UP, false);
    expect(&d, "e0 75 e0 f0 75");
    command(&d, 0x60);
    data(&d, 0x43); /* translation on */
    ps2_keyboard_key(d.keyboard, KEY_F7, true);
    ps2_keyboard_key(d.keyboard, KEY_F7, false);
    ps2_keyboard_key(d.keyboard, KEY_CTRL_R, true);
    ps2_keyboard_key(d.keyboard, KEY_CTRL_R, false);
    expect(&d, "41 c1 e0 1d e0 9d");
    ps2_keyboard_key(d.keyboard, KEY_PAUSE, true);
    ps2_keyboard_key(d.keyboard, KEY_PAUSE, false);
    expect(&d, "e1 1d 45 e1 9d c5");
    ps2_keyboard_key(d.keyboard, KEY_PRINT, true);
    ps2_keyboard_key(d.keyboard, KEY_PRINT, false);
    expect(&d, "e0 2a e0 37 e0 b7 e0 aa");
    ps2_keyboard_key(d.keyboard, KEY_ALT, true);
    ps2_keyboard_key(d.keyboard, KEY_PRINT, true);
    ps2_keyboard_key(d.keyboard, KEY_PRINT, false);
    ps2_keyboard_key(d.keyboard, KEY_ALT, false);
    expect(&d, "38 54 d4 b8");
    command(&d, 0x60);
    data(&d, 0x03);
    data(&d, 0xf0);
    data(&d, 0x01);
    expect(&d, "fa fa");
    ps2_keyboard_key(d.keyboard, KEY_Q, true);
    ps2_keyboard_key(d.keyboard, KEY_Q, false);
    expect(&d, "10 90");
    data(&d, 0xf0);
    data(&d, 0x03);
    expect(&d, "fa fa");
    ps2_keyboard_key(d.keyboard, KEY_CTRL, true);
    ps2_keyboard_key(d.keyboard, KEY_F1, true);
    ps2_keyboard_key(d.keyboard, KEY_F1, false);
    ps2_keyboard_key(d.keyboard, KEY_CTRL, false);
    expect(&d, "11 7 f0 11");
    data(&d, 0xf8);
    expect(&d, "fa");
    ps2_keyboard_key(d.keyboard, KEY_F1, true);
    ps2_keyboard_key(d.keyboard, KEY_F1, false);
    expect(&d, "7 f0 7");
    close_desk(&d);
}

/* The controller turns each key's set 2 code into its set 1 code. */
TEST(key_list_agrees_with_the_translation)
{
    for (unsigned k = 0; k < KEY_COUNT; k++) {
        const struct keycode_codes *codes = keycode_codes((enum keycode)k);
        if (k == KEY_PAUSE)
            continue;
        CHECK_EQ(codes->set1 & KEYCODE_E0, codes->set2 & KEYCODE_E0);
        CHECK_EQ(codes->set1 & 0xff, i8042_translate((uint8_t)codes->set2));
    }
    CHECK_EQ(i8042_translate(0xfa), 0xfa);
    CHECK_EQ(i8042_translate(0xaa), 0xaa);
}

TEST(keys_by_name)
{
    enum keycode key;
    bool shift;
    CHECK(keycode_find("ret", 3, &key) && key == KEY_RET);
    CHECK(keycode_find("shift_r-x", 7, &key) && key == KEY_SHIFT_R);
    CHECK(keycode_find("0x1e", 4, &key) && key == KEY_A);
    CHECK(keycode_find("0xc8", 4, &key) && key == KEY_UP);
    CHECK(!keycode_find("re", 2, &key));
    CHECK(!keycode_find("", 0, &key));
    CHECK(!keycode_find("0x", 2, &key));
    CHECK(keycode_from_ascii('A', &key, &shift) && key == KEY_A && shift);
    CHECK(keycode_from_ascii('?', &key, &shift) && key == KEY_SLASH && shift);
    CHECK(keycode_from_ascii('\n', &key, &shift) && key == KEY_RET && !shift);
    CHECK(!keycode_from_ascii('\x01', &key, &shift));
    for (unsigned k = 0; k < KEY_COUNT; k++)
        CHECK(keycode_find(keycode_name((enum keycode)k), strlen(keycode_name((enum keycode)k)),
                           &key) &&
              key == k);
}

TEST(the_same_byte_can_be_read_twice)
{
    struct desk d;
    open_desk(&d);
    ps2_keyboard_key(d.keyboard, KEY_A, true);
    ps2_keyboard_key(d.keyboard, KEY_A, false);
    CHECK_EQ(in(&d.b, 0x60), 0x1c);
    CHECK(!d.b.level[IRQ1]);
    pass(&d.b, 100000);
    CHECK_EQ(in(&d.b, 0x60), 0x1c);
    pass(&d.b, 1000000);
    CHECK(d.b.level[IRQ1]);
    CHECK_EQ(in(&d.b, 0x60), 0xf0);
    close_desk(&d);
}

TEST(typematic)
{
    struct desk d;
    open_desk(&d);
    data(&d, 0xf3);
    data(&d, 0x00); /* 250 ms, 30 a second */
    expect(&d, "fa fa");
    ps2_keyboard_key(d.keyboard, KEY_X, true);
    expect(&d, "22");
    pass(&d.b, 180000000);
    CHECK_EQ(next(&d), -1);
    unsigned seen = 0;
    for (int i = 0; i < 10000; i++) {
        pass(&d.b, 100000);
        while (in(&d.b, 0x64) & 1) {
            CHECK_EQ(in(&d.b, 0x60), 0x22);
            seen++;
        }
    }
    CHECK(seen >= 29 && seen <= 31);
    pass(&d.b, NS_PER_SECOND); /* nobody reads: no backlog but one */
    ps2_keyboard_key(d.keyboard, KEY_X, false);
    CHECK_EQ(next(&d), 0x22);
    CHECK_EQ(next(&d), 0x22);
    expect(&d, "f0 22");
    close_desk(&d);
}

TEST(full_keyboard_buffer_overruns)
{
    struct desk d;
    open_desk(&d);
    for (int i = 0; i < 10; i++) {
        ps2_keyboard_key(d.keyboard, KEY_A, true);
        ps2_keyboard_key(d.keyboard, KEY_A, false);
    }
    expect(&d, "1c f0 1c 1c f0 1c 1c f0 1c 1c f0 1c 1c f0 1c 1c 0");
    close_desk(&d);
}

TEST(mouse_stream)
{
    struct desk d;
    open_desk(&d);
    mouse_command(&d, 0xff);
    expect(&d, "fa aa 0");
    ps2_mouse_move(d.mouse, 1, 1, 0); /* not enabled */
    CHECK_EQ(next(&d), -1);
    mouse_command(&d, 0xf4);
    CHECK(d.b.level[IRQ12] && !d.b.level[IRQ1]);
    expect(&d, "fa");
    ps2_mouse_move(d.mouse, 5, 3, 0);
    CHECK_EQ(in(&d.b, 0x64) & 0x21, 0x21);
    expect(&d, "28 5 fd");
    ps2_mouse_buttons(d.mouse, PS2_BUTTON_LEFT | PS2_BUTTON_MIDDLE);
    expect(&d, "d 0 0");
    ps2_mouse_move(d.mouse, -300, 0, 0); /* more than one packet holds */
    expect(&d, "1d 1 0 1d d3 0");
    mouse_command(&d, 0xe9);
    expect(&d, "fa 26 2 64");
    close_desk(&d);
}

TEST(mouse_wheel_knock_and_remote)
{
    struct desk d;
    open_desk(&d);
    static const uint8_t rates[] = { 200, 100, 80 };
    for (int i = 0; i < 3; i++) {
        mouse_command(&d, 0xf3);
        mouse_command(&d, rates[i]);
        next(&d);
        next(&d);
    }
    mouse_command(&d, 0xf2);
    expect(&d, "fa 3");
    mouse_command(&d, 0xf4);
    expect(&d, "fa");
    ps2_mouse_move(d.mouse, 0, 0, -1);
    expect(&d, "8 0 0 ff");
    mouse_command(&d, 0xf0);
    expect(&d, "fa");
    ps2_mouse_move(d.mouse, 2, -2, 0);
    CHECK_EQ(next(&d), -1);
    mouse_command(&d, 0xeb);
    expect(&d, "fa 8 2 2 0");
    mouse_command(&d, 0xee); /* wrap */
    expect(&d, "fa");
    mouse_command(&d, 0xf2);
    expect(&d, "f2");
    mouse_command(&d, 0xec);
    expect(&d, "fa");
    mouse_command(&d, 0xe8);
    mouse_command(&d, 4);
    expect(&d, "fa fe");
    close_desk(&d);
}

TEST(disabled_interfaces_hold_their_bytes)
{
    struct desk d;
    open_desk(&d);
    command(&d, 0xad);
    ps2_keyboard_key(d.keyboard, KEY_A, true);
    CHECK_EQ(next(&d), -1);
    command(&d, 0xae);
    expect(&d, "1c");
    close_desk(&d);
}

TEST(any_bytes_do_no_harm)
{
    struct desk d;
    open_desk(&d);
    uint32_t seed = 1;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 1664525 + 1013904223;
        uint8_t value = (uint8_t)(seed >> 24);
        switch (seed >> 20 & 7) {
        case 0: data(&d, value); break;
        case 1: command(&d, value); break;
        case 2: mouse_command(&d, value); break;
        case 3: in(&d.b, 0x60); break;
        case 4:
            ps2_keyboard_key(d.keyboard, (enum keycode)(value % KEY_COUNT), seed >> 10 & 1);
            break;
        case 5: ps2_mouse_move(d.mouse, (int8_t)value * 64, value, (int8_t)value); break;
        case 6: ps2_mouse_buttons(d.mouse, value); break;
        default: pass(&d.b, 1000000); break;
        }
    }
    close_desk(&d);
}
