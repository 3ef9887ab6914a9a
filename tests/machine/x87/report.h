// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the parts of the program print: the same text on every processor that computes the same.
#ifndef TESTS_MACHINE_X87_REPORT_H
#define TESTS_MACHINE_X87_REPORT_H

#include <stdint.h>

/* An 80-bit register's bytes, the most significant first, and a line of text. */
void print_register(const void *ten_bytes);
void print_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Values at the borders of the format, as bits: zeros, denormals, infinities, NaNs, unnormals. */
extern const unsigned edge_value_count;
long double edge_value(unsigned n);
/* The next of a fixed sequence: any bits but in the exponent, which is near that of 1. */
long double next_value(uint32_t *seed);

void test_arithmetic(void);
void test_transcendental(void);
void test_environment(void);
void test_signals(void);
void test_switches(void);

#endif
