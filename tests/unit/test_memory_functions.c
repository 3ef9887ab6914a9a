// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// memcpy, memmove, memset and memcmp as they are linked, against loops over bytes.
#include <stdlib.h>

#include "unit.h"

/* Through pointers that the compiler cannot see through, so that nothing is expanded in place. */
static void *(*volatile copy)(void *, const void *, size_t) = memcpy;
static void *(*volatile move)(void *, const void *, size_t) = memmove;
static void *(*volatile set)(void *, int, size_t) = memset;
static int (*volatile compare)(const void *, const void *, size_t) = memcmp;

#define SIZE 1024
static unsigned char actual[SIZE], expected[SIZE], source[SIZE];

static const size_t lengths[] = { 0,  1,  2,  3,  7,   8,   9,   15,  16, 17,
                                  31, 63, 64, 65, 127, 128, 129, 200, 300 };
#define LENGTHS (sizeof lengths / sizeof lengths[0])

static void fill(void)
{
    for (size_t i = 0; i < SIZE; i++) {
        actual[i] = expected[i] = (unsigned char)rand();
        source[i] = (unsigned char)rand();
    }
}

static void same(void)
{
    for (size_t i = 0; i < SIZE; i++)
        CHECK_EQ(actual[i], expected[i]);
}

TEST(copies)
{
    for (size_t l = 0; l < LENGTHS; l++)
        for (size_t to = 0; to < 9; to++)
            for (size_t from = 0; from < 9; from++) {
                fill();
                CHECK(copy(actual + to, source + from, lengths[l]) == actual + to);
                for (size_t i = 0; i < lengths[l]; i++)
                    expected[to + i] = source[from + i];
                same();
            }
}

/* Every overlap, up and down, nearer and farther than a word. */
TEST(moves)
{
    static unsigned char old[SIZE];
    for (size_t l = 0; l < LENGTHS; l++)
        for (int distance = -20; distance <= 20; distance++) {
            fill();
            for (size_t i = 0; i < SIZE; i++)
                old[i] = actual[i];
            CHECK(move(actual + 100 + distance, actual + 100, lengths[l]) ==
                  actual + 100 + distance);
            for (size_t i = 0; i < lengths[l]; i++)
                expected[100 + distance + (int)i] = old[100 + i];
            same();
        }
}

TEST(sets)
{
    for (size_t l = 0; l < LENGTHS; l++)
        for (size_t to = 0; to < 9; to++) {
            fill();
            CHECK(set(actual + to, 0x1a5, lengths[l]) ==
                  actual + to); /* converted to unsigned char */
            for (size_t i = 0; i < lengths[l]; i++)
                expected[to + i] = 0xa5;
            same();
        }
}

TEST(compares)
{
    for (size_t l = 0; l < LENGTHS; l++) {
        fill();
        copy(actual, source, SIZE);
        CHECK(compare(actual + 3, source + 3, lengths[l]) == 0);
        for (size_t i = 0; i < lengths[l]; i++) {
            unsigned char saved = actual[3 + i];
            actual[3 + i] ^= 0x80;
            /* As unsigned bytes: 80H is above 7FH. */
            CHECK((compare(actual + 3, source + 3, lengths[l]) > 0) ==
                  (actual[3 + i] > source[3 + i]));
            CHECK((compare(source + 3, actual + 3, lengths[l]) > 0) ==
                  (actual[3 + i] < source[3 + i]));
            actual[3 + i] = saved;
        }
    }
}
