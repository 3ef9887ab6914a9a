// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A PS/2 keyboard: scan code sets 1, 2 and 3.
#include "device/input/ps2_keyboard.h"

#include "base/bits.h"
#include "base/state.h"
#include "device/input/ps2_queue.h"
#include "host/host.h"

/* Commands and answers: IBM PS/2 technical reference, "101/102-key keyboard". */
enum {
    CMD_LEDS = 0xed,
    CMD_ECHO = 0xee,
    CMD_SCAN_SET = 0xf0,
    CMD_ID = 0xf2,
    CMD_TYPEMATIC = 0xf3,
    CMD_ENABLE = 0xf4,
    CMD_DISABLE = 0xf5,
    CMD_DEFAULTS = 0xf6,
    CMD_ALL_TYPEMATIC = 0xf7,
    CMD_ALL_MAKE_BREAK = 0xf8,
    CMD_ALL_MAKE = 0xf9,
    CMD_ALL_TYPEMATIC_MAKE_BREAK = 0xfa,
    CMD_KEY_TYPEMATIC = 0xfb,
    CMD_KEY_MAKE_BREAK = 0xfc,
    CMD_KEY_MAKE = 0xfd,
    CMD_RESEND = 0xfe,
    CMD_RESET = 0xff,
};
enum { ANSWER_ACK = 0xfa, ANSWER_RESEND = 0xfe, ANSWER_BAT_OK = 0xaa };
enum { BREAK_PREFIX = 0xf0, E0_PREFIX = 0xe0 };

/* How a key behaves in set 3. */
enum { TYPE_TYPEMATIC = 1, TYPE_BREAK = 2 };

enum {
    BUFFER_SIZE = 16,         /* scan codes that a keyboard keeps */
    DEFAULT_TYPEMATIC = 0x2b, /* 500 ms, then 10.9 a second */
    /*
     * A byte takes eleven clocks of 10-16.7 kHz on the wire. Programs that hook the keyboard
     * interrupt read port 60H and then let the BIOS read the same byte again: the next one must not
     * be there at once.
     */
    BYTE_NS = 700000,
};

struct ps2_keyboard {
    const struct log *log;
    struct clock *clock;
    struct ps2_device device;
    struct ps2_queue answers; /* go before scan codes */
    struct ps2_queue codes;
    struct timer wire; /* armed while the last scan code byte is on its way */
    struct timer repeat;
    uint8_t command; /* whose parameter comes next; 0: none */
    uint8_t last_sent;
    uint8_t scan_set, leds, typematic;
    uint8_t repeat_key;
    bool enabled;
    uint8_t pressed[KEY_COUNT];
    uint8_t types[KEY_COUNT];
};

static void ready(struct ps2_keyboard *keyboard)
{
    if (keyboard->device.data_ready != NULL)
        keyboard->device.data_ready(keyboard->device.controller);
}

static void answer(struct ps2_keyboard *keyboard, uint8_t value)
{
    ps2_queue_put(&keyboard->answers, value);
}

/* Scan codes wait while a command is being given, and for the one before to leave the wire. */
static bool has_data(const void *opaque)
{
    const struct ps2_keyboard *keyboard = opaque;
    if (keyboard->answers.count > 0)
        return true;
    return keyboard->command == 0 && keyboard->codes.count > 0 && !timer_armed(&keyboard->wire);
}

static uint8_t device_read(void *opaque)
{
    struct ps2_keyboard *keyboard = opaque;
    if (keyboard->answers.count > 0) {
        keyboard->last_sent = ps2_queue_get(&keyboard->answers);
    } else if (keyboard->codes.count > 0) {
        keyboard->last_sent = ps2_queue_get(&keyboard->codes);
        timer_set(&keyboard->wire, clock_now(keyboard->clock) + BYTE_NS);
    }
    return keyboard->last_sent;
}

