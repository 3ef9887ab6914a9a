// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pair of 8259A interrupt controllers of an ISA board, with edge/level control registers.
#ifndef DEVICE_INTC_I8259_H
#define DEVICE_INTC_I8259_H

#include <stdbool.h>
#include <stdint.h>

#include "device/irq.h"
#include "memory/memory.h"

/*
 * Sixteen inputs: 0-7 the master's, 8-15 the slave's, which answers on the master's input 2. ELCR1
 * and ELCR2 (ports 4D0H, 4D1H) choose edge or level for each input, as on PIIX3, where the LTIM bit
 * of ICW1 is not looked at.
 */
struct i8259;
struct state;

/* output is the INTR pin. */
struct i8259 *i8259_create(struct memory *memory, const struct log *log, uint16_t master_port,
                           uint16_t slave_port, struct irq_line output);
void i8259_destroy(struct i8259 *pic);
void i8259_reset(struct i8259 *pic);
void i8259_state(struct i8259 *pic, struct state *s);

/* An input pin; opaque is the struct i8259, so that this is an irq_line's set function. */
void i8259_set_irq(void *opaque, unsigned irq, bool level);

/* The two INTA cycles: the vector, that of IRQ 7 (or 15) where the request has gone meanwhile. */
int i8259_acknowledge(struct i8259 *pic);

/* The level of the INTR pin. */
bool i8259_output(const struct i8259 *pic);

/* `info pic`. */
void i8259_print(const struct i8259 *pic, void (*line)(void *opaque, const char *text),
                 void *opaque);

#endif
