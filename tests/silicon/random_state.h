// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A random state of registers before a case.
#ifndef TESTS_SILICON_RANDOM_STATE_H
#define TESTS_SILICON_RANDOM_STATE_H

#include "case.h"
#include "random.h"

/* EFLAGS that a case may begin with besides IF: POPF of a program may change them. */
#define FLAGS_IN (EFLAGS_ARITH | EFLAGS_DF)

/* Registers, flags, FPU; flat segments. quiet: all exceptions masked, and none pending. */
void random_state_fill(struct random *r, struct silicon_state *s, bool quiet);

#endif
