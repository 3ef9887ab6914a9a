// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A pointer chase: each load waits for the one before it. Over the L1 cache, the L2 cache, and memory.
#include "program.h"
#include "user_programs.h"

#define LINE 64u

struct link {
    struct link *next;
    uint32_t number;
};

static struct link *place;
static uint32_t links;

/* Links all lines of SIZE bytes into one ring, in a random order (Sattolo's shuffle). */
static void make_ring(size_t size)
{
    char *memory = touched_pages(size);
    uint32_t count = (uint32_t)(size / LINE), seed = 1;
    uint32_t *order = touched_pages(count * sizeof *order);
    for (uint32_t n = 0; n < count; n++)
        order[n] = n;
    for (uint32_t n = count - 1; n > 0; n--) {
        uint32_t other = (random_next(&seed) << 8 ^ random_next(&seed)) % n;
        uint32_t swapped = order[n];
        order[n] = order[other];
        order[other] = swapped;
    }
    for (uint32_t n = 0; n < count; n++) {
        struct link *link = (struct link *)(memory + order[n] * LINE);
        link->number = n;
        link->next = (struct link *)(memory + order[(n + 1) % count] * LINE);
    }
    place = (struct link *)(memory + order[0] * LINE);
    links = count;
}

void chase_l1_prepare(void)
{
    make_ring(16 << 10);
}

void chase_l2_prepare(void)
{
    make_ring(192 << 10);
}

void chase_memory_prepare(void)
{
    make_ring(64 << 20);
}

/* Goes on where the last unit ended; answers how far it came. */
static inline uint32_t chase(uint32_t steps)
{
    const struct link *link = place;
    uint32_t start = link->number;
    for (uint32_t n = 0; n < steps; n++)
        link = link->next;
    place = (struct link *)link;
    return (link->number + links - start) % links;
}

uint32_t chase_cached_unit(void)
{
    return chase(500000);
}

uint32_t chase_memory_unit(void)
{
    return chase(20000);
}
