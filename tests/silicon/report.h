// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A failure in words: everything that is needed to see it, and to run it again.
#ifndef TESTS_SILICON_REPORT_H
#define TESTS_SILICON_REPORT_H

#include "compare.h"

void report_case(const struct silicon_case *c);
/* differs: what compare() said. */
void report_difference(const struct silicon_case *c, enum engine_kind engine, uint32_t differs,
                       const struct silicon_result *native, const struct silicon_result *guest,
                       const struct guest *g);

#endif
