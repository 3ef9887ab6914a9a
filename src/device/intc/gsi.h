// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Global system interrupts: one number of the board to the 8259A pair and the I/O APIC.
#ifndef DEVICE_INTC_GSI_H
#define DEVICE_INTC_GSI_H

#include <stdbool.h>
#include <stdint.h>

#include "device/irq.h"

struct gsi;
struct i8259;
struct ioapic;
struct state;

#define GSI_COUNT 24

/* ISA IRQ 0 is pin 2 of the I/O APIC (MP specification, ACPI interrupt source override); 1 and 3-15
 * are equal; 16-23 exist in the I/O APIC only. IRQ 2, the cascade, goes nowhere. */
struct gsi *gsi_create(struct i8259 *pic, struct ioapic *ioapic);
void gsi_destroy(struct gsi *gsi);

/*
 * A line of its own for each that drives the interrupt, seven at most. They are ORed; but an input
 * that rises is an edge also where another is up, so that of two chips by edge neither hides the
 * other.
 */
struct irq_line gsi_line(struct gsi *gsi, unsigned irq);
/* The set function of such a line; with the bare number for one more driver of any of them. */
void gsi_set_irq(void *opaque, unsigned number, bool level);
void gsi_state(struct gsi *gsi, struct state *s);
/* For `info irq`: rising edges since creation. */
uint64_t gsi_count(const struct gsi *gsi, unsigned irq);

#endif
