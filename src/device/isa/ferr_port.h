// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The coprocessor error port: FERR# to IRQ 13, and the write that ends it.
#ifndef DEVICE_ISA_FERR_PORT_H
#define DEVICE_ISA_FERR_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "device/irq.h"
#include "memory/memory.h"

/*
 * With CR0.NE clear an unmasked x87 exception asserts FERR#, which PIIX3 turns into IRQ 13. Any
 * write to port F0H drops the interrupt and asserts IGNNE#, so that the processor may go on past
 * the exception (82371SB 2.5.5, SDM 1 D.2.1).
 */
struct ferr_port;
struct state;

struct ferr_port *ferr_port_create(struct memory *memory, const struct log *log, uint16_t port,
                                   struct irq_line irq, void (*ignne)(void *opaque), void *opaque);
void ferr_port_destroy(struct ferr_port *ferr);
void ferr_port_reset(struct ferr_port *ferr);
void ferr_port_state(struct ferr_port *ferr, struct state *s);

/* The FERR# pin. */
void ferr_port_set(struct ferr_port *ferr, bool level);

#endif
