// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// PCI: configuration space, base address registers, interrupt pins.
#ifndef DEVICE_PCI_PCI_H
#define DEVICE_PCI_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "device/irq.h"
#include "memory/memory.h"

/*
 * A function is described by its 256-byte configuration space with write masks; the core (PCI local
 * bus specification 2.3, chapter 6) does reads, masked writes, BAR sizing, enabling by the command
 * register, and routing of INTA-INTD by slot. A function's struct lies inside its chip's; the chip
 * fills the identity, adds BARs, then registers.
 */
#define PCI_COMMAND 0x04
#define PCI_COMMAND_IO 0x1
#define PCI_COMMAND_MEMORY 0x2
#define PCI_COMMAND_MASTER 0x4
#define PCI_COMMAND_INTX_DISABLE 0x400
#define PCI_STATUS 0x06
#define PCI_STATUS_INTX 0x8
#define PCI_HEADER_TYPE 0x0e
#define PCI_BAR(n) (0x10 + 4 * (n))
#define PCI_ROM 0x30
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d
#define PCI_DEVFN(slot, function) ((uint8_t)((slot) << 3 | (function)))

struct pci_bus;

struct pci_bar {
    struct region *region; /* moved and enabled by the core; created disabled by the chip */
    uint64_t size;         /* a power of two; 0: no BAR */
    bool io;
    bool prefetchable;
    bool wide; /* 64 bits: the next BAR's register is its upper half */
    /* Alternative to region, for a BAR that is several regions: told the new base, or mapped =
     * false. */
    void (*moved)(void *opaque, uint64_t base, bool mapped);
};

struct pci_function {
    const char *name;
    uint8_t devfn;
    uint8_t config[256];
    uint8_t writable[256];    /* bits the guest may change */
    uint8_t write_1_clear[256];
    uint8_t reset_value[256]; /* copied to config by pci_function_reset(); taken from config at
                                 registration */
    struct pci_bar bar[7];    /* [6] is the expansion ROM */
    /* After the core changed config by a guest write; may be NULL. */
    void (*config_written)(void *opaque, unsigned offset, unsigned size);
    void (*reset)(void *opaque); /* may be NULL */
    void *opaque;
    struct pci_bus *bus;
    bool intx;        /* level of its interrupt pin now */
    bool intx_driven; /* the core's: the level that counts at the bus, after the command register's
                         interrupt disable */
};

/* The host bridge's ports 0xCF8 and 0xCFC are mapped at creation (configuration mechanism 1). */
struct pci_bus *pci_bus_create(struct memory *memory, const struct log *log);
void pci_bus_destroy(struct pci_bus *bus);

/* identity: vendor, device, class (24 bits: base, sub, programming interface), revision, subsystem
 * ids. Sets config and the usual write masks. */
void pci_function_init(struct pci_function *f, const char *name, uint16_t vendor, uint16_t device,
                       uint32_t class_code, uint8_t revision, uint16_t subsystem_vendor,
                       uint16_t subsystem, uint8_t interrupt_pin, void *opaque);
/* Put it on the bus. False if devfn is taken. */
bool pci_register(struct pci_bus *bus, struct pci_function *f, uint8_t devfn);
/* First free slot from 3 up, function 0; -1: none. */
int pci_free_slot(const struct pci_bus *bus);
void pci_bar_set_io(struct pci_function *f, unsigned bar, struct region *region, uint32_t size);
void pci_bar_set_memory(struct pci_function *f, unsigned bar, struct region *region, uint32_t size,
                        bool prefetchable);
/* Its address has 64 bits; it takes BARs bar and bar + 1 and is prefetchable. region may be NULL:
 * nothing answers there. */
void pci_bar_set_memory64(struct pci_function *f, unsigned bar, struct region *region,
                          uint64_t size);
/* The expansion ROM: block holds the image padded to a power of two. */
void pci_rom_set(struct pci_function *f, struct region *region, uint32_t size);

/* The function's INTx pin. Lines of several functions are ORed by the bus, swizzled as (slot + pin)
 * & 3, and given to route. */
void pci_irq_set(struct pci_function *f, bool level);
/* The south bridge's PIRQA-D inputs: route[n].set(..., n, level). */
void pci_bus_set_routes(struct pci_bus *bus, const struct irq_line route[4]);
/* Slot-to-PIRQ mapping of this board: PIRQ = map(slot, pin 0-3). */
void pci_bus_set_map(struct pci_bus *bus, unsigned (*map)(unsigned slot, unsigned pin));

/* RST#: every function's config becomes its reset_value, its pin goes low, and its own reset is
 * called. */
void pci_bus_reset(struct pci_bus *bus);
void pci_function_reset(struct pci_function *f);
struct state;
void pci_function_state(struct pci_function *f, struct state *s);
/* `info pci`. */
void pci_bus_print(struct pci_bus *bus, void (*line)(void *opaque, const char *text), void *opaque);

uint32_t pci_config_read(struct pci_function *f, unsigned offset, unsigned size);
void pci_config_write(struct pci_function *f, unsigned offset, unsigned size, uint32_t value);

#endif
