// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The 8254 programmable interval timer: three counters at 1.193182 MHz.
#include "device/timer/i8254.h"

#include "base/state.h"
#include "device/timer/i8254_counter.h"
#include "host/host.h"

struct channel {
    struct i8254_counter counter;
    uint16_t count_latch;
    uint8_t status_latch, low_byte;
    uint8_t latched_bytes; /* of count_latch still to be read */
    bool status_latched;
    bool write_high, read_high; /* which of two bytes comes next */
};

struct i8254 {
    const struct log *log;
    struct clock *clock;
    struct region *region;
    struct irq_line irq;
    struct timer timer; /* the next rising edge of counter 0's OUT */
    int64_t edge;       /* the tick of that edge; past while edges are being made up for */
    int64_t shown;      /* the tick when the last one was signalled */
    struct channel channels[3];
};

/*
 * CLK pulses since the clock began, and the first nanosecond that has seen pulse n. Edges are
 * computed from pulse numbers, so that no rounding adds up: after any time the number of edges is
 * exact.
 */
static int64_t tick_at(int64_t now)
{
    return muldiv64(now, I8254_FREQUENCY, NS_PER_SECOND);
}

static int64_t tick_now(const struct i8254 *pit)
{
    return tick_at(clock_now(pit->clock));
}

static int64_t tick_time(int64_t tick)
{
    return muldiv64(tick, NS_PER_SECOND, I8254_FREQUENCY) + 1;
}

/*
 * The host may come late: busy with others, or stopped. Guests count edges for their clocks, and
 * Linux refuses to start where five of them do not come within 160 ms. So those that are late are
 * made up for; not all at once, of which an interrupt controller would keep one, but with time
 * between them to take each. Beyond MAX_OWED they are lost: a host that never keeps up must not owe
 * ever more.
 */
enum { CATCH_UP = 16, CATCH_UP_NS = 200 * 1000, MAX_OWED = 1000 };

static int64_t catch_up_time(const struct i8254 *pit)
{
    int64_t period = (int64_t)pit->channels[0].counter.count * NS_PER_SECOND / I8254_FREQUENCY;
    return clock_now(pit->clock) + MAX(period / CATCH_UP, MIN(period / 2, CATCH_UP_NS));
}

/* For the first edge behind tick `from`, which may be past itself. */
static void arm(struct i8254 *pit, int64_t from, int64_t tick)
{
    pit->edge = i8254_counter_next_rise(&pit->channels[0].counter, from);
    if (pit->edge == INT64_MAX)
        timer_cancel(&pit->timer);
    else if (pit->edge > tick)
        timer_set(&pit->timer, tick_time(pit->edge));
    else
        timer_set(&pit->timer, catch_up_time(pit));
}

static void rise(void *opaque)
{
    struct i8254 *pit = opaque;
    int64_t tick = tick_now(pit);
    int64_t oldest = tick - (int64_t)pit->channels[0].counter.count * MAX_OWED;
    irq_edge(pit->irq);
    pit->shown = tick;
    arm(pit, MAX(pit->edge, oldest), tick);
}

/*
 * Has the next edge's time come? That of one that is made up for is the timer's. But where the count
 * has come round since the last one was signalled, there must be one for it.
 */
static bool due(struct i8254 *pit, int64_t now)
{
    int64_t tick = tick_at(now);
    if (!timer_armed(&pit->timer) || pit->edge > tick)
        return false;
    return pit->timer.deadline <= now ||
           i8254_counter_next_rise(&pit->channels[0].counter, MAX(pit->edge - 1, pit->shown)) <=
               tick;
}

/* Before counter 0 changes, or is read: an edge whose time has come must not be lost, nor be later
 * than the count that shows it. */
static int64_t sync(struct i8254 *pit)
{
    int64_t now = clock_now(pit->clock);
    if (due(pit, now)) {
        timer_cancel(&pit->timer);
        rise(pit);
    }
    return tick_at(now);
}

static void changed(struct i8254 *pit, struct channel *channel, int64_t tick)
{
    if (channel != &pit->channels[0])
        return;
    irq_set(pit->irq, i8254_counter_output(&channel->counter, tick));
    arm(pit, tick, tick);
}

static void latch_count(struct channel *channel, int64_t tick)
{
    if (channel->latched_bytes != 0) /* a second latch command before the read is ignored */
        return;
    channel->count_latch = i8254_counter_value(&channel->counter, tick);
    channel->latched_bytes = channel->counter.access == 3 ? 2 : 1;
    channel->read_high = channel->counter.access == 2;
}

static void latch_status(struct channel *channel, int64_t tick)
{
    struct i8254_counter *c = &channel->counter;
    if (channel->status_latched)
        return;
    channel->status_latched = true;
    channel->status_latch =
        (uint8_t)(i8254_counter_output(c, tick) << 7 | i8254_counter_null(c, tick) << 6 |
                  c->access << 4 | c->mode << 1 | c->bcd);
}

/* Control word 11xxxxx0: latch the count (bit 5 low) and the status (bit 4 low) of the counters in
 * bits 3-1. */
static void read_back(struct i8254 *pit, uint8_t value, int64_t tick)
{
    for (unsigned i = 0; i < 3; i++) {
        if (!bit(value, i + 1))
            continue;
        if (!bit(value, 5))
            latch_count(&pit->channels[i], tick);
        if (!bit(value, 4))
            latch_status(&pit->channels[i], tick);
    }
}