static void wire_free(void *opaque)
{
    struct ps2_keyboard *keyboard = opaque;
    if (has_data(keyboard))
        ready(keyboard);
}

/* What does not fit is lost, and one overrun code takes its place: 00 in sets 2 and 3, FF in 1. */
static void put_sequence(struct ps2_keyboard *keyboard, const uint8_t *bytes, unsigned length)
{
    struct ps2_queue *codes = &keyboard->codes;
    uint8_t overrun = keyboard->scan_set == 1 ? 0xff : 0x00;
    if (codes->count + length <= BUFFER_SIZE) {
        for (unsigned i = 0; i < length; i++)
            ps2_queue_put(codes, bytes[i]);
    } else if (ps2_queue_last(codes) != overrun) {
        ps2_queue_put(codes, overrun);
    }
}

static bool is_pressed(const struct ps2_keyboard *keyboard, enum keycode a, enum keycode b)
{
    return keyboard->pressed[a] || keyboard->pressed[b];
}

/* Make or break of one code with its prefixes; the length. */
static unsigned encode(const struct ps2_keyboard *keyboard, uint16_t code, bool make,
                       uint8_t out[3])
{
    unsigned n = 0;
    if (code & KEYCODE_E0)
        out[n++] = E0_PREFIX;
    if (keyboard->scan_set == 1) {
        out[n++] = (uint8_t)(code & 0x7f) | (make ? 0 : 0x80);
        return n;
    }
    if (!make)
        out[n++] = BREAK_PREFIX;
    out[n++] = (uint8_t)code;
    return n;
}

/* Print Screen is a shifted keypad asterisk to old software: with no shift or control down it
 * brings its own shift. */
static void send_print(struct ps2_keyboard *keyboard, const struct keycode_codes *codes, bool make)
{
    uint16_t shift = KEYCODE_E0 | (keyboard->scan_set == 1 ? 0x2a : 0x12);
    uint16_t code = keyboard->scan_set == 1 ? codes->set1 : codes->set2;
    bool bare = !is_pressed(keyboard, KEY_SHIFT, KEY_SHIFT_R) &&
                !is_pressed(keyboard, KEY_CTRL, KEY_CTRL_R);
    uint8_t bytes[6];
    unsigned n = 0;
    if (bare && make)
        n += encode(keyboard, shift, true, bytes);
    n += encode(keyboard, code, make, bytes + n);
    if (bare && !make)
        n += encode(keyboard, shift, false, bytes + n);
    put_sequence(keyboard, bytes, n);
}

/* Pause sends make and break at once and nothing when released; with control it is Break. */
static void send_pause(struct ps2_keyboard *keyboard, bool make)
{
    static const uint8_t pause1[] = { 0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5 };
    static const uint8_t pause2[] = { 0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77 };
    static const uint8_t break1[] = { 0xe0, 0x46, 0xe0, 0xc6 };
    static const uint8_t break2[] = { 0xe0, 0x7e, 0xe0, 0xf0, 0x7e };
    if (!make)
        return;
    bool with_control = is_pressed(keyboard, KEY_CTRL, KEY_CTRL_R), set1 = keyboard->scan_set == 1;
    if (with_control)
        put_sequence(keyboard, set1 ? break1 : break2, set1 ? sizeof break1 : sizeof break2);
    else
        put_sequence(keyboard, set1 ? pause1 : pause2, set1 ? sizeof pause1 : sizeof pause2);
}

static void send_key(struct ps2_keyboard *keyboard, enum keycode key, bool make)
{
    const struct keycode_codes *codes = keycode_codes(key);
    uint8_t bytes[3];
    unsigned n;
    if (keyboard->scan_set == 3) {
        if (codes->set3 == 0 || (!make && !(keyboard->types[key] & TYPE_BREAK)))
            return;
        n = encode(keyboard, codes->set3, make, bytes);
    } else if (key == KEY_PRINT && is_pressed(keyboard, KEY_ALT, KEY_ALT_R)) {
        send_key(keyboard, KEY_SYSRQ, make);
        return;
    } else if (key == KEY_PRINT) {
        send_print(keyboard, codes, make);
        return;
    } else if (key == KEY_PAUSE) {
        send_pause(keyboard, make);
        return;
    } else {
        n = encode(keyboard, keyboard->scan_set == 1 ? codes->set1 : codes->set2, make, bytes);
    }
    put_sequence(keyboard, bytes, n);
}

