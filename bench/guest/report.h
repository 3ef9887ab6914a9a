// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// How a bare benchmark program speaks: through the debug console, port E9h; natively on standard output.
#ifndef BENCH_GUEST_REPORT_H
#define BENCH_GUEST_REPORT_H

#include <stdint.h>

void program(void);

void say(const char *text);
void say_number(uint32_t value); /* eight hexadecimal digits */

/* "begin NAME": the host looks at its clock when this line comes. */
static inline void report_begin(const char *name)
{
    say("begin ");
    say(name);
    say("\n");
}

/* "result XXXXXXXX", so that nobody's answer can be wrong unseen. */
static inline void report(uint32_t value)
{
    say("result ");
    say_number(value);
    say("\n");
}

#endif
