// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The high-precision event timer (IA-PC HPET specification 1.0a): three comparators at 100 MHz.
#include "device/timer/hpet.h"

#include "base/state.h"
#include "host/host.h"

enum { TIMERS = 3, TICK_NS = 10, SIZE = 0x400 };

enum {
    REG_CAPABILITIES = 0x000,
    REG_CONFIGURATION = 0x010,
    REG_STATUS = 0x020,
    REG_COUNTER = 0x0f0,
    REG_TIMERS = 0x100, /* 20H each: configuration, comparator, FSB route */
};

/* 2.3.4: period in femtoseconds, vendor 8086H, legacy replacement, 64-bit counter, timers - 1,
 * revision 1. */
#define CAPABILITIES ((uint64_t)TICK_NS * 1000000 << 32 | 0x8086a001 | (TIMERS - 1) << 8)

enum { CONFIGURATION_ENABLE = 1, CONFIGURATION_LEGACY = 2 };

/* 2.3.8 */
#define TIMER_LEVEL            UINT64_C(0x2)
#define TIMER_INTERRUPT        UINT64_C(0x4)
#define TIMER_PERIODIC         UINT64_C(0x8)
#define TIMER_PERIODIC_CAPABLE UINT64_C(0x10)
#define TIMER_64_BIT_CAPABLE   UINT64_C(0x20)
#define TIMER_SET_VALUE        UINT64_C(0x40)
#define TIMER_32_BIT           UINT64_C(0x100)
#define TIMER_ROUTE_SHIFT      9
#define TIMER_WRITABLE         UINT64_C(0x3f4e)
/* Interrupt inputs that a timer may use: 20-23, which no ISA or PCI line of this board has. */
#define ROUTE_CAPABLE UINT64_C(0x00f00000)

struct comparator {
    struct hpet *hpet;
    struct timer timer;
    uint64_t configuration;
    uint64_t value;
    uint64_t period; /* the last value written while periodic */
};

struct hpet {
    const struct log *log;
    struct clock *clock;
    struct region *region;
    struct irq_line gsi;
    uint64_t configuration;
    uint64_t status;
    uint64_t counter;     /* while halted; else what to add to the tick number */
    bool legacy_input[2]; /* levels of PIT and RTC */
    struct comparator timers[TIMERS];
};

static bool enabled(const struct hpet *hpet)
{
    return hpet->configuration & CONFIGURATION_ENABLE;
}

static bool legacy(const struct hpet *hpet)
{
    return hpet->configuration & CONFIGURATION_LEGACY;
}

static uint64_t ticks(const struct hpet *hpet)
{
    return (uint64_t)(clock_now(hpet->clock) / TICK_NS);
}

static uint64_t counter(const struct hpet *hpet)
{
    return enabled(hpet) ? hpet->counter + ticks(hpet) : hpet->counter;
}

static unsigned index_of(const struct comparator *c)
{
    return (unsigned)(c - c->hpet->timers);
}

static uint64_t width_mask(const struct comparator *c)
{
    return c->configuration & TIMER_32_BIT ? UINT32_MAX : UINT64_MAX;
}

static void set_gsi(struct hpet *hpet, unsigned number, bool level)
{
    struct irq_line line = hpet->gsi;
    line.number = number;
    irq_set(line, level);
}

/* The input that a timer drives now, -1 for none. */
static int route(const struct comparator *c)
{
    if (legacy(c->hpet) && index_of(c) < 2)
        return index_of(c) == 0 ? 0 : 8;
    unsigned number = (unsigned)bits(c->configuration, TIMER_ROUTE_SHIFT, 5);
    return bit(ROUTE_CAPABLE, number) ? (int)number : -1;
}

