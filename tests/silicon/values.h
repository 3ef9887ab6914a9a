// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Values at which instructions do something special, and others.
#ifndef TESTS_SILICON_VALUES_H
#define TESTS_SILICON_VALUES_H

#include "host/float.h"
#include "random.h"

/* Where carries, signs and counts change. */
uint32_t random_value(struct random *r);
uint32_t random_f32(struct random *r);
uint64_t random_f64(struct random *r);
struct f80 random_f80(struct random *r);
union vector random_vector(struct random *r);
/* What an instruction may find in memory: integers, floating point of all sizes, packed BCD. */
void random_bytes(struct random *r, uint8_t *p, unsigned size);

#endif
