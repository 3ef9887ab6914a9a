// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Interrupts at random boundaries: the timers, and the parts.
#ifndef TESTS_GUEST_TORTURE_INTERRUPTS_H
#define TESTS_GUEST_TORTURE_INTERRUPTS_H

#include "generate.h"

enum timer { TIMER_PIT, TIMER_LAPIC, TIMERS };

/* The 8259s' lines from IRQ_BASE on, all masked; the local APIC on. Once. */
void timers_init(void);
/* Interrupts all the while, so many microseconds apart; by the PIT at most 54000. */
void timer_start(enum timer timer, unsigned microseconds);
void timer_stop(void);
/* Whether a vector is a timer's; tells its controller. */
bool timer_acknowledge(uint32_t vector);
/* Microseconds since the PIT's last interrupt. */
unsigned timer_since(void);
/* Let what is pending come in. */
void timer_drain(void);

void interrupts_programs(void);
void interrupts_tasks(void);
void interrupts_loops(void);
void interrupts_strings(void);
void interrupts_shadows(void);
void interrupts_steps(void);
void interrupts_breakpoints(void);

#endif