/* Does a level-triggered timer drive this input high? It does while its status bit is set. */
static bool driven(const struct hpet *hpet, int number)
{
    for (unsigned i = 0; i < TIMERS; i++) {
        const struct comparator *c = &hpet->timers[i];
        if (bit(hpet->status, i) && (c->configuration & TIMER_INTERRUPT) &&
            (c->configuration & TIMER_LEVEL) && route(c) == number)
            return true;
    }
    return false;
}

static void update_level(struct comparator *c, bool allowed)
{
    int number = route(c);
    if (number >= 0)
        set_gsi(c->hpet, (unsigned)number, allowed && driven(c->hpet, number));
}

static void interrupt(struct comparator *c)
{
    int number = route(c);
    if (c->configuration & TIMER_LEVEL) {
        c->hpet->status |= UINT64_C(1) << index_of(c);
        update_level(c, true);
    } else if ((c->configuration & TIMER_INTERRUPT) && number >= 0) {
        /* An edge, and the line stays high: an 8259A forgets a request that goes. */
        set_gsi(c->hpet, (unsigned)number, false);
        set_gsi(c->hpet, (unsigned)number, true);
    }
}

/* Arm for the tick at which the counter equals the comparator. matched: it just did, and the next
 * time is a whole turn away. */
static void arm(struct comparator *c, bool matched)
{
    struct hpet *hpet = c->hpet;
    uint64_t mask = width_mask(c), delta = (c->value - counter(hpet)) & mask;
    if (matched && delta == 0)
        delta = mask == UINT32_MAX ? UINT64_C(1) << 32 : UINT64_MAX;
    if (!enabled(hpet) || delta > INT64_MAX / (4 * TICK_NS))
        timer_cancel(&c->timer);
    else
        timer_set(&c->timer, (int64_t)(ticks(hpet) + delta) * TICK_NS);
}

/* The comparator of a periodic timer moves on by whole periods, past the present: those that went
 * by are one interrupt. */
static void advance(struct comparator *c)
{
    uint64_t mask = width_mask(c), late = (counter(c->hpet) - c->value) & mask;
    if (!(c->configuration & TIMER_PERIODIC) || c->period == 0)
        return;
    c->value = (c->value + (late / c->period + 1) * c->period) & mask;
}

static void expire(void *opaque)
{
    struct comparator *c = opaque;
    advance(c);
    interrupt(c);
    arm(c, true);
}

/* Before anything changes: a match whose time has come must not be lost. */
static void sync(struct hpet *hpet)
{
    for (unsigned i = 0; i < TIMERS; i++) {
        struct comparator *c = &hpet->timers[i];
        if (timer_armed(&c->timer) && c->timer.deadline <= clock_now(hpet->clock)) {
            timer_cancel(&c->timer);
            expire(c);
        }
    }
}

static void drive_legacy_inputs(struct hpet *hpet)
{
    for (unsigned i = 0; i < 2; i++)
        set_gsi(hpet, i == 0 ? 0 : 8, !legacy(hpet) && hpet->legacy_input[i]);
}

/* Halting keeps the counter's value; going on counts from it. */
static void write_configuration(struct hpet *hpet, uint64_t value)
{
    uint64_t now = counter(hpet);
    bool routed = (value ^ hpet->configuration) & CONFIGURATION_LEGACY;
    for (unsigned i = 0; i < TIMERS && routed; i++)
        update_level(&hpet->timers[i], false);
    hpet->configuration = value & (CONFIGURATION_ENABLE | CONFIGURATION_LEGACY);
    hpet->counter = enabled(hpet) ? now - ticks(hpet) : now;
    LOG(hpet->log, TIMER, "hpet: configuration %x\n", (unsigned)hpet->configuration);
    if (routed)
        drive_legacy_inputs(hpet);
    for (unsigned i = 0; i < TIMERS; i++) {
        if (routed)
            update_level(&hpet->timers[i], true);
        arm(&hpet->timers[i], false);
    }
}

