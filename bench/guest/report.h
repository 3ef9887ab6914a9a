// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// How a benchmark program says its result, so that nobody's answer can be wrong unseen.
#ifndef BENCH_GUEST_REPORT_H
#define BENCH_GUEST_REPORT_H

#include <stdint.h>

void program(void);

/* "result XXXXXXXX" on the debug console: port E9h in a guest, standard output natively. */
void report(uint32_t value);

#endif
