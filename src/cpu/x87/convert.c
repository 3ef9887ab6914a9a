// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Exact conversions to 80-bit reals.
#include "cpu/x87/convert.h"

#include "cpu/x87/fpu.h"

struct f80 f80_from_integer(int64_t v)
{
    uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
    if (magnitude == 0)
        return (struct f80){0, 0};
    unsigned shift = (unsigned)__builtin_clzll(magnitude);
    return (struct f80){magnitude << shift,
                        (uint16_t)((v < 0 ? 0x8000 : 0) | (0x3fff + 63 - shift))};
}

struct f80 f80_from_bcd(uint64_t low, uint16_t high)
{
    int64_t v = 0;
    v = (high >> 4 & 15) * 10 + (high & 15);
    for (int shift = 60; shift >= 0; shift -= 4)
        v = v * 10 + (int64_t)(low >> shift & 15);
    struct f80 r = f80_from_integer(v);
    r.sign_exponent |= high & 0x8000;
    return r;
}

/*
 * fraction: left-aligned in 63 bits; exponent as stored, bias and largest exponent of the
 * format.
 */
static struct f80 widen(unsigned sign, unsigned exponent, uint64_t fraction, unsigned bias,
                        unsigned *flags)
{
    uint16_t s = (uint16_t)(sign << 15);
    *flags = 0;
    if (exponent == 2 * bias + 1) {
        if (fraction && !(fraction >> 62)) {
            *flags = X87_IE;
            fraction |= UINT64_C(1) << 62;
        }
        return (struct f80){UINT64_C(1) << 63 | fraction, s | 0x7fff};
    }
    if (exponent != 0)
        return (struct f80){UINT64_C(1) << 63 | fraction,
                            (uint16_t)(s | (exponent + 0x3fff - bias))};
    if (fraction == 0)
        return (struct f80){0, s};
    *flags = X87_DE;
    unsigned shift = (unsigned)__builtin_clzll(fraction);
    return (struct f80){fraction << shift, (uint16_t)(s | (0x3fff - bias + 1 - shift))};
}

struct f80 f80_from_f32(uint32_t v, unsigned *flags)
{
    return widen(v >> 31, v >> 23 & 0xff, (uint64_t)(v & 0x7fffff) << 40, 127, flags);
}

struct f80 f80_from_f64(uint64_t v, unsigned *flags)
{
    return widen((unsigned)(v >> 63), (unsigned)(v >> 52) & 0x7ff,
                 (v & ((UINT64_C(1) << 52) - 1)) << 11, 1023, flags);
}
