// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pair of 8259A interrupt controllers of an ISA board, with edge/level control registers.
#include "device/intc/i8259.h"

#include "base/format.h"
#include "base/state.h"
#include "host/host.h"

enum { CASCADE = 2 }; /* the master's input that the slave answers on */

/* Which byte the odd port takes next: OCW1 or one of the initialization words. */
enum icw { ICW_NONE, ICW_2, ICW_3, ICW_4 };

struct chip {
    struct i8259 *pair;
    uint8_t lines; /* levels of the inputs */
    uint8_t irr, isr, imr;
    uint8_t elcr, elcr_writable;
    uint8_t vector_base; /* ICW2: T7-T3 */
    uint8_t lowest;      /* the input of lowest priority; 7 is the fully nested order */
    uint8_t icw;         /* enum icw */
    bool icw4_needed, single;
    bool auto_eoi, rotate_auto_eoi;
    bool special_mask, special_fully_nested;
    bool poll, read_isr;
    bool output; /* the INT pin */
};

struct i8259 {
    const struct log *log;
    struct region *regions[4];
    struct irq_line intr;
    struct chip master, slave;
};

static const char *chip_name(const struct chip *chip)
{
    return chip == &chip->pair->master ? "master" : "slave";
}

/* The input of highest priority among those in mask, or -1. */
static int highest(const struct chip *chip, uint8_t mask)
{
    for (unsigned i = 1; i <= 8; i++) {
        unsigned input = (chip->lowest + i) & 7;
        if (bit(mask, input))
            return (int)input;
    }
    return -1;
}

/* How far below the highest priority an input stands, 0-7. */
static unsigned rank(const struct chip *chip, unsigned input)
{
    return (input - chip->lowest - 1) & 7;
}

/*
 * The request that the priority resolver lets through, or -1. Special mask mode: a masked level in
 * service does not hold back lower ones. Special fully nested mode: the slave's level in service
 * does not hold back the slave.
 */
static int pending(const struct chip *chip)
{
    if (chip->icw != ICW_NONE)
        return -1;
    int request = highest(chip, chip->irr & ~chip->imr);
    if (request < 0)
        return -1;
    uint8_t in_service = chip->isr;
    if (chip->special_mask)
        in_service &= ~chip->imr;
    if (chip->special_fully_nested && chip == &chip->pair->master)
        in_service &= ~(1 << CASCADE);
    int service = highest(chip, in_service);
    if (service >= 0 && rank(chip, (unsigned)service) <= rank(chip, (unsigned)request))
        return -1;
    return request;
}

/* An input's new level: edge or level, "the IR inputs must remain high until after the falling edge
 * of the first INTA" (8259A, edge and level triggered modes). What goes low before was nothing. */
static void chip_set_input(struct chip *chip, unsigned input, bool level)
{
    uint8_t mask = (uint8_t)(1u << input);
    bool by_level = chip->elcr & mask || (chip == &chip->pair->master && input == CASCADE);
    if (level) {
        if (by_level || !(chip->lines & mask))
            chip->irr |= mask;
        chip->lines |= mask;
    } else {
        chip->irr &= ~mask;
        chip->lines &= ~mask;
    }
}

static void update(struct i8259 *pic)
{
    bool slave = pending(&pic->slave) >= 0;
    if (slave != pic->slave.output) {
        pic->slave.output = slave;
        chip_set_input(&pic->master, CASCADE, slave);
    }
    bool master = pending(&pic->master) >= 0;
    if (master != pic->master.output) {
        pic->master.output = master;
        irq_set(pic->intr, master);
    }
}

void i8259_set_irq(void *opaque, unsigned irq, bool level)
{
    struct i8259 *pic = opaque;
    host_assert(irq < 16, "i8259: no such input");
    struct chip *chip = irq < 8 ? &pic->master : &pic->slave;
    if (bit(chip->lines, irq & 7) != level)
        LOG(pic->log, INTC, "i8259: irq %u %s\n", irq, level ? "high" : "low");
    chip_set_input(chip, irq & 7, level);
    update(pic);
}

/* The effect of INTA on one chip: request to in-service, and the end of interrupt at once in AEOI
 * mode. */
static void chip_acknowledge(struct chip *chip, unsigned input)
{
    uint8_t mask = (uint8_t)(1u << input);
    if (!(chip->elcr & mask))
        chip->irr &= ~mask;
    if (!chip->auto_eoi)
        chip->isr |= mask;
    else if (chip->rotate_auto_eoi)
        chip->lowest = (uint8_t)input;
}

/* The request may have gone between INT and INTA: then the chip gives IR7's vector and sets no ISR
 * bit. */
