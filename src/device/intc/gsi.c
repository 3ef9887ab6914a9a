// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Global system interrupts: one number of the board to the 8259A pair and the I/O APIC.
#include "device/intc/gsi.h"

#include "device/intc/i8259.h"
#include "device/intc/ioapic.h"
#include "host/host.h"

enum { CASCADE = 2, TIMER_PIN = 2 };

struct gsi {
    struct i8259 *pic;
    struct ioapic *ioapic;
    uint32_t levels;
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

void gsi_set_irq(void *opaque, unsigned irq, bool level)
{
    struct gsi *gsi = opaque;
    host_assert(irq < GSI_COUNT, "gsi: no such interrupt");
    if (irq == CASCADE)
        return;
    if (level && !bit(gsi->levels, irq))
        gsi->counts[irq]++;
    gsi->levels = (gsi->levels & ~(1u << irq)) | (uint32_t)level << irq;
    if (irq < 16 && gsi->pic != NULL)
        i8259_set_irq(gsi->pic, irq, level);
    if (gsi->ioapic != NULL)
        ioapic_set_irq(gsi->ioapic, irq == 0 ? TIMER_PIN : irq, level);
}

uint64_t gsi_count(const struct gsi *gsi, unsigned irq)
{
    return irq < GSI_COUNT ? gsi->counts[irq] : 0;
}