static void write_status(struct hpet *hpet, uint64_t value)
{
    hpet->status &= ~value;
    for (unsigned i = 0; i < TIMERS; i++) {
        if (bit(value, i) && hpet->timers[i].configuration & TIMER_LEVEL)
            update_level(&hpet->timers[i], true);
    }
}

static void write_counter(struct hpet *hpet, uint64_t value)
{
    if (enabled(hpet))
        LOG(hpet->log, GUEST_ERRORS, "hpet: main counter written while it runs\n");
    hpet->counter = enabled(hpet) ? value - ticks(hpet) : value;
    for (unsigned i = 0; i < TIMERS; i++)
        arm(&hpet->timers[i], false);
}

/*
 * An edge is signalled for good, whatever becomes of its timer (2.3.8): its line, which an 8259A
 * wants high until it acknowledges, stays high while the timer keeps to edges and to that line.
 */
static void write_timer_configuration(struct comparator *c, uint64_t value)
{
    struct hpet *hpet = c->hpet;
    uint64_t old = c->configuration;
    int left = route(c);
    c->configuration = value & TIMER_WRITABLE;
    if (!bit(ROUTE_CAPABLE, (unsigned)bits(value, TIMER_ROUTE_SHIFT, 5)))
        c->configuration &= ~(UINT64_C(0x1f) << TIMER_ROUTE_SHIFT);
    c->value &= width_mask(c);
    c->period &= width_mask(c);
    if (left >= 0 && (((old | c->configuration) & TIMER_LEVEL) || route(c) != left))
        set_gsi(hpet, (unsigned)left, driven(hpet, left));
    if (c->configuration & TIMER_LEVEL)
        update_level(c, true);
    arm(c, false);
}

/*
 * 2.3.9.2.2: a periodic timer takes a write as its period, and as its next match only with the
 * set-value bit, which the write clears. mask tells the half that is written.
 */
static void write_comparator(struct comparator *c, uint64_t value, uint64_t mask)
{
    mask &= width_mask(c);
    if (c->configuration & TIMER_PERIODIC)
        c->period = (c->period & ~mask) | (value & mask);
    if (!(c->configuration & TIMER_PERIODIC) || c->configuration & TIMER_SET_VALUE)
        c->value = (c->value & ~mask) | (value & mask);
    c->configuration &= ~TIMER_SET_VALUE;
    arm(c, false);
}

static uint64_t read_register(const struct hpet *hpet, unsigned reg)
{
    if (reg >= REG_TIMERS && reg < REG_TIMERS + 0x20 * TIMERS) {
        const struct comparator *c = &hpet->timers[(reg - REG_TIMERS) >> 5];
        switch (reg & 0x18) {
        case 0x00:
            return c->configuration | TIMER_PERIODIC_CAPABLE | TIMER_64_BIT_CAPABLE |
                   ROUTE_CAPABLE << 32;
        case 0x08: return c->value;
        default: return 0; /* no FSB route */
        }
    }
    switch (reg) {
    case REG_CAPABILITIES: return CAPABILITIES;
    case REG_CONFIGURATION: return hpet->configuration;
    case REG_STATUS: return hpet->status;
    case REG_COUNTER: return counter(hpet);
    default: return 0;
    }
}

static void write_register(struct hpet *hpet, unsigned reg, uint64_t value, uint64_t mask)
{
    if (reg >= REG_TIMERS && reg < REG_TIMERS + 0x20 * TIMERS) {
        struct comparator *c = &hpet->timers[(reg - REG_TIMERS) >> 5];
        if ((reg & 0x18) == 0x00)
            write_timer_configuration(c, value);
        else if ((reg & 0x18) == 0x08)
            write_comparator(c, value, mask);
        return;
    }
    switch (reg) {
    case REG_CONFIGURATION: write_configuration(hpet, value); break;
    case REG_STATUS: write_status(hpet, value); break;
    case REG_COUNTER: write_counter(hpet, value); break;
    default: LOG(hpet->log, GUEST_ERRORS, "hpet: write of register %03x\n", reg); break;
    }
}

