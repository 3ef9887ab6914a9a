// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The local APIC's timer: one-shot and periodic (SDM 3A 10.5.4).
#include "device/intc/lapic_internal.h"

/* Divide configuration: bits 3, 1, 0; 111B divides by 1. */
static uint32_t divisor(const struct lapic *lapic)
{
    unsigned code = (lapic->timer_divide & 3) | (lapic->timer_divide >> 1 & 4);
    return 1u << ((code + 1) & 7);
}

/* Counts since the start, and the first nanosecond at which that many have passed. */
static int64_t counted(const struct lapic *lapic)
{
    int64_t ns = clock_now(lapic->clock) - lapic->timer_start;
    return muldiv64(ns, lapic->bus_frequency, NS_PER_SECOND) / divisor(lapic);
}

static int64_t time_of(const struct lapic *lapic, int64_t counts)
{
    return lapic->timer_start +
           muldiv64(counts * divisor(lapic), NS_PER_SECOND, lapic->bus_frequency) + 1;
}

static bool periodic(const struct lapic *lapic)
{
    return lapic->lvt[LVT_TIMER] & LVT_PERIODIC;
}

uint32_t lapic_timer_count(const struct lapic *lapic)
{
    uint32_t initial = lapic->timer_initial;
    if (initial == 0)
        return 0;
    int64_t n = counted(lapic);
    if (periodic(lapic))
        return initial - (uint32_t)(n % initial);
    return n >= initial ? 0 : initial - (uint32_t)n;
}

/*
 * Interrupts of the past are not made up for: with several periods gone by there was one, and the
 * phase stays. But a one-shot count that ran out since it was written or armed has not interrupted
 * yet, however long the host kept us from looking.
 */
static void arm(struct lapic *lapic, bool started)
{
    uint32_t initial = lapic->timer_initial;
    bool outstanding = started || timer_armed(&lapic->timer);
    timer_cancel(&lapic->timer);
    if (initial == 0 || !lapic->global_enabled || lapic->lvt[LVT_TIMER] & LVT_MASKED)
        return;
    int64_t n = counted(lapic);
    if (periodic(lapic))
        timer_set(&lapic->timer, time_of(lapic, (n / initial + 1) * initial));
    else if (n < initial || outstanding)
        timer_set(&lapic->timer, time_of(lapic, initial));
}

void lapic_timer_arm(struct lapic *lapic)
{
    arm(lapic, false);
}

void lapic_timer_expire(void *opaque)
{
    struct lapic *lapic = opaque;
    lapic_fire(lapic, LVT_TIMER);
    lapic_timer_arm(lapic);
}

/* "A write of 0 to the initial-count register effectively stops the local APIC timer". */
void lapic_timer_write_initial(struct lapic *lapic, uint32_t value)
{
    lapic->timer_initial = value;
    lapic->timer_start = clock_now(lapic->clock);
    LOG(lapic->log, TIMER, "lapic: timer %s %u / %u\n", periodic(lapic) ? "periodic" : "one-shot",
        value, divisor(lapic));
    arm(lapic, true);
}

/* A running counter goes on from where it is with the new divisor. */
void lapic_timer_write_divide(struct lapic *lapic, uint32_t value)
{
    value &= 0xb;
    if (value == lapic->timer_divide)
        return;
    uint32_t left = lapic_timer_count(lapic);
    lapic->timer_divide = value;
    int64_t done = (int64_t)(lapic->timer_initial - left) * divisor(lapic);
    lapic->timer_start =
        clock_now(lapic->clock) - muldiv64(done, NS_PER_SECOND, lapic->bus_frequency);
    lapic_timer_arm(lapic);
}
