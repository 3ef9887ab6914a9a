// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Message-signalled interrupts: a write to 0FEExxxxxH becomes an APIC message.
#ifndef DEVICE_INTC_MSI_H
#define DEVICE_INTC_MSI_H

#include <stdbool.h>
#include <stdint.h>

#include "device/intc/apic_bus.h"
#include "memory/memory.h"

struct msi;

/* Maps 0FEE00000H-0FEEFFFFFH below the local APIC's own page. */
struct msi *msi_create(struct memory *memory, const struct log *log, struct apic_bus *bus);
void msi_destroy(struct msi *msi);

/* What such a write means (SDM 3A 10.11). False where address is none of those. Chips may call it
 * in place of a memory write. */
bool msi_deliver(struct apic_bus *bus, uint64_t address, uint32_t data);

#endif
