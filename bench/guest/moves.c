// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The C library's memcpy, memset and strlen over sizes. Each unit handles 4 MiB.
#include "program.h"
#include "user_programs.h"

#include <string.h>

#define UNIT (4u << 20)

/* Through pointers: the compiler is not to know what is called. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile set)(void *, int, size_t) = memset;
static size_t (*volatile length)(const char *) = strlen;

static char *source, *target;

void moves_prepare(void)
{
    uint32_t seed = 5;
    source = touched_pages(UNIT + 4096);
    target = touched_pages(UNIT + 4096);
    for (uint32_t n = 0; n < UNIT; n++)
        source[n] = (char)(1 + random_next(&seed) % 250);
    memset(target, 1, UNIT);
}

static uint32_t sum_of(const char *memory)
{
    uint32_t sum = 0;
    for (uint32_t n = 0; n < UNIT; n += 65537)
        sum = mix(sum, (uint8_t)memory[n]);
    return sum;
}

/* Small sizes stay in the L1 cache, where what is around the moving shows most. */
static inline uint32_t copy_unit(size_t size)
{
    size_t step = size < 16384 ? size : 0, place = 0;
    for (uint32_t n = 0; n < UNIT / size; n++) {
        copy(target + place, source + place, size);
        place = (place + step) & 0x1fff;
    }
    return sum_of(target);
}

static inline uint32_t set_unit(size_t size)
{
    size_t step = size < 16384 ? size : 0, place = 0;
    for (uint32_t n = 0; n < UNIT / size; n++) {
        set(target + place, (int)(size >> 4 & 0xff) | 1, size);
        place = (place + step) & 0x1fff;
    }
    return sum_of(target);
}

static inline uint32_t length_unit(size_t size)
{
    uint32_t sum = 0;
    size_t kept = size - 1;
    target[kept] = 0;
    for (uint32_t n = 0; n < UNIT / size; n++)
        sum += (uint32_t)length(target);
    target[kept] = 1;
    return sum;
}

#define MOVES(name, size)                                                                          \
    uint32_t memcpy_##name##_unit(void)                                                            \
    {                                                                                              \
        return copy_unit(size);                                                                    \
    }                                                                                              \
    uint32_t memset_##name##_unit(void)                                                            \
    {                                                                                              \
        return set_unit(size);                                                                     \
    }                                                                                              \
    uint32_t strlen_##name##_unit(void)                                                            \
    {                                                                                              \
        return length_unit(size);                                                                  \
    }
MOVES(64, 64)
MOVES(1k, 1024)
MOVES(32k, 32768)
MOVES(4m, UNIT)
