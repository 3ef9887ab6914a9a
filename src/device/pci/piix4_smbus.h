// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PIIX4's SMBus host controller, on whose bus no device answers.
#ifndef DEVICE_PCI_PIIX4_SMBUS_H
#define DEVICE_PCI_PIIX4_SMBUS_H

#include "base/log.h"
#include "base/state.h"
#include "memory/memory.h"

#define PIIX4_SMBUS_PORTS 16

/* A part of the power management function, which moves and shows its region and routes its
 * interrupt. */
struct piix4_smbus {
    struct region *region;
    const struct log *log;
    uint8_t reg[PIIX4_SMBUS_PORTS];
    void (*changed)(void *opaque); /* after a write: piix4_smbus_interrupt() may have changed */
    void *opaque;
};

void piix4_smbus_init(struct piix4_smbus *smbus, struct memory *memory, const struct log *log,
                      void (*changed)(void *opaque), void *opaque);
bool piix4_smbus_interrupt(const struct piix4_smbus *smbus);
void piix4_smbus_reset(struct piix4_smbus *smbus);
void piix4_smbus_state(struct piix4_smbus *smbus, struct state *s);

#endif
