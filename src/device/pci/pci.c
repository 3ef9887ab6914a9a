// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PCI bus: configuration mechanism 1, its functions, and their interrupt pins.
#include "device/pci/pci.h"

#include "base/log.h"
#include "device/pci/pci_internal.h"
#include "host/host.h"

/* PCI local bus specification 2.3, section 3.2.2.3.2: CONFIG_ADDRESS. Bits 30-24 and 1-0 are
 * reserved and read as zero. */
#define CONFIG_ADDRESS_PORT 0xcf8
#define CONFIG_DATA_PORT 0xcfc
#define CONFIG_ENABLE UINT32_C(0x80000000)
#define CONFIG_ADDRESS_BITS UINT32_C(0x80fffffc)

/* The function that CONFIG_ADDRESS names, or NULL: only bus 0 exists. */
static struct pci_function *addressed_function(const struct pci_bus *bus)
{
    if (bits(bus->config_address, 16, 8) != 0)
        return NULL;
    return bus->function[bits(bus->config_address, 8, 8)];
}

static bool address_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct pci_bus *bus = opaque;

    (void)offset;
    (void)size;
    *value = bus->config_address;
    return true;
}

static bool address_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pci_bus *bus = opaque;

    (void)offset;
    (void)size;
    bus->config_address = (uint32_t)value & CONFIG_ADDRESS_BITS;
    return true;
}

static bool data_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct pci_bus *bus = opaque;
    struct pci_function *f;

    if (!(bus->config_address & CONFIG_ENABLE))
        return false;
    f = addressed_function(bus);
    /* A master abort reads as all ones (section 3.3.3.1, 6.1). */
    *value = f == NULL ? size_mask(size)
                       : pci_config_read(f, (bus->config_address & 0xfc) + (unsigned)offset, size);
    return true;
}

static bool data_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct pci_bus *bus = opaque;
    struct pci_function *f;

    if (!(bus->config_address & CONFIG_ENABLE))
        return false;
    f = addressed_function(bus);
    if (f != NULL)
        pci_config_write(f, (bus->config_address & 0xfc) + (unsigned)offset, size, (uint32_t)value);
    return true;
}

/* Byte and word accesses at CF8h are not the bridge's: they reach other ports there (CF9h) or
 * nobody. */
static const struct region_desc address_desc = {
    .name = "pci-config-address",
    .size = 4,
    .min_size = 4,
    .max_size = 4,
    .read = address_read,
    .write = address_write,
};
static const struct region_desc data_desc = {
    .name = "pci-config-data",
    .size = 4,
    .min_size = 1,
    .max_size = 4,
    .read = data_read,
    .write = data_write,
};

/* The "pc" board's wiring: slot 1's INTA is PIRQA, and each slot is turned by one. */
static unsigned map_pc(unsigned slot, unsigned pin)
{
    return (pin + slot - 1) & 3;
}

struct pci_bus *pci_bus_create(struct memory *memory, const struct log *log)
{
    struct pci_bus *bus = host_alloc(sizeof *bus);

    bus->memory = memory;
    bus->log = log;
    bus->map = map_pc;
    bus->address =
        region_map_io(memory, 1 << SPACE_PORTS, &address_desc, bus, CONFIG_ADDRESS_PORT, 0);
    bus->data = region_map_io(memory, 1 << SPACE_PORTS, &data_desc, bus, CONFIG_DATA_PORT, 0);
    return bus;
}

void pci_bus_destroy(struct pci_bus *bus)
{
    if (bus == NULL)
        return;
    region_unmap(bus->address);
    region_unmap(bus->data);
    host_free(bus);
}

bool pci_register(struct pci_bus *bus, struct pci_function *f, uint8_t devfn)
{
    if (bus->function[devfn] != NULL)
        return false;
    bus->function[devfn] = f;
    f->bus = bus;
    f->devfn = devfn;
    __builtin_memcpy(f->reset_value, f->config, sizeof f->config);
    pci_update_bars(f);
    return true;
}

int pci_free_slot(const struct pci_bus *bus)
{
    for (int slot = 3; slot < 32; slot++) {
        bool taken = false;
        for (unsigned n = 0; n < 8; n++)
            taken |= bus->function[PCI_DEVFN(slot, n)] != NULL;
        if (!taken)
            return slot;
    }
    return -1;
}

/* Interrupt pins are level sensitive and shared (section 2.2.6): a PIRQ is high while any function
 * drives it. */
void pci_update_intx(struct pci_function *f)
{
    struct pci_bus *bus = f->bus;
    bool driven = f->intx && !(load_le16(&f->config[PCI_COMMAND]) & PCI_COMMAND_INTX_DISABLE);
    unsigned pin = f->config[PCI_INTERRUPT_PIN];
    unsigned pirq;

    f->config[PCI_STATUS] =
        (f->config[PCI_STATUS] & ~PCI_STATUS_INTX) | (f->intx ? PCI_STATUS_INTX : 0);
    if (driven == f->intx_driven || pin == 0 || bus == NULL)
        return;
    f->intx_driven = driven;
    pirq = bus->map(f->devfn >> 3, pin - 1) & 3;
    bus->pirq_drivers[pirq] += driven ? 1 : -1;
    LOG(bus->log, PCI, "pci: %s INT%c %s, PIRQ%c has %d drivers\n", f->name, 'A' + pin - 1,
        driven ? "up" : "down", 'A' + pirq, bus->pirq_drivers[pirq]);
    irq_set(bus->route[pirq], bus->pirq_drivers[pirq] > 0);
}

void pci_irq_set(struct pci_function *f, bool level)
{
    f->intx = level;
    pci_update_intx(f);
}

void pci_bus_set_routes(struct pci_bus *bus, const struct irq_line route[4])
{
    for (unsigned n = 0; n < 4; n++)
        bus->route[n] = route[n];
}

void pci_bus_set_map(struct pci_bus *bus, unsigned (*map)(unsigned slot, unsigned pin))
{
    bus->map = map;
}

void pci_bus_reset(struct pci_bus *bus)
{
    bus->config_address = 0;
    memory_begin(bus->memory);
    for (unsigned n = 0; n < ARRAY_SIZE(bus->function); n++) {
        if (bus->function[n] != NULL)
            pci_function_reset(bus->function[n]);
    }
    memory_commit(bus->memory);
}
