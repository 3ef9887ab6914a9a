// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 16550A universal asynchronous receiver and transmitter.
#ifndef DEVICE_CHAR_SERIAL_H
#define DEVICE_CHAR_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/char.h"
#include "base/clock.h"
#include "base/log.h"
#include "device/irq.h"

struct serial;
struct state;

/* backend may be NULL: what is sent is lost and nothing arrives. */
struct serial *serial_create(const struct log *log, struct clock *clock, struct irq_line irq,
                             struct char_backend *backend);
void serial_destroy(struct serial *serial);
void serial_reset(struct serial *serial);
void serial_state(struct serial *serial, struct state *s);

/* The eight registers, for the bus glue. */
uint8_t serial_read(struct serial *serial, unsigned offset);
void serial_write(struct serial *serial, unsigned offset, uint8_t value);

#endif
