// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The standard parallel port: data, status and control register.
#ifndef DEVICE_CHAR_PARALLEL_H
#define DEVICE_CHAR_PARALLEL_H

#include <stdint.h>

#include "backend/char.h"
#include "device/irq.h"
#include "memory/memory.h"

struct parallel;
struct state;

/* Three ports from port (378H). A strobe sends the data register's byte to the back end; with none
 * no printer is there. */
struct parallel *parallel_create(struct memory *memory, const struct log *log, uint16_t port,
                                 struct irq_line irq, struct char_backend *backend);
void parallel_destroy(struct parallel *parallel);
void parallel_reset(struct parallel *parallel);
void parallel_state(struct parallel *parallel, struct state *s);

#endif
