// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The APIC bus: interrupt messages between I/O APICs, MSI and local APICs.
#ifndef DEVICE_INTC_APIC_BUS_H
#define DEVICE_INTC_APIC_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"

#define APIC_BUS_MAX_CPUS    16
#define APIC_BUS_MAX_IOAPICS 4

/* SDM 3A 10.6.1, the delivery mode field; the same in ICR, LVT, I/O APIC and MSI. */
enum apic_delivery {
    APIC_FIXED = 0,
    APIC_LOWEST_PRIORITY = 1,
    APIC_SMI = 2,
    APIC_REMOTE_READ = 3,
    APIC_NMI = 4,
    APIC_INIT = 5,
    APIC_STARTUP = 6,
    APIC_EXTINT = 7,
};

struct apic_message {
    uint8_t vector;
    uint8_t destination;
    enum apic_delivery delivery;
    bool logical; /* destination mode */
    bool level;   /* trigger mode: goes to TMR, so that the EOI is broadcast */
};

struct apic_bus;
struct lapic;
struct ioapic;

struct apic_bus *apic_bus_create(const struct log *log);
void apic_bus_destroy(struct apic_bus *bus);

/* Called by lapic_create() and ioapic_create(). False where there is no room. */
bool apic_bus_add_lapic(struct apic_bus *bus, struct lapic *lapic);
bool apic_bus_add_ioapic(struct apic_bus *bus, struct ioapic *ioapic);

/* Give a message to the local APICs that it addresses. False where nobody took it. */
bool apic_bus_deliver(struct apic_bus *bus, const struct apic_message *message);
/* To all, or to all but one. */
void apic_bus_broadcast(struct apic_bus *bus, const struct apic_message *message,
                        const struct lapic *except);
/* A local APIC takes what it did not: messages of inputs by level are tried again until somebody
 * does. Edges are gone. */
void apic_bus_retry(struct apic_bus *bus);
/* A local APIC ended a level-triggered interrupt. */
void apic_bus_eoi(struct apic_bus *bus, uint8_t vector);

#endif
