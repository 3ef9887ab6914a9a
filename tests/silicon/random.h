// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random numbers: one stream a case, so that each case can be made again alone.
#ifndef TESTS_SILICON_RANDOM_H
#define TESTS_SILICON_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
    uint64_t state;
};

/* Neighbouring seeds and case numbers give streams that have nothing in common. */
static inline struct random random_begin(uint64_t seed, uint64_t number)
{
    uint64_t z = (seed + 1) * 0x9e3779b97f4a7c15u + number * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (struct random){ z != 0 ? z : 1 };
}

static inline uint64_t random64(struct random *r)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return r->state * 0x9e3779b97f4a7c15u;
}
static inline uint32_t random32(struct random *r)
{
    return (uint32_t)(random64(r) >> 32);
}
static inline uint32_t random_below(struct random *r, uint32_t n)
{
    return (uint32_t)(((random64(r) >> 32) * n) >> 32);
}
/* True once in n times. */
static inline bool one_in(struct random *r, uint32_t n)
{
    return random_below(r, n) == 0;
}

#endif