/* Typematic byte: delay (bits 6-5 + 1) * 250 ms, period (8 + bits 2-0) * 2^(bits 4-3) / 240 s. */
static int64_t repeat_delay(const struct ps2_keyboard *keyboard)
{
    return (int64_t)((keyboard->typematic >> 5 & 3) + 1) * (NS_PER_SECOND / 4);
}

static int64_t repeat_period(const struct ps2_keyboard *keyboard)
{
    return (int64_t)((8 + (keyboard->typematic & 7)) << (keyboard->typematic >> 3 & 3)) *
           NS_PER_SECOND / 240;
}

static void repeat(void *opaque)
{
    struct ps2_keyboard *keyboard = opaque;
    timer_set(&keyboard->repeat, clock_now(keyboard->clock) + repeat_period(keyboard));
    if (keyboard->codes.count > 0) /* nobody reads: repeats are not kept */
        return;
    send_key(keyboard, (enum keycode)keyboard->repeat_key, true);
    if (has_data(keyboard))
        ready(keyboard);
}

void ps2_keyboard_key(struct ps2_keyboard *keyboard, enum keycode key, bool pressed)
{
    if (keyboard->pressed[key] == pressed)
        return;
    keyboard->pressed[key] = pressed;
    LOG(keyboard->log, INPUT, "keyboard: %s %s\n", keycode_name(key), pressed ? "down" : "up");
    if (!pressed && keyboard->repeat_key == key)
        timer_cancel(&keyboard->repeat);
    if (!keyboard->enabled)
        return;
    send_key(keyboard, key, pressed);
    bool repeats =
        keyboard->scan_set == 3 ? keyboard->types[key] & TYPE_TYPEMATIC : key != KEY_PAUSE;
    if (pressed) {
        timer_cancel(&keyboard->repeat);
        keyboard->repeat_key = (uint8_t)key;
        if (repeats)
            timer_set(&keyboard->repeat, clock_now(keyboard->clock) + repeat_delay(keyboard));
    }
    if (has_data(keyboard))
        ready(keyboard);
}

/* Set 3's own default: locks and shifts make and break, what moves and types repeats, the rest only
 * makes. */
static uint8_t default_type(enum keycode key)
{
    switch (key) {
    case KEY_SHIFT:
    case KEY_SHIFT_R:
    case KEY_CTRL:
    case KEY_ALT:
    case KEY_CAPS_LOCK: return TYPE_BREAK;
    case KEY_ESC:
    case KEY_F1 ... KEY_F10:
    case KEY_F11:
    case KEY_F12:
    case KEY_CTRL_R:
    case KEY_ALT_R:
    case KEY_NUM_LOCK:
    case KEY_SCROLL_LOCK:
    case KEY_PRINT:
    case KEY_PAUSE:
    case KEY_INSERT:
    case KEY_HOME:
    case KEY_END:
    case KEY_PGUP:
    case KEY_PGDN:
    case KEY_KP_ENTER:
    case KEY_KP_DIVIDE:
    case KEY_KP_MULTIPLY:
    case KEY_KP_SUBTRACT:
    case KEY_KP_DECIMAL:
    case KEY_KP_0:
    case KEY_KP_1:
    case KEY_KP_2:
    case KEY_KP_3:
    case KEY_KP_4:
    case KEY_KP_5:
    case KEY_KP_6:
    case KEY_KP_7:
    case KEY_KP_8:
    case KEY_KP_9:
    case KEY_META_L:
    case KEY_META_R:
    case KEY_COMPOSE: return 0;
    default: return TYPE_TYPEMATIC;
    }
}

