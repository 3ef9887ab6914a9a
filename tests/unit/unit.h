// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Tests in C: TEST(name) { CHECK(...); }, a runner that counts.
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* TEST registers itself; unit_main.c runs all of one executable and exits 1 if a CHECK failed. */
struct unit_test {
    const char *name;
    void (*run)(void);
    struct unit_test *next;
};
void unit_register(struct unit_test *test);
void unit_fail(const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#define TEST(id)                                                                      \
    static void id(void);                                                             \
    static struct unit_test unit_test_##id = {#id, id, NULL};                         \
    __attribute__((constructor)) static void unit_register_##id(void)                 \
    {                                                                                 \
        unit_register(&unit_test_##id);                                               \
    }                                                                                 \
    static void id(void)

#define CHECK(condition)                                              \
    do {                                                              \
        if (!(condition))                                             \
            unit_fail(__FILE__, __LINE__, "%s", #condition);          \
    } while (0)

#define CHECK_EQ(actual, expected)                                                                              \
    do {                                                                                                        \
        uint64_t unit_a = (uint64_t)(actual), unit_e = (uint64_t)(expected);                                    \
        if (unit_a != unit_e)                                                                                   \
            unit_fail(__FILE__, __LINE__, "%s is 0x%" PRIx64 ", not 0x%" PRIx64, #actual, unit_a, unit_e);      \
    } while (0)

#endif
