// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX3 south bridge's function 0: PCI to ISA, interrupt routing, reset control.
#ifndef DEVICE_PCI_PIIX3_H
#define DEVICE_PCI_PIIX3_H

#include "device/irq.h"
#include "device/pci/pci.h"
#include "memory/memory.h"

/*
 * Function 8086:7000 at 00:1.0. PIRQRC[A:D] (60h-63h) join the bus's four PIRQ lines to ISA
 * interrupts; a line that several PIRQs are routed to is high while any of them is. The port CF9h
 * lies above the bus's CF8h and takes byte accesses only.
 */
struct piix3;

/* isa_irq[n].set(..., number, level) is the interrupt controllers' input n (PIC and I/O APIC);
 * lines without set are not connected. reset is called with hard = true for a hard reset
 * (everything), false for a soft one (INIT of the processor). */
struct piix3 *piix3_create(struct pci_bus *bus, struct memory *memory, const struct log *log,
                           const struct irq_line isa_irq[16],
                           void (*reset)(void *opaque, bool hard), void *opaque);
void piix3_destroy(struct piix3 *chip);
void piix3_reset(struct piix3 *chip);
void piix3_state(struct piix3 *chip, struct state *s);

#endif
