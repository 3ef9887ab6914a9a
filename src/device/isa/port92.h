// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Port 92H: fast A20 gate and fast reset.
#ifndef DEVICE_ISA_PORT92_H
#define DEVICE_ISA_PORT92_H

#include <stdint.h>

#include "device/irq.h"
#include "memory/memory.h"

struct port92;
struct state;

/* a20 is driven at each write and may be shared with the keyboard controller: the last writer wins.
 * reset is pulsed. */
struct port92 *port92_create(struct memory *memory, const struct log *log, struct irq_line a20,
                             struct irq_line reset);
void port92_destroy(struct port92 *port92);
void port92_reset(struct port92 *port92);
void port92_state(struct port92 *port92, struct state *s);

#endif
