// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Exact conversions to 80-bit reals, which need no rounding.
#ifndef CPU_X87_CONVERT_H
#define CPU_X87_CONVERT_H

#include "host/float.h"

struct f80 f80_from_integer(int64_t v);
/* Packed BCD: 18 digits and the sign in bit 79. */
struct f80 f80_from_bcd(uint64_t low, uint16_t high);
/*
 * From single and double; *flags gets X87_DE for a denormal and X87_IE for a signalling NaN
 * (which becomes quiet).
 */
struct f80 f80_from_f32(uint32_t v, unsigned *flags);
struct f80 f80_from_f64(uint64_t v, unsigned *flags);

#endif