static void set_defaults(struct ps2_keyboard *keyboard)
{
    keyboard->scan_set = 2;
    keyboard->typematic = DEFAULT_TYPEMATIC;
    for (unsigned key = 0; key < KEY_COUNT; key++)
        keyboard->types[key] = default_type((enum keycode)key);
    ps2_queue_clear(&keyboard->codes);
    timer_cancel(&keyboard->repeat);
}

static void set_all_types(struct ps2_keyboard *keyboard, uint8_t type)
{
    for (unsigned key = 0; key < KEY_COUNT; key++)
        keyboard->types[key] = type;
    ps2_queue_clear(&keyboard->codes);
}

/* FB-FD: each parameter is a set 3 code; they go on until the next command. */
static void set_type(struct ps2_keyboard *keyboard, uint8_t code, uint8_t type)
{
    for (unsigned key = 0; key < KEY_COUNT; key++) {
        if (keycode_codes((enum keycode)key)->set3 == code)
            keyboard->types[key] = type;
    }
}

static void write_scan_set(struct ps2_keyboard *keyboard, uint8_t value)
{
    if (value > 3) {
        answer(keyboard, ANSWER_RESEND);
        return;
    }
    answer(keyboard, ANSWER_ACK);
    if (value == 0)
        answer(keyboard, keyboard->scan_set);
    else
        keyboard->scan_set = value;
}

static void write_parameter(struct ps2_keyboard *keyboard, uint8_t command, uint8_t value)
{
    switch (command) {
    case CMD_SCAN_SET: write_scan_set(keyboard, value); return;
    case CMD_LEDS:
        keyboard->leds = value & 7;
        LOG(keyboard->log, INPUT, "keyboard: LEDs %x\n", keyboard->leds);
        break;
    case CMD_TYPEMATIC: keyboard->typematic = value & 0x7f; break;
    default: /* more keys may follow */
        set_type(keyboard, value,
                 command == CMD_KEY_TYPEMATIC    ? TYPE_TYPEMATIC
                 : command == CMD_KEY_MAKE_BREAK ? TYPE_BREAK
                                                 : 0);
        keyboard->command = command;
        break;
    }
    answer(keyboard, ANSWER_ACK);
}

static void write_command(struct ps2_keyboard *keyboard, uint8_t value)
{
    switch (value) {
    case CMD_ECHO: answer(keyboard, CMD_ECHO); return;
    case CMD_RESEND: answer(keyboard, keyboard->last_sent); return;
    case CMD_KEY_TYPEMATIC:
    case CMD_KEY_MAKE_BREAK:
    case CMD_KEY_MAKE: keyboard->enabled = false; /* fall through */
    case CMD_LEDS:
    case CMD_TYPEMATIC: keyboard->command = value; break;
    case CMD_SCAN_SET:
        ps2_queue_clear(&keyboard->codes);
        keyboard->command = value;
        break;
    case CMD_ID:
        answer(keyboard, ANSWER_ACK);
        answer(keyboard, 0xab);
        answer(keyboard, 0x83);
        return;
    case CMD_ENABLE:
        ps2_queue_clear(&keyboard->codes);
        keyboard->enabled = true;
        break;
    case CMD_DISABLE:
        set_defaults(keyboard);
        keyboard->enabled = false;
        break;
    case CMD_DEFAULTS: set_defaults(keyboard); break;
    case CMD_ALL_TYPEMATIC: set_all_types(keyboard, TYPE_TYPEMATIC); break;
    case CMD_ALL_MAKE_BREAK: set_all_types(keyboard, TYPE_BREAK); break;
    case CMD_ALL_MAKE: set_all_types(keyboard, 0); break;
    case CMD_ALL_TYPEMATIC_MAKE_BREAK: set_all_types(keyboard, TYPE_TYPEMATIC | TYPE_BREAK); break;
    case CMD_RESET:
        set_defaults(keyboard);
        keyboard->leds = 0;
        keyboard->enabled = true;
        answer(keyboard, ANSWER_ACK);
        answer(keyboard, ANSWER_BAT_OK);
        return;
    default:
        LOG(keyboard->log, GUEST_ERRORS, "keyboard: unknown command %02x\n", value);
        answer(keyboard, ANSWER_RESEND);
        return;
    }
    answer(keyboard, ANSWER_ACK);
}

