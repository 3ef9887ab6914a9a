// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC's state, shared by its three files.
#ifndef DEVICE_INTC_LAPIC_INTERNAL_H
#define DEVICE_INTC_LAPIC_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "device/intc/lapic.h"

enum lvt { LVT_TIMER, LVT_THERMAL, LVT_PERFORMANCE, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

/* Local vector table entries, SDM 3A figure 10-8. */
enum {
    LVT_VECTOR = 0xff,
    LVT_DELIVERY_SHIFT = 8,
    LVT_REMOTE_IRR = 1 << 14,
    LVT_LEVEL = 1 << 15,
    LVT_MASKED = 1 << 16,
    LVT_PERIODIC = 1 << 17,
};

enum { SVR_ENABLED = 1 << 8 };

/* Error status register, SDM 3A figure 10-9. */
enum {
    ESR_SEND_ILLEGAL_VECTOR = 1 << 5,
    ESR_RECEIVE_ILLEGAL_VECTOR = 1 << 6,
    ESR_ILLEGAL_REGISTER = 1 << 7,
};

/* 256 bits, one a vector. */
struct vectors {
    uint32_t word[8];
};

struct lapic {
    const struct log *log;
    struct clock *clock;
    struct apic_bus *bus;
    struct region *region;
    struct lapic_cpu cpu;
    uint8_t initial_id;
    uint32_t bus_frequency;

    bool global_enabled; /* IA32_APIC_BASE bit 11 */
    bool lint[2];        /* levels of the pins */
    bool intr;           /* what set_intr() was last told */
    bool extint;         /* an ExtINT message came: an INTA to the 8259A is due */
    uint8_t id, tpr;
    uint32_t svr, ldr, dfr;
    uint32_t esr, esr_pending;
    uint32_t icr_low, icr_high;
    uint32_t lvt[LVT_COUNT];
    struct vectors irr, isr, tmr;

    struct timer timer;
    uint32_t timer_initial;
    uint32_t timer_divide; /* the divide configuration register */
    int64_t timer_start;   /* clock time at which the counter held timer_initial */
};

/* Recompute the processor's INTR pin. */
void lapic_update(struct lapic *lapic);
uint8_t lapic_processor_priority(const struct lapic *lapic);
void lapic_error(struct lapic *lapic, uint32_t error);
/* A local interrupt source fires: deliver as its LVT entry says. */
void lapic_fire(struct lapic *lapic, enum lvt entry);
void lapic_end_of_interrupt(struct lapic *lapic);
void lapic_send(struct lapic *lapic);
void lapic_write_lvt(struct lapic *lapic, enum lvt entry, uint32_t value);
void lapic_write_svr(struct lapic *lapic, uint32_t value);

bool lapic_read_register(void *opaque, uint64_t offset, unsigned size, uint64_t *value);
bool lapic_write_register(void *opaque, uint64_t offset, unsigned size, uint64_t value);

void lapic_timer_expire(void *opaque);
void lapic_timer_write_initial(struct lapic *lapic, uint32_t value);
void lapic_timer_write_divide(struct lapic *lapic, uint32_t value);
uint32_t lapic_timer_count(const struct lapic *lapic);
/* Mode or mask changed. */
void lapic_timer_arm(struct lapic *lapic);

#endif
