// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Global system interrupts: one number of the board to the 8259A pair and the I/O APIC.
#include "device/intc/gsi.h"

#include "base/state.h"
#include "device/intc/i8259.h"
#include "device/intc/ioapic.h"
#include "host/host.h"

enum { CASCADE = 2, TIMER_PIN = 2 };
/* A line's number: the interrupt, and from this bit on which of its drivers. */
enum { DRIVER_SHIFT = 8, DRIVERS = 8 };

struct gsi {
    struct i8259 *pic;
    struct ioapic *ioapic;
    unsigned lines[GSI_COUNT]; /* that gsi_line() gave */
    uint8_t levels[GSI_COUNT]; /* bit n: driver n holds it up */
    uint64_t counts[GSI_COUNT];
};

struct gsi *gsi_create(struct i8259 *pic, struct ioapic *ioapic)
{
    struct gsi *gsi = host_alloc(sizeof *gsi);
    gsi->pic = pic;
    gsi->ioapic = ioapic;
    return gsi;
}

void gsi_destroy(struct gsi *gsi)
{
    host_free(gsi);
}

struct irq_line gsi_line(struct gsi *gsi, unsigned irq)
{
    host_assert(irq < GSI_COUNT, "gsi: no such interrupt");
    unsigned driver = ++gsi->lines[irq];
    host_assert(driver < DRIVERS, "gsi: too many drive one interrupt");
    return (struct irq_line){ gsi_set_irq, gsi, driver << DRIVER_SHIFT | irq };
}

static void drive(struct gsi *gsi, unsigned irq, bool level)
{
    if (irq < 16 && gsi->pic != NULL)
        i8259_set_irq(gsi->pic, irq, level);
    if (gsi->ioapic != NULL)
        ioapic_set_irq(gsi->ioapic, irq == 0 ? TIMER_PIN : irq, level);
}

void gsi_set_irq(void *opaque, unsigned number, bool level)
{
    struct gsi *gsi = opaque;
    unsigned irq = number & ((1u << DRIVER_SHIFT) - 1), driver = number >> DRIVER_SHIFT;
    host_assert(irq < GSI_COUNT && driver < DRIVERS, "gsi: no such interrupt");
    if (irq == CASCADE)
        return;
    uint8_t was = gsi->levels[irq], bit = (uint8_t)(1u << driver);
    gsi->levels[irq] = level ? was | bit : was & (uint8_t)~bit;
    if (level && !(was & bit)) {
        gsi->counts[irq]++;
        if (was != 0)
            drive(gsi, irq, false);
    }
    drive(gsi, irq, gsi->levels[irq] != 0);
}

uint64_t gsi_count(const struct gsi *gsi, unsigned irq)
{
    return irq < GSI_COUNT ? gsi->counts[irq] : 0;
}

void gsi_state(struct gsi *gsi, struct state *s)
{
    state_section(s, "gsi", 1);
    state_bytes(s, gsi->levels, sizeof gsi->levels);
}
