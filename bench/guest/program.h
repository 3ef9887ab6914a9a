// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a benchmark program under Linux is: a unit of work that is repeated for a given time.
#ifndef BENCH_GUEST_PROGRAM_H
#define BENCH_GUEST_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Each unit does the same work again and answers the same checksum, so that a slow machine may do
 * fewer of them and still be compared with a quick one. A unit takes about 1-5 ms on bare silicon,
 * so that reading the clock between units does not count.
 */
struct program {
    const char *name;
    void (*prepare)(void); /* gets and touches memory; not measured; may be null */
    uint32_t (*unit)(void);
    uint32_t operations;  /* in one unit: what the time is told for */
    void (*finish)(void); /* ends helpers; may be null */
    int without_warming;  /* a unit is long and leaves nothing to warm but memory */
};

extern const struct program programs[]; /* ends with a null name */

#define UNLIKELY_INLINED __attribute__((noinline, noclone))

static inline uint32_t random_next(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static inline uint32_t mix(uint32_t sum, uint32_t value)
{
    sum = (sum ^ value) * 0x9e3779b1u;
    return sum ^ sum >> 15;
}

/* Memory in pages of its own, each touched. */
void *touched_pages(size_t size);
/* Ends the program, saying what failed and errno. */
_Noreturn void fail(const char *what);

#endif
