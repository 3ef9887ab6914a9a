// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A workbench for one chip: ports, memory, recorded interrupt lines, and time that the test moves.
#ifndef TESTS_UNIT_CHIP_BENCH_H
#define TESTS_UNIT_CHIP_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/state.h"
#include "device/irq.h"
#include "host/host.h"
#include "memory/memory.h"
#include "unit.h"

struct bench {
    struct log log;
    struct memory *memory;
    struct clock *clock;
    bool level[256];
    unsigned rises[256];
};

/* In place of the host's. */
static int64_t bench_host_time = 1;
/* What passes at each look at the clock: a host that keeps the program waiting between two. */
static int64_t bench_host_delay;

int64_t host_monotonic_ns(void)
{
    return bench_host_time += bench_host_delay;
}

static inline void bench_open(struct bench *b)
{
    *b = (struct bench){ { 0 }, NULL, NULL, { false }, { 0 } };
    b->memory = memory_create(&b->log);
    b->clock = clock_create(CLOCK_VIRTUAL);
}

static inline void bench_close(struct bench *b)
{
    memory_destroy(b->memory);
    clock_destroy(b->clock);
}

static inline void out(struct bench *b, uint16_t port, uint8_t value)
{
    memory_write(b->memory, SPACE_PORTS, port, 1, value);
}

static inline uint8_t in(struct bench *b, uint16_t port)
{
    uint64_t value;
    memory_read(b->memory, SPACE_PORTS, port, 1, &value);
    return (uint8_t)value;
}

static inline void store(struct bench *b, uint64_t address, unsigned size, uint64_t value)
{
    memory_write(b->memory, SPACE_MEMORY, address, size, value);
}

static inline uint64_t load(struct bench *b, uint64_t address, unsigned size)
{
    uint64_t value;
    memory_read(b->memory, SPACE_MEMORY, address, size, &value);
    return value;
}

static inline void bench_irq(void *opaque, unsigned number, bool level)
{
    struct bench *b = opaque;
    b->rises[number] += level && !b->level[number];
    b->level[number] = level;
}

static inline struct irq_line bench_line(struct bench *b, unsigned number)
{
    return (struct irq_line){ bench_irq, b, number };
}

/* Let time pass, each timer at its own time. */
static inline void pass(struct bench *b, int64_t ns)
{
    int64_t end = bench_host_time + ns;
    for (;;) {
        int64_t deadline = clock_host_deadline(b->clock);
        if (deadline > end)
            break;
        if (deadline > bench_host_time)
            bench_host_time = deadline;
        clock_run(b->clock);
    }
    bench_host_time = end;
}

/* The host was away: time jumps, then all timers run late. */
static inline void jump(struct bench *b, int64_t ns)
{
    bench_host_time += ns;
    clock_run(b->clock);
}

#endif
