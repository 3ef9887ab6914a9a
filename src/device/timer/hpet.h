// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The high-precision event timer (IA-PC HPET specification 1.0a): three comparators at 100 MHz.
#ifndef DEVICE_TIMER_HPET_H
#define DEVICE_TIMER_HPET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "device/irq.h"
#include "memory/memory.h"

#define HPET_DEFAULT_BASE 0xfed00000u

struct hpet;
struct state;

/* gsi: its set function and opaque are used with numbers 0-23 (timers may be routed to 20-23, and
 * to 0 and 8 by legacy replacement). */
struct hpet *hpet_create(struct memory *memory, const struct log *log, struct clock *clock,
                         uint32_t base, struct irq_line gsi);
void hpet_destroy(struct hpet *hpet);
void hpet_reset(struct hpet *hpet);
void hpet_state(struct hpet *hpet, struct state *s);

/*
 * The lines of PIT (isa_irq 0) and RTC (8) pass through the HPET: with legacy replacement they lead
 * nowhere, as timers 0 and 1 take their place. Give these to i8254_create() and mc146818_create().
 */
struct irq_line hpet_legacy_line(struct hpet *hpet, unsigned isa_irq);

#endif
