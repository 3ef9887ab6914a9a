// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Port 61H: gate and output of PIT counter 2, the speaker, the refresh toggle.
#ifndef DEVICE_TIMER_SPEAKER_PORT_H
#define DEVICE_TIMER_SPEAKER_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "memory/memory.h"

struct speaker_port;
struct i8254;
struct state;

struct speaker_port *speaker_port_create(struct memory *memory, const struct log *log,
                                         struct clock *clock, struct i8254 *pit);
void speaker_port_destroy(struct speaker_port *port);
void speaker_port_reset(struct speaker_port *port);
void speaker_port_state(struct speaker_port *port, struct state *s);

#endif
