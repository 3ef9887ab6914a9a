// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The I/O APIC (82093AA): 24 inputs, each with its redirection entry.
#ifndef DEVICE_INTC_IOAPIC_H
#define DEVICE_INTC_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "device/intc/apic_bus.h"
#include "memory/memory.h"

#define IOAPIC_DEFAULT_BASE 0xfec00000u
#define IOAPIC_PINS         24

struct ioapic;
struct state;

struct ioapic *ioapic_create(struct memory *memory, const struct log *log, struct apic_bus *bus,
                             uint32_t base);
void ioapic_destroy(struct ioapic *ioapic);
void ioapic_reset(struct ioapic *ioapic);
void ioapic_state(struct ioapic *ioapic, struct state *s);

/* An input pin; opaque is the struct ioapic. The polarity bit is not looked at: lines of bmbt are
 * high when active. */
void ioapic_set_irq(void *opaque, unsigned pin, bool level);

/* From the bus: clear Remote IRR of the level-triggered entries with this vector; those still high
 * are sent again. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

/* From the bus: inputs by level that are high, and that nobody took, are sent again. */
void ioapic_retry(struct ioapic *ioapic);

/* `info pic`. */
void ioapic_print(const struct ioapic *ioapic, void (*line)(void *opaque, const char *text),
                  void *opaque);

#endif
