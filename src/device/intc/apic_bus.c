// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The APIC bus: interrupt messages between I/O APICs, MSI and local APICs.
#include "device/intc/apic_bus.h"

#include "device/intc/ioapic.h"
#include "device/intc/lapic.h"
#include "host/host.h"

struct apic_bus {
    const struct log *log;
    unsigned lapic_count, ioapic_count;
    struct lapic *lapics[APIC_BUS_MAX_CPUS];
    struct ioapic *ioapics[APIC_BUS_MAX_IOAPICS];
};

struct apic_bus *apic_bus_create(const struct log *log)
{
    struct apic_bus *bus = host_alloc(sizeof *bus);
    bus->log = log;
    return bus;
}

void apic_bus_destroy(struct apic_bus *bus)
{
    host_free(bus);
}

bool apic_bus_add_lapic(struct apic_bus *bus, struct lapic *lapic)
{
    if (bus->lapic_count == APIC_BUS_MAX_CPUS)
        return false;
    bus->lapics[bus->lapic_count++] = lapic;
    return true;
}

bool apic_bus_add_ioapic(struct apic_bus *bus, struct ioapic *ioapic)
{
    if (bus->ioapic_count == APIC_BUS_MAX_IOAPICS)
        return false;
    bus->ioapics[bus->ioapic_count++] = ioapic;
    return true;
}

/* Lowest-priority delivery: of the local APICs addressed, the one that does the least urgent work
 * (SDM 3A 10.6.2.4). */
static struct lapic *arbitrate(const struct apic_bus *bus, const struct apic_message *message)
{
    struct lapic *best = NULL;
    for (unsigned i = 0; i < bus->lapic_count; i++) {
        struct lapic *lapic = bus->lapics[i];
        if (!lapic_accepts(lapic, message->delivery) ||
            !lapic_matches(lapic, message->destination, message->logical))
            continue;
        if (best == NULL || lapic_arbitration_priority(lapic) < lapic_arbitration_priority(best))
            best = lapic;
    }
    return best;
}

bool apic_bus_deliver(struct apic_bus *bus, const struct apic_message *message)
{
    bool taken = false;
    if (message->delivery == APIC_LOWEST_PRIORITY) {
        struct lapic *lapic = arbitrate(bus, message);
        if (lapic != NULL)
            lapic_receive(lapic, message);
        taken = lapic != NULL;
    } else {
        for (unsigned i = 0; i < bus->lapic_count; i++) {
            struct lapic *lapic = bus->lapics[i];
            if (!lapic_accepts(lapic, message->delivery) ||
                !lapic_matches(lapic, message->destination, message->logical))
                continue;
            lapic_receive(lapic, message);
            taken = true;
        }
    }
    LOG(bus->log, INTC, "apic: vector %02x mode %u to %s %02x%s%s\n", message->vector,
        message->delivery, message->logical ? "logical" : "physical", message->destination,
        message->level ? " level" : "", taken ? "" : ": nobody took it");
    return taken;
}

void apic_bus_broadcast(struct apic_bus *bus, const struct apic_message *message,
                        const struct lapic *except)
{
    for (unsigned i = 0; i < bus->lapic_count; i++) {
        if (bus->lapics[i] != except && lapic_accepts(bus->lapics[i], message->delivery))
            lapic_receive(bus->lapics[i], message);
    }
}

void apic_bus_retry(struct apic_bus *bus)
{
    for (unsigned i = 0; i < bus->ioapic_count; i++)
        ioapic_retry(bus->ioapics[i]);
}

void apic_bus_eoi(struct apic_bus *bus, uint8_t vector)
{
    for (unsigned i = 0; i < bus->ioapic_count; i++)
        ioapic_eoi(bus->ioapics[i], vector);
}
