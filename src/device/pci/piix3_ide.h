// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX3's IDE function: two channels at their legacy ports with bus-master DMA.
#ifndef DEVICE_PCI_PIIX3_IDE_H
#define DEVICE_PCI_PIIX3_IDE_H

#include "backend/block.h"
#include "device/block/ide.h"
#include "device/irq.h"
#include "device/pci/pci.h"
#include "memory/memory.h"

/*
 * Function 8086:7010 at 00:1.1: command blocks at 1F0h and 170h, control blocks at 3F6h and 376h,
 * decoded as IDETIM (40h, 42h) bit 15 and the command register say; bus master registers at BAR 4.
 */
struct piix3_ide;

/* irq[0] and irq[1] are ISA 14 and 15. drives: primary master and slave, secondary master and
 * slave. */
struct piix3_ide *piix3_ide_create(struct pci_bus *bus, struct memory *memory,
                                   const struct log *log, const struct irq_line irq[2],
                                   const struct ide_drive drives[4]);
/* Waits for requests in flight. The back ends stay the caller's. */
void piix3_ide_destroy(struct piix3_ide *chip);
void piix3_ide_reset(struct piix3_ide *chip);
/* Nothing may be in flight (drain first). */
void piix3_ide_state(struct piix3_ide *chip, struct state *s);

#endif