static void write_control(struct i8254 *pit, uint8_t value, int64_t tick)
{
    unsigned select = value >> 6, access = value >> 4 & 3, mode = value >> 1 & 7;
    if (select == 3) {
        read_back(pit, value, tick);
        return;
    }
    struct channel *channel = &pit->channels[select];
    if (access == 0) {
        latch_count(channel, tick);
        return;
    }
    if (mode > 5)
        mode -= 4; /* x10 and x11 */
    LOG(pit->log, TIMER, "i8254: counter %u mode %u access %u\n", select, mode, access);
    i8254_counter_control(&channel->counter, mode, access, bit(value, 0));
    channel->latched_bytes = 0;
    channel->status_latched = false;
    channel->write_high = channel->read_high = access == 2;
    changed(pit, channel, tick);
}

static void write_count(struct i8254 *pit, struct channel *channel, uint8_t value, int64_t tick)
{
    struct i8254_counter *c = &channel->counter;
    uint16_t count;
    if (c->access == 1) {
        count = value;
    } else if (c->access == 2) {
        count = (uint16_t)(value << 8);
    } else if (!channel->write_high) {
        channel->low_byte = value;
        channel->write_high = true;
        if (c->mode == 0) {
            i8254_counter_stop(c, tick);
            changed(pit, channel, tick);
        }
        return;
    } else {
        channel->write_high = false;
        count = (uint16_t)(value << 8 | channel->low_byte);
    }
    LOG(pit->log, TIMER, "i8254: counter %u count %04x\n", (unsigned)(channel - pit->channels),
        count);
    if (count == 1 && (c->mode == 2 || c->mode == 3))
        LOG(pit->log, GUEST_ERRORS, "i8254: count 1 in mode %u\n", c->mode);
    i8254_counter_load(c, count, tick);
    changed(pit, channel, tick);
}

static bool pit_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct i8254 *pit = opaque;
    int64_t tick = sync(pit);
    (void)size;
    if (offset == 3)
        write_control(pit, (uint8_t)value, tick);
    else
        write_count(pit, &pit->channels[offset], (uint8_t)value, tick);
    return true;
}

static uint8_t read_count(struct channel *channel, int64_t tick)
{
    if (channel->status_latched) {
        channel->status_latched = false;
        return channel->status_latch;
    }
    uint16_t value = channel->count_latch;
    if (channel->latched_bytes != 0)
        channel->latched_bytes--;
    else
        value = i8254_counter_value(&channel->counter, tick);
    bool high = channel->read_high;
    if (channel->counter.access == 3)
        channel->read_high = !high;
    return (uint8_t)(high ? value >> 8 : value);
}

static bool pit_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct i8254 *pit = opaque;
    (void)size;
    if (offset == 3) /* no operation: the data bus floats */
        return false;
    *value = read_count(&pit->channels[offset], sync(pit));
    return true;
}

static const struct region_desc pit_desc = { "pit", 4, 1, 1, pit_read, pit_write };

struct i8254 *i8254_create(struct memory *memory, const struct log *log, struct clock *clock,
                           uint16_t port, struct irq_line irq)
{
    struct i8254 *pit = host_alloc(sizeof *pit);
    pit->log = log;
    pit->clock = clock;
    pit->irq = irq;
    timer_init(&pit->timer, clock, rise, pit);
    pit->region = region_map_io(memory, 1u << SPACE_PORTS, &pit_desc, pit, port, 0);
    i8254_reset(pit);
    return pit;
}

void i8254_destroy(struct i8254 *pit)
{
    if (pit == NULL)
        return;
    timer_cancel(&pit->timer);
    region_unmap(pit->region);
    host_free(pit);
}

/* The data sheet leaves mode and count undefined after power-up; this is mode 3 with nothing
 * loaded. */
void i8254_reset(struct i8254 *pit)
{
    timer_cancel(&pit->timer);
    for (unsigned i = 0; i < 3; i++) {
        struct channel *channel = &pit->channels[i];
        *channel = (struct channel){ 0 };
        channel->counter.gate = i != 2;
        channel->counter.count = channel->counter.next_count = 65536;
        i8254_counter_control(&channel->counter, 3, 3, false);
    }
    irq_set(pit->irq, true);
}

void i8254_state(struct i8254 *pit, struct state *s)
{
    state_section(s, "i8254", 2);
    for (unsigned i = 0; i < 3; i++) {
        struct channel *channel = &pit->channels[i];
        i8254_counter_state(&channel->counter, s);
        state_u16(s, &channel->count_latch);
        state_u8(s, &channel->status_latch);
        state_u8(s, &channel->low_byte);
        state_u8(s, &channel->latched_bytes);
        state_bool(s, &channel->status_latched);
        state_bool(s, &channel->write_high);
        state_bool(s, &channel->read_high);
    }
    if (s->loading) {
        int64_t tick = tick_now(pit);
        arm(pit, tick, tick);
    }
}

void i8254_set_gate(struct i8254 *pit, unsigned counter, bool level)
{
    int64_t tick = sync(pit);
    i8254_counter_set_gate(&pit->channels[counter].counter, level, tick);
    changed(pit, &pit->channels[counter], tick);
}

bool i8254_gate(const struct i8254 *pit, unsigned counter)
{
    return pit->channels[counter].counter.gate;
}

bool i8254_output(struct i8254 *pit, unsigned counter)
{
    return i8254_counter_output(&pit->channels[counter].counter, tick_now(pit));
}
