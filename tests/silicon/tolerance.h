// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Differences that the manual allows, each with its sentence.
#ifndef TESTS_SILICON_TOLERANCE_H
#define TESTS_SILICON_TOLERANCE_H

#include "case.h"

/* Which of the differences (DIFFERS_*) both sides may have and be right. */
uint32_t tolerated(const struct silicon_case *c, const struct silicon_result *native,
                   const struct silicon_result *guest, uint32_t differs);

#endif
