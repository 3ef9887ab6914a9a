// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8042 keyboard controller with a keyboard and an auxiliary device.
#include "device/input/i8042.h"

#include "base/state.h"
#include "device/input/ps2_queue.h"
#include "host/host.h"

enum {
    STATUS_OUTPUT_FULL = 0x01,
    STATUS_SYSTEM = 0x04,
    STATUS_COMMAND = 0x08,
    STATUS_UNLOCKED = 0x10,
    STATUS_AUX = 0x20, /* the output buffer holds the auxiliary device's byte */
};

/* The controller command byte, location 0 of its RAM. */
enum {
    MODE_KEYBOARD_IRQ = 0x01,
    MODE_AUX_IRQ = 0x02,
    MODE_SYSTEM = 0x04,
    MODE_KEYBOARD_OFF = 0x10,
    MODE_AUX_OFF = 0x20,
    MODE_TRANSLATE = 0x40,
};

enum {
    PORT_RESET = 0x01,
    PORT_A20 = 0x02,
    PORT_IRQ1 = 0x10,
    PORT_IRQ12 = 0x20,
    PORT_CLOCK_IDLE = 0xcc
};

enum {
    CMD_READ_RAM = 0x20,  /* -3F */
    CMD_WRITE_RAM = 0x60, /* -7F */
    CMD_AUX_OFF = 0xa7,
    CMD_AUX_ON = 0xa8,
    CMD_AUX_TEST = 0xa9,
    CMD_SELF_TEST = 0xaa,
    CMD_KEYBOARD_TEST = 0xab,
    CMD_DUMP = 0xac,
    CMD_KEYBOARD_OFF = 0xad,
    CMD_KEYBOARD_ON = 0xae,
    CMD_READ_INPUT = 0xc0,
    CMD_READ_OUTPUT = 0xd0,
    CMD_WRITE_OUTPUT = 0xd1,
    CMD_KEYBOARD_BUFFER = 0xd2,
    CMD_AUX_BUFFER = 0xd3,
    CMD_WRITE_AUX = 0xd4,
    CMD_A20_OFF = 0xdd,
    CMD_A20_ON = 0xdf,
    CMD_TEST_INPUTS = 0xe0,
    CMD_PULSE = 0xf0, /* -FF */
};

enum { RAM_SIZE = 32, BREAK_PREFIX = 0xf0 };

struct i8042 {
    const struct log *log;
    struct region *regions[2];
    struct ps2_device *keyboard, *mouse;
    struct irq_line keyboard_irq, mouse_irq, a20, reset;
    struct ps2_queue answers; /* of the controller itself, for the output buffer */
    uint8_t ram[RAM_SIZE];    /* [0] is the command byte */
    uint8_t status, output;
    uint8_t output_port; /* bits 0 and 1 as written */
    uint8_t command;     /* whose parameter port 60H takes; 0: the keyboard's byte */
    bool break_prefix;   /* F0 came: the next translated code is a break */
};

/* IBM PS/2 technical reference, keyboard controller: set 2 codes and what becomes of them. */
static const uint8_t translation[0x85] = {
    0xff, 0x43, 0x41, 0x3f, 0x3d, 0x3b, 0x3c, 0x58, 0x64, 0x44, 0x42, 0x40, 0x3e, 0x0f, 0x29,
    0x59, 0x65, 0x38, 0x2a, 0x70, 0x1d, 0x10, 0x02, 0x5a, 0x66, 0x71, 0x2c, 0x1f, 0x1e, 0x11,
    0x03, 0x5b, 0x67, 0x2e, 0x2d, 0x20, 0x12, 0x05, 0x04, 0x5c, 0x68, 0x39, 0x2f, 0x21, 0x14,
    0x13, 0x06, 0x5d, 0x69, 0x31, 0x30, 0x23, 0x22, 0x15, 0x07, 0x5e, 0x6a, 0x72, 0x32, 0x24,
    0x16, 0x08, 0x09, 0x5f, 0x6b, 0x33, 0x25, 0x17, 0x18, 0x0b, 0x0a, 0x60, 0x6c, 0x34, 0x35,
    0x26, 0x27, 0x19, 0x0c, 0x61, 0x6d, 0x73, 0x28, 0x74, 0x1a, 0x0d, 0x62, 0x6e, 0x3a, 0x36,
    0x1c, 0x1b, 0x75, 0x2b, 0x63, 0x76, 0x55, 0x56, 0x77, 0x78, 0x79, 0x7a, 0x0e, 0x7b, 0x7c,
    0x4f, 0x7d, 0x4b, 0x47, 0x7e, 0x7f, 0x6f, 0x52, 0x53, 0x50, 0x4c, 0x4d, 0x48, 0x01, 0x45,
    0x57, 0x4e, 0x51, 0x4a, 0x37, 0x49, 0x46, 0x54, 0x80, 0x81, 0x82, 0x41, 0x54,
};

