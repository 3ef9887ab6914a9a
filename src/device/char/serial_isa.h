// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A 16550A at ISA ports.
#ifndef DEVICE_CHAR_SERIAL_ISA_H
#define DEVICE_CHAR_SERIAL_ISA_H

#include <stdint.h>

#include "backend/char.h"
#include "base/clock.h"
#include "device/irq.h"
#include "memory/memory.h"

struct serial_isa;
struct state;

/* Eight ports from port (3F8H, 2F8H, 3E8H, 2E8H). */
struct serial_isa *serial_isa_create(struct memory *memory, const struct log *log,
                                     struct clock *clock, uint16_t port, struct irq_line irq,
                                     struct char_backend *backend);
void serial_isa_destroy(struct serial_isa *isa);
void serial_isa_reset(struct serial_isa *isa);
void serial_isa_state(struct serial_isa *isa, struct state *s);

#endif