/* Registers are 64 bits wide; either half may be accessed alone, and writing one leaves the other.
 */
static bool hpet_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct hpet *hpet = opaque;
    if (offset & (size - 1))
        return false;
    sync(hpet);
    *value = read_register(hpet, (unsigned)offset & ~7u) >> 8 * (offset & 7) & size_mask(size);
    return true;
}

static bool hpet_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct hpet *hpet = opaque;
    unsigned reg = (unsigned)offset & ~7u;
    if (offset & (size - 1))
        return false;
    sync(hpet);
    uint64_t mask = UINT64_MAX;
    if (size == 4) {
        mask = offset & 4 ? (uint64_t)UINT32_MAX << 32 : UINT32_MAX;
        uint64_t old = reg == REG_STATUS ? 0 : read_register(hpet, reg);
        value =
            offset & 4 ? (old & UINT32_MAX) | value << 32 : (old & ~(uint64_t)UINT32_MAX) | value;
    }
    write_register(hpet, reg, value, mask);
    return true;
}

static const struct region_desc hpet_desc = { "hpet", SIZE, 4, 8, hpet_read, hpet_write };

static void legacy_input(void *opaque, unsigned number, bool level)
{
    struct hpet *hpet = opaque;
    hpet->legacy_input[number == 8] = level;
    if (!legacy(hpet))
        set_gsi(hpet, number, level);
}

struct irq_line hpet_legacy_line(struct hpet *hpet, unsigned isa_irq)
{
    host_assert(isa_irq == 0 || isa_irq == 8, "hpet: not a line that it replaces");
    return (struct irq_line){ legacy_input, hpet, isa_irq };
}

struct hpet *hpet_create(struct memory *memory, const struct log *log, struct clock *clock,
                         uint32_t base, struct irq_line gsi)
{
    struct hpet *hpet = host_alloc(sizeof *hpet);
    hpet->log = log;
    hpet->clock = clock;
    hpet->gsi = gsi;
    for (unsigned i = 0; i < TIMERS; i++) {
        hpet->timers[i].hpet = hpet;
        hpet->timers[i].value = UINT64_MAX;
        timer_init(&hpet->timers[i].timer, clock, expire, &hpet->timers[i]);
    }
    hpet->region = region_map_io(memory, MEMORY_SPACES, &hpet_desc, hpet, base, 0);
    return hpet;
}

void hpet_destroy(struct hpet *hpet)
{
    if (hpet == NULL)
        return;
    for (unsigned i = 0; i < TIMERS; i++)
        timer_cancel(&hpet->timers[i].timer);
    region_unmap(hpet->region);
    host_free(hpet);
}

void hpet_reset(struct hpet *hpet)
{
    hpet->status = 0;
    for (unsigned i = 0; i < TIMERS; i++) {
        struct comparator *c = &hpet->timers[i];
        update_level(c, false);
        c->configuration = 0;
        c->value = UINT64_MAX;
        c->period = 0;
    }
    write_configuration(hpet, 0);
    hpet->counter = 0;
    drive_legacy_inputs(hpet);
}

void hpet_state(struct hpet *hpet, struct state *s)
{
    state_section(s, "hpet", 1);
    state_u64(s, &hpet->configuration);
    state_u64(s, &hpet->status);
    state_u64(s, &hpet->counter);
    state_bool(s, &hpet->legacy_input[0]);
    state_bool(s, &hpet->legacy_input[1]);
    for (unsigned i = 0; i < TIMERS; i++) {
        state_u64(s, &hpet->timers[i].configuration);
        state_u64(s, &hpet->timers[i].value);
        state_u64(s, &hpet->timers[i].period);
    }
    for (unsigned i = 0; i < TIMERS && s->loading; i++)
        arm(&hpet->timers[i], false);
}