static int chip_inta(struct chip *chip)
{
    int input = pending(chip);
    if (input < 0) {
        LOG(chip->pair->log, INTC, "i8259: spurious interrupt of the %s\n", chip_name(chip));
        return -1;
    }
    chip_acknowledge(chip, (unsigned)input);
    return input;
}

int i8259_acknowledge(struct i8259 *pic)
{
    int input = chip_inta(&pic->master);
    int vector = pic->master.vector_base + (input < 0 ? 7 : input);
    if (input == CASCADE && !pic->master.single) {
        input = chip_inta(&pic->slave);
        vector = pic->slave.vector_base + (input < 0 ? 7 : input);
        /* The slave drops INT at the second INTA; one more request is a new edge. */
        pic->slave.output = false;
        chip_set_input(&pic->master, CASCADE, false);
    }
    update(pic);
    LOG(pic->log, INTC, "i8259: acknowledge gives vector %02x\n", (unsigned)vector);
    return vector;
}

bool i8259_output(const struct i8259 *pic)
{
    return pic->master.output;
}

/* ICW1 (8259A data sheet, "initialization"): clears IMR and edge latches, IR7 lowest, special mask
 * off, reads give IRR. */
static void write_icw1(struct chip *chip, uint8_t value)
{
    chip->imr = chip->isr = 0;
    chip->irr = chip->lines & chip->elcr;
    chip->lowest = 7;
    chip->special_mask = chip->poll = chip->read_isr = false;
    chip->special_fully_nested = chip->auto_eoi = chip->rotate_auto_eoi = false;
    chip->icw4_needed = bit(value, 0);
    chip->single = bit(value, 1);
    chip->icw = ICW_2;
}

static void end_of_interrupt(struct chip *chip, int input, bool rotate)
{
    if (input < 0)
        return;
    chip->isr &= ~(1u << input);
    if (rotate)
        chip->lowest = (uint8_t)input;
}

/* OCW2: R, SL and EOI in bits 7-5, the level in bits 2-0. */
static void write_ocw2(struct chip *chip, uint8_t value)
{
    unsigned level = value & 7;
    /* A non-specific EOI does not end what special mask mode hides. */
    int served = highest(chip, chip->special_mask ? chip->isr & ~chip->imr : chip->isr);
    switch (value >> 5) {
    case 0: chip->rotate_auto_eoi = false; break;
    case 1: end_of_interrupt(chip, served, false); break;
    case 2: break; /* no operation */
    case 3: end_of_interrupt(chip, (int)level, false); break;
    case 4: chip->rotate_auto_eoi = true; break;
    case 5: end_of_interrupt(chip, served, true); break;
    case 6: chip->lowest = (uint8_t)level; break;
    default: end_of_interrupt(chip, (int)level, true); break;
    }
}

static void write_ocw3(struct chip *chip, uint8_t value)
{
    chip->poll = bit(value, 2);
    if (bit(value, 1))
        chip->read_isr = bit(value, 0);
    if (bit(value, 6))
        chip->special_mask = bit(value, 5);
}

static void write_odd(struct chip *chip, uint8_t value)
{
    switch (chip->icw) {
    case ICW_2:
        chip->vector_base = value & 0xf8;
        chip->icw = !chip->single ? ICW_3 : chip->icw4_needed ? ICW_4 : ICW_NONE;
        break;
    case ICW_3: /* the cascade is wired: master's input 2 */
        if (value != (chip == &chip->pair->master ? 1 << CASCADE : CASCADE))
            LOG(chip->pair->log, GUEST_ERRORS, "i8259: ICW3 %02x does not fit the %s\n", value,
                chip_name(chip));
        chip->icw = chip->icw4_needed ? ICW_4 : ICW_NONE;
        break;
    case ICW_4:
        if (!bit(value, 0))
            LOG(chip->pair->log, GUEST_ERRORS, "i8259: ICW4 %02x asks for MCS-80 mode\n", value);
        chip->auto_eoi = bit(value, 1);
        chip->special_fully_nested = bit(value, 4);
        chip->icw = ICW_NONE;
        break;
    default: chip->imr = value; break;
    }
}

static bool chip_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct chip *chip = opaque;
    (void)size;
    LOG(chip->pair->log, INTC, "i8259: %s A0=%u write %02x\n", chip_name(chip), (unsigned)offset,
        (unsigned)value);
    if (offset == 1)
        write_odd(chip, (uint8_t)value);
    else if (bit(value, 4))
        write_icw1(chip, (uint8_t)value);
    else if (bit(value, 3))
        write_ocw3(chip, (uint8_t)value);
    else
        write_ocw2(chip, (uint8_t)value);
    update(chip->pair);
    return true;
}

