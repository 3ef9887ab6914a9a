// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC of one processor: SDM 3A chapter 10, xAPIC mode.
#ifndef DEVICE_INTC_LAPIC_H
#define DEVICE_INTC_LAPIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "device/intc/apic_bus.h"
#include "memory/memory.h"

#define LAPIC_DEFAULT_BASE 0xfee00000u

/* The pins of the processor that the local APIC drives. Any member may be NULL. */
struct lapic_cpu {
    void (*set_intr)(void *opaque, bool level);
    void (*nmi)(void *opaque);
    void (*smi)(void *opaque);
    void (*init)(void *opaque);
    void (*startup)(void *opaque, uint8_t vector);
    /* INTA cycles to the 8259A pair: its vector. */
    int (*pic_acknowledge)(void *opaque);
    void *opaque;
};

struct lapic;
struct state;

/*
 * bus_frequency is what the timer divides (Hz). Id 0 is the bootstrap processor. Writes to the
 * page's offsets 0-0FH, where no register is, are taken for an MSI to APIC 0.
 */
struct lapic *lapic_create(struct memory *memory, const struct log *log, struct clock *clock,
                           struct apic_bus *bus, const struct lapic_cpu *cpu, uint8_t id,
                           uint32_t bus_frequency);
void lapic_destroy(struct lapic *lapic);
void lapic_reset(struct lapic *lapic);
/* INIT: as after power-up, but the ID stays, and so does what IA32_APIC_BASE says (SDM 3A 10.4.7.3,
 * table 9-1). */
void lapic_init(struct lapic *lapic);
void lapic_state(struct lapic *lapic, struct state *s);

/* IA32_APIC_BASE was written (or reset): move, enable or disable. Disabled, LINT0 is INTR and LINT1
 * is NMI. */
void lapic_apic_base_changed(struct lapic *lapic, uint64_t value);

/* The local interrupt pins; opaque is the struct lapic: LINT0 (number 0) is wired to the 8259A's
 * INTR, LINT1 (1) to NMI. */
void lapic_set_lint(void *opaque, unsigned lint, bool level);

/* INTA: the vector to deliver, asking the 8259A by LINT0 in ExtINT mode; -1: none any more. */
int lapic_acknowledge(struct lapic *lapic);

/* For the APIC bus. */
uint8_t lapic_id(const struct lapic *lapic);
bool lapic_matches(const struct lapic *lapic, uint8_t destination, bool logical);
uint8_t lapic_arbitration_priority(const struct lapic *lapic);
/* Would it take such a message now? Disabled by software it takes SMI, NMI, INIT and startup only;
 * by IA32_APIC_BASE none. */
bool lapic_accepts(const struct lapic *lapic, enum apic_delivery delivery);
void lapic_receive(struct lapic *lapic, const struct apic_message *message);

/* `info lapic`. */
void lapic_print(const struct lapic *lapic, void (*line)(void *opaque, const char *text),
                 void *opaque);

#endif
