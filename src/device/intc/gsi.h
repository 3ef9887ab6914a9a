// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Global system interrupts: one number of the board to the 8259A pair and the I/O APIC.
#ifndef DEVICE_INTC_GSI_H
#define DEVICE_INTC_GSI_H

#include <stdbool.h>
#include <stdint.h>

struct gsi;
struct i8259;
struct ioapic;

#define GSI_COUNT 24

/* ISA IRQ 0 is pin 2 of the I/O APIC (MP specification, ACPI interrupt source override); 1 and 3-15
 * are equal; 16-23 exist in the I/O APIC only. IRQ 2, the cascade, goes nowhere. */
struct gsi *gsi_create(struct i8259 *pic, struct ioapic *ioapic);
void gsi_destroy(struct gsi *gsi);

/* An irq_line's set function; opaque is the struct gsi. */
void gsi_set_irq(void *opaque, unsigned irq, bool level);
/* For `info irq`: rising edges since creation. */
uint64_t gsi_count(const struct gsi *gsi, unsigned irq);

#endif
