// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The MC146818A real-time clock with 128 bytes of CMOS RAM.
#ifndef DEVICE_TIMER_MC146818_H
#define DEVICE_TIMER_MC146818_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "device/irq.h"
#include "memory/memory.h"

struct mc146818;
struct state;

/*
 * Ports 70H (index; bit 7 masks NMI) and 71H (data). base_ns is the time of day at creation, in
 * nanoseconds since 1970-01-01 00:00 of the zone the clock shall show: UTC, local time, or any
 * chosen date. From then on it goes with `clock`, the virtual one (it stops with the machine) or
 * the real-time one.
 */
struct mc146818 *mc146818_create(struct memory *memory, const struct log *log, struct clock *clock,
                                 int64_t base_ns, struct irq_line irq);
void mc146818_destroy(struct mc146818 *rtc);
/* RESET#: interrupts off; time and CMOS stay. */
void mc146818_reset(struct mc146818 *rtc);
void mc146818_state(struct mc146818 *rtc, struct state *s);
/*
 * Unlike the chip: periodic interrupts that come while one is pending, on a busy host, are delivered
 * one by one as register C is read, up to 1000. Off at creation.
 */
void mc146818_make_up(struct mc146818 *rtc, bool on);

/* CMOS bytes that the board fills (memory size, floppy types, boot order). Index 0EH and up. */
void mc146818_set_cmos(struct mc146818 *rtc, uint8_t index, uint8_t value);
uint8_t mc146818_cmos(const struct mc146818 *rtc, uint8_t index);
/* Bit 7 of port 70H. */
bool mc146818_nmi_masked(const struct mc146818 *rtc);
/* What the clock shows, seconds since 1970. */
int64_t mc146818_time(struct mc146818 *rtc);

#endif