uint8_t i8042_translate(uint8_t code)
{
    return code < sizeof translation ? translation[code] : code;
}

static void update_irqs(struct i8042 *i8042)
{
    bool full = i8042->status & STATUS_OUTPUT_FULL, aux = i8042->status & STATUS_AUX;
    irq_set(i8042->keyboard_irq, full && !aux && (i8042->ram[0] & MODE_KEYBOARD_IRQ));
    irq_set(i8042->mouse_irq, full && aux && (i8042->ram[0] & MODE_AUX_IRQ));
}

static void fill(struct i8042 *i8042, uint8_t value, bool aux)
{
    i8042->output = value;
    i8042->status = (i8042->status & ~STATUS_AUX) | STATUS_OUTPUT_FULL | (aux ? STATUS_AUX : 0);
    LOG(i8042->log, INPUT, "i8042: output %02x%s\n", value, aux ? " (aux)" : "");
}

/* A byte of the keyboard through the translation; false where it is only a prefix. */
static bool take_keyboard(struct i8042 *i8042)
{
    uint8_t value = i8042->keyboard->read(i8042->keyboard->opaque);
    if (i8042->ram[0] & MODE_TRANSLATE) {
        if (value == BREAK_PREFIX) {
            i8042->break_prefix = true;
            return false;
        }
        value = i8042_translate(value);
        if (i8042->break_prefix)
            value |= 0x80;
    }
    i8042->break_prefix = false;
    fill(i8042, value, false);
    return true;
}

static bool device_has_data(const struct ps2_device *device)
{
    return device != NULL && device->has_data(device->opaque);
}

/* While the output buffer is empty it takes the controller's own answer, else a byte of a device
 * whose clock is not held. */
static void poll(struct i8042 *i8042)
{
    while (!(i8042->status & STATUS_OUTPUT_FULL)) {
        if (i8042->answers.count > 0)
            fill(i8042, ps2_queue_get(&i8042->answers), false);
        else if (!(i8042->ram[0] & MODE_KEYBOARD_OFF) && device_has_data(i8042->keyboard))
            take_keyboard(i8042);
        else if (!(i8042->ram[0] & MODE_AUX_OFF) && device_has_data(i8042->mouse))
            fill(i8042, i8042->mouse->read(i8042->mouse->opaque), true);
        else
            break;
    }
    update_irqs(i8042);
}

static void data_ready(void *controller)
{
    poll(controller);
}

static void answer(struct i8042 *i8042, uint8_t value)
{
    ps2_queue_put(&i8042->answers, value);
}

/* Bits 4 and 5 follow the interrupt lines, the clock and data lines are idle. */
static uint8_t read_output_port(const struct i8042 *i8042)
{
    uint8_t value = i8042->output_port | PORT_CLOCK_IDLE;
    if (i8042->status & STATUS_OUTPUT_FULL)
        value |= i8042->status & STATUS_AUX ? PORT_IRQ12 : PORT_IRQ1;
    return value;
}