static void device_write(void *opaque, uint8_t value)
{
    struct ps2_keyboard *keyboard = opaque;
    uint8_t command = keyboard->command;
    LOG(keyboard->log, INPUT, "keyboard: gets %02x\n", value);
    keyboard->command = 0;
    /* A new command in place of a parameter ends the old one; parameters are below 80H, set 3 codes
     * too. */
    if (value != CMD_RESEND)
        ps2_queue_clear(&keyboard->answers);
    if (command != 0 && value < 0xed)
        write_parameter(keyboard, command, value);
    else
        write_command(keyboard, value);
    if (has_data(keyboard))
        ready(keyboard);
}

struct ps2_device *ps2_keyboard_device(struct ps2_keyboard *keyboard)
{
    return &keyboard->device;
}

uint8_t ps2_keyboard_leds(const struct ps2_keyboard *keyboard)
{
    return keyboard->leds;
}

struct ps2_keyboard *ps2_keyboard_create(const struct log *log, struct clock *clock)
{
    struct ps2_keyboard *keyboard = host_alloc(sizeof *keyboard);
    keyboard->log = log;
    keyboard->clock = clock;
    keyboard->device = (struct ps2_device){
        .write = device_write, .read = device_read, .has_data = has_data, .opaque = keyboard
    };
    timer_init(&keyboard->wire, clock, wire_free, keyboard);
    timer_init(&keyboard->repeat, clock, repeat, keyboard);
    ps2_keyboard_reset(keyboard);
    return keyboard;
}

void ps2_keyboard_destroy(struct ps2_keyboard *keyboard)
{
    if (keyboard == NULL)
        return;
    timer_cancel(&keyboard->wire);
    timer_cancel(&keyboard->repeat);
    host_free(keyboard);
}

/* Power-on: what the self test sends then is gone before anyone listens. */
void ps2_keyboard_reset(struct ps2_keyboard *keyboard)
{
    set_defaults(keyboard);
    ps2_queue_clear(&keyboard->answers);
    timer_cancel(&keyboard->wire);
    keyboard->command = keyboard->last_sent = keyboard->leds = keyboard->repeat_key = 0;
    keyboard->enabled = true;
    __builtin_memset(keyboard->pressed, 0, sizeof keyboard->pressed);
}

void ps2_keyboard_state(struct ps2_keyboard *keyboard, struct state *s)
{
    uint8_t *bytes[] = { &keyboard->command, &keyboard->last_sent, &keyboard->scan_set,
                         &keyboard->leds,    &keyboard->typematic, &keyboard->repeat_key };
    state_section(s, "ps2_keyboard", 1);
    ps2_queue_state(&keyboard->answers, s);
    ps2_queue_state(&keyboard->codes, s);
    for (unsigned i = 0; i < ARRAY_SIZE(bytes); i++)
        state_u8(s, bytes[i]);
    state_bool(s, &keyboard->enabled);
    state_bytes(s, keyboard->pressed, sizeof keyboard->pressed);
    state_bytes(s, keyboard->types, sizeof keyboard->types);
    if (keyboard->repeat_key >= KEY_COUNT)
        keyboard->repeat_key = 0;
    if (s->loading) { /* held keys start repeating anew with the next press */
        timer_cancel(&keyboard->wire);
        timer_cancel(&keyboard->repeat);
    }
}
