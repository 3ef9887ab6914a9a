// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A double-precision matrix product. Built twice: once for SSE2, once for the x87 (MATMUL names it).
#include "program.h"
#include "user_programs.h"

#include <string.h>

#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define SIZE        128

static double a[SIZE][SIZE] __attribute__((aligned(64)));
static double b[SIZE][SIZE] __attribute__((aligned(64)));
static double product[SIZE][SIZE] __attribute__((aligned(64)));

void JOIN(MATMUL, _prepare)(void)
{
    uint32_t seed = 17;
    for (unsigned y = 0; y < SIZE; y++) {
        for (unsigned x = 0; x < SIZE; x++) {
            a[y][x] = (double)random_next(&seed) / 65536.0 - 128.0;
            b[y][x] = (double)random_next(&seed) / 65536.0 - 128.0;
        }
    }
}

uint32_t JOIN(MATMUL, _unit)(void)
{
    memset(product, 0, sizeof product);
    for (unsigned y = 0; y < SIZE; y++)
        for (unsigned k = 0; k < SIZE; k++)
            for (unsigned x = 0; x < SIZE; x++)
                product[y][x] += a[y][k] * b[k][x];
    uint32_t sum = 0;
    for (unsigned y = 0; y < SIZE; y++) {
        uint32_t words[2];
        memcpy(words, &product[y][(y * 7) % SIZE], sizeof words);
        sum = mix(mix(sum, words[0]), words[1]);
    }
    return sum;
}