static void write_output_port(struct i8042 *i8042, uint8_t value)
{
    i8042->output_port = value & (PORT_RESET | PORT_A20);
    irq_set(i8042->a20, value & PORT_A20);
    if (!(value & PORT_RESET))
        irq_pulse(i8042->reset);
}

static void set_mode(struct i8042 *i8042, uint8_t value)
{
    i8042->ram[0] = value;
    i8042->status = (i8042->status & ~STATUS_SYSTEM) | (value & MODE_SYSTEM ? STATUS_SYSTEM : 0);
}

/* AC: the RAM, ports and status word as the original's diagnostic dump gave them, here the RAM's
 * first 16 bytes. */
static void dump(struct i8042 *i8042)
{
    for (unsigned i = 0; i < 16; i++)
        answer(i8042, i8042->ram[i]);
}

static void write_command(struct i8042 *i8042, uint8_t value)
{
    uint8_t mode = i8042->ram[0];
    i8042->command = 0;
    if (value >= CMD_READ_RAM && value < CMD_READ_RAM + RAM_SIZE) {
        answer(i8042, i8042->ram[value - CMD_READ_RAM]);
        return;
    }
    if (value >=
        CMD_PULSE) { /* bits 3-0: which of P20-P23 not to pulse; P20 is the processor's reset */
        if (!(value & PORT_RESET))
            irq_pulse(i8042->reset);
        return;
    }
    if (value >= CMD_WRITE_RAM && value < CMD_WRITE_RAM + RAM_SIZE) {
        i8042->command = value;
        return;
    }
    switch (value) {
    case CMD_AUX_OFF: set_mode(i8042, mode | MODE_AUX_OFF); break;
    case CMD_AUX_ON: set_mode(i8042, mode & ~MODE_AUX_OFF); break;
    case CMD_AUX_TEST:
    case CMD_KEYBOARD_TEST: answer(i8042, 0); break;
    case CMD_SELF_TEST:
        set_mode(i8042, mode | MODE_SYSTEM);
        answer(i8042, 0x55);
        break;
    case CMD_DUMP: dump(i8042); break;
    case CMD_KEYBOARD_OFF: set_mode(i8042, mode | MODE_KEYBOARD_OFF); break;
    case CMD_KEYBOARD_ON: set_mode(i8042, mode & ~MODE_KEYBOARD_OFF); break;
    case CMD_READ_INPUT: answer(i8042, 0x80); break; /* keylock open */
    case CMD_READ_OUTPUT: answer(i8042, read_output_port(i8042)); break;
    case CMD_A20_OFF: write_output_port(i8042, PORT_RESET); break;
    case CMD_A20_ON: write_output_port(i8042, PORT_RESET | PORT_A20); break;
    case CMD_TEST_INPUTS: answer(i8042, 3); break; /* both clock lines idle */
    case CMD_WRITE_OUTPUT:
    case CMD_KEYBOARD_BUFFER:
    case CMD_AUX_BUFFER:
    case CMD_WRITE_AUX: i8042->command = value; break;
    default: LOG(i8042->log, GUEST_ERRORS, "i8042: unknown command %02x\n", value); break;
    }
}

/* A byte for a device also lets its clock go. */
static void write_device(struct i8042 *i8042, struct ps2_device *device, uint8_t off, uint8_t value)
{
    set_mode(i8042, i8042->ram[0] & ~off);
    if (device != NULL)
        device->write(device->opaque, value);
}

static void write_data(struct i8042 *i8042, uint8_t value)
{
    uint8_t command = i8042->command;
    i8042->command = 0;
    switch (command) {
    case 0: write_device(i8042, i8042->keyboard, MODE_KEYBOARD_OFF, value); break;
    case CMD_WRITE_RAM: set_mode(i8042, value); break;
    case CMD_WRITE_OUTPUT: write_output_port(i8042, value); break;
    case CMD_KEYBOARD_BUFFER: fill(i8042, value, false); break;
    case CMD_AUX_BUFFER: fill(i8042, value, true); break;
    case CMD_WRITE_AUX: write_device(i8042, i8042->mouse, MODE_AUX_OFF, value); break;
    default: i8042->ram[command - CMD_WRITE_RAM] = value; break;
    }
}

