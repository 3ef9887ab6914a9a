// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PCI core's own: the bus, and what its parts call of each other.
#ifndef DEVICE_PCI_PCI_INTERNAL_H
#define DEVICE_PCI_PCI_INTERNAL_H

#include "device/pci/pci.h"

struct pci_bus {
    struct memory *memory;
    const struct log *log;
    struct region *address;
    struct region *data;
    uint32_t config_address;
    struct pci_function *function[256]; /* by devfn */
    unsigned (*map)(unsigned slot, unsigned pin);
    struct irq_line route[4];
    int pirq_drivers[4]; /* functions that hold each PIRQ high */
};

/* Show each BAR's region where config says. */
void pci_update_bars(struct pci_function *f);
/* Bring the bus's line up to date with f's pin and command register. */
void pci_update_intx(struct pci_function *f);

#endif