/* Poll command: the next read of the chip is its INTA and tells the level in service. */
static uint8_t poll(struct chip *chip)
{
    struct i8259 *pic = chip->pair;
    chip->poll = false;
    int input = pending(chip);
    if (input < 0)
        return 7;
    chip_acknowledge(chip, (unsigned)input);
    if (chip == &pic->slave) {
        pic->slave.output = false;
        chip_set_input(&pic->master, CASCADE, false);
    }
    update(pic);
    return (uint8_t)(0x80 | input);
}

static bool chip_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct chip *chip = opaque;
    (void)size;
    if (chip->poll)
        *value = poll(chip);
    else if (offset == 1)
        *value = chip->imr;
    else
        *value = chip->read_isr ? chip->isr : chip->irr;
    return true;
}

/* Bits of inputs that are always edge-triggered (0, 1, 2, 8, 13) are fixed at 0 (PIIX3 data
 * sheet 2.5.8). */
static bool elcr_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct chip *chip = opaque;
    (void)offset, (void)size;
    uint8_t elcr = (uint8_t)value & chip->elcr_writable;
    uint8_t changed = elcr ^ chip->elcr;
    chip->elcr = elcr;
    chip->irr = (chip->irr & ~changed) | (changed & elcr & chip->lines);
    update(chip->pair);
    return true;
}

static bool elcr_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)offset, (void)size;
    *value = ((struct chip *)opaque)->elcr;
    return true;
}

static const struct region_desc master_desc = { "pic-master", 2, 1, 1, chip_read, chip_write };
static const struct region_desc slave_desc = { "pic-slave", 2, 1, 1, chip_read, chip_write };
static const struct region_desc elcr1_desc = { "elcr1", 1, 1, 1, elcr_read, elcr_write };
static const struct region_desc elcr2_desc = { "elcr2", 1, 1, 1, elcr_read, elcr_write };

struct i8259 *i8259_create(struct memory *memory, const struct log *log, uint16_t master_port,
                           uint16_t slave_port, struct irq_line output)
{
    struct i8259 *pic = host_alloc(sizeof *pic);
    const unsigned ports = 1u << SPACE_PORTS;
    pic->log = log;
    pic->intr = output;
    pic->master.pair = pic->slave.pair = pic;
    pic->master.elcr_writable = 0xf8;
    pic->slave.elcr_writable = 0xde;
    pic->regions[0] = region_map_io(memory, ports, &master_desc, &pic->master, master_port, 0);
    pic->regions[1] = region_map_io(memory, ports, &slave_desc, &pic->slave, slave_port, 0);
    pic->regions[2] = region_map_io(memory, ports, &elcr1_desc, &pic->master, 0x4d0, 0);
    pic->regions[3] = region_map_io(memory, ports, &elcr2_desc, &pic->slave, 0x4d1, 0);
    i8259_reset(pic);
    return pic;
}

void i8259_destroy(struct i8259 *pic)
{
    if (pic == NULL)
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(pic->regions); i++)
        region_unmap(pic->regions[i]);
    host_free(pic);
}

static void chip_reset(struct chip *chip)
{
    chip->elcr = 0;
    chip->vector_base = 0;
    write_icw1(chip, 0);
    chip->icw = ICW_NONE;
}

void i8259_reset(struct i8259 *pic)
{
    chip_reset(&pic->master);
    chip_reset(&pic->slave);
    update(pic);
}

static void chip_state(struct chip *chip, struct state *s)
{
    uint8_t *bytes[] = { &chip->lines, &chip->irr,         &chip->isr,    &chip->imr,
                         &chip->elcr,  &chip->vector_base, &chip->lowest, &chip->icw };
    bool *flags[] = { &chip->icw4_needed,  &chip->single,
                      &chip->auto_eoi,     &chip->rotate_auto_eoi,
                      &chip->special_mask, &chip->special_fully_nested,
                      &chip->poll,         &chip->read_isr,
                      &chip->output };
    for (unsigned i = 0; i < ARRAY_SIZE(bytes); i++)
        state_u8(s, bytes[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(flags); i++)
        state_bool(s, flags[i]);
    chip->lowest &= 7;
    chip->icw &= 3;
}

void i8259_state(struct i8259 *pic, struct state *s)
{
    state_section(s, "i8259", 1);
    chip_state(&pic->master, s);
    chip_state(&pic->slave, s);
}

void i8259_print(const struct i8259 *pic, void (*line)(void *opaque, const char *text),
                 void *opaque)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct chip *chip = i == 0 ? &pic->master : &pic->slave;
        char text[128];
        format(
            text, sizeof text,
            "pic%u: irr=%02x imr=%02x isr=%02x hprio=%u irq_base=%02x rr_sel=%u elcr=%02x fnm=%u",
            i, chip->irr, chip->imr, chip->isr, (chip->lowest + 1) & 7u, chip->vector_base,
            chip->read_isr, chip->elcr, chip->special_fully_nested);
        line(opaque, text);
    }
}