static bool port_write(struct i8042 *i8042, bool command, uint8_t value)
{
    LOG(i8042->log, INPUT, "i8042: %s %02x\n", command ? "command" : "data", value);
    if (command) {
        i8042->status |= STATUS_COMMAND;
        write_command(i8042, value);
    } else {
        i8042->status &= ~STATUS_COMMAND;
        write_data(i8042, value);
    }
    poll(i8042);
    return true;
}

static bool data_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset, (void)size;
    return port_write(opaque, false, (uint8_t)value);
}

static bool command_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset, (void)size;
    return port_write(opaque, true, (uint8_t)value);
}

static bool data_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct i8042 *i8042 = opaque;
    (void)offset, (void)size;
    *value = i8042->output;
    i8042->status &= ~(STATUS_OUTPUT_FULL | STATUS_AUX);
    update_irqs(i8042); /* the line falls between two bytes: each is an edge */
    poll(i8042);
    return true;
}

static bool status_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)offset, (void)size;
    *value = ((struct i8042 *)opaque)->status;
    return true;
}

static const struct region_desc data_desc = { "i8042-data", 1, 1, 1, data_read, data_write };
static const struct region_desc command_desc = { "i8042-command", 1, 1, 1, status_read,
                                                 command_write };

static void connect(struct i8042 *i8042, struct ps2_device *device)
{
    if (device == NULL)
        return;
    device->data_ready = data_ready;
    device->controller = i8042;
}

struct i8042 *i8042_create(struct memory *memory, const struct log *log,
                           struct ps2_device *keyboard, struct ps2_device *mouse,
                           struct irq_line keyboard_irq, struct irq_line mouse_irq,
                           struct irq_line a20, struct irq_line reset)
{
    struct i8042 *i8042 = host_alloc(sizeof *i8042);
    i8042->log = log;
    i8042->keyboard = keyboard;
    i8042->mouse = mouse;
    i8042->keyboard_irq = keyboard_irq;
    i8042->mouse_irq = mouse_irq;
    i8042->a20 = a20;
    i8042->reset = reset;
    connect(i8042, keyboard);
    connect(i8042, mouse);
    i8042->regions[0] = region_map_io(memory, 1u << SPACE_PORTS, &data_desc, i8042, 0x60, 0);
    i8042->regions[1] = region_map_io(memory, 1u << SPACE_PORTS, &command_desc, i8042, 0x64, 0);
    i8042_reset(i8042);
    return i8042;
}

void i8042_destroy(struct i8042 *i8042)
{
    if (i8042 == NULL)
        return;
    region_unmap(i8042->regions[0]);
    region_unmap(i8042->regions[1]);
    host_free(i8042);
}

void i8042_reset(struct i8042 *i8042)
{
    ps2_queue_clear(&i8042->answers);
    __builtin_memset(i8042->ram, 0, sizeof i8042->ram);
    i8042->ram[0] = MODE_KEYBOARD_IRQ | MODE_AUX_IRQ;
    i8042->status = STATUS_COMMAND | STATUS_UNLOCKED;
    i8042->output = i8042->command = 0;
    i8042->output_port = PORT_RESET | PORT_A20;
    i8042->break_prefix = false;
    update_irqs(i8042);
}

void i8042_state(struct i8042 *i8042, struct state *s)
{
    state_section(s, "i8042", 1);
    ps2_queue_state(&i8042->answers, s);
    state_bytes(s, i8042->ram, sizeof i8042->ram);
    state_u8(s, &i8042->status);
    state_u8(s, &i8042->output);
    state_u8(s, &i8042->output_port);
    state_u8(s, &i8042->command);
    state_bool(s, &i8042->break_prefix);
    if (i8042->command > CMD_WRITE_RAM + RAM_SIZE - 1 && i8042->command < CMD_WRITE_OUTPUT)
        s->failed = true;
    if (s->loading && s->failed)
        i8042->command = 0;
}
