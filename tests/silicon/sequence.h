// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs of 5 to 200 instructions with branches, loops, calls and memory traffic.
#ifndef TESTS_SILICON_SEQUENCE_H
#define TESTS_SILICON_SEQUENCE_H

#include "program.h"

/* The program of this seed and number, the state before it in c->in, and where its code goes. */
uint32_t sequence_make(struct program *p, struct silicon_case *c, uint64_t seed, uint64_t number,
                       bool segments);
/* The same as a whole case. */
void sequence_case(struct silicon_case *c, uint64_t seed, uint64_t number, bool segments);

#endif
