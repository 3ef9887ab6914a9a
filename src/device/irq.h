// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An interrupt line: a wire with one driver and one function.
#ifndef DEVICE_IRQ_H
#define DEVICE_IRQ_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Passed by value to the chip that drives it. A chip knows no PIC, APIC or PCI: it sets its line
 * high or low, and the receiver's set function decides what an edge or a level means. A line with
 * set == NULL is not connected. Called under the device lock.
 */
struct irq_line {
    void (*set)(void *opaque, unsigned number, bool level);
    void *opaque;
    unsigned number;
};

static inline void irq_set(struct irq_line line, bool level)
{
    if (line.set != NULL)
        line.set(line.opaque, line.number, level);
}

static inline void irq_pulse(struct irq_line line)
{
    irq_set(line, true);
    irq_set(line, false);
}

/* An edge that interrupts: an 8259A wants the line to stay high until it is acknowledged. */
static inline void irq_edge(struct irq_line line)
{
    irq_set(line, false);
    irq_set(line, true);
}

#endif
