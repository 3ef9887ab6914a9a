// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// OE, UE and PE with overflow or underflow unmasked, lane by lane in 80 bits.
#include "cpu/simd/unmasked.h"

#include "cpu/simd/simd.h"
#include "cpu/x87/convert.h"
#include "cpu/x87/fpu.h"

/*
 * An 80-bit operation with precision control set to 24 or 53 bits rounds as the SSE instruction
 * does but has 15 bits of exponent: no operation on two doubles leaves that range.
 */
struct lane {
    struct f80 value;
    bool inexact;
};

static struct f80 widen_lane(const union vector *v, unsigned n, bool is_double, uint32_t mxcsr)
{
    unsigned flags;
    struct f80 r = is_double ? f80_from_f64(v->u64[n], &flags) : f80_from_f32(v->u32[n], &flags);
    if ((flags & X87_DE) && (mxcsr & MXCSR_DAZ))
        r = (struct f80){0, r.sign_exponent & 0x8000};
    return r;
}

static uint16_t lane_control(uint32_t mxcsr, bool is_double)
{
    unsigned rounding = mxcsr >> MXCSR_RC_SHIFT & 3;
    return (uint16_t)(X87_EXCEPTIONS | (is_double ? 2 : 0) << 8 | rounding << 10);
}

static struct lane compute(uint32_t mxcsr, const struct arithmetic *op, const union vector *a,
                           const union vector *b, unsigned n)
{
    const union vector *from = n < op->lanes / 2u ? a : b;
    unsigned first = 2 * (n % (op->lanes / 2u ? op->lanes / 2u : 1));
    float_binary *lane = op->lane;
    struct f80 x, y = {0, 0};
    switch (op->pairing) {
    case NEIGHBOURS:
        x = widen_lane(from, first, op->is_double, mxcsr);
        y = widen_lane(from, first + 1, op->is_double, mxcsr);
        break;
    case NARROWING: x = widen_lane(b, n, true, mxcsr); break;
    default:
        x = widen_lane(a, n, op->is_double, mxcsr);
        y = widen_lane(b, n, op->is_double, mxcsr);
        break;
    }
    if (op->pairing == ALTERNATING && n % 2 == 0)
        lane = float_sub;
    uint16_t status = lane(lane_control(mxcsr, op->is_double), &x, &y);
    return (struct lane){x, status & X87_PE};
}

/* Does the value lose bits as a denormal of the format? */
static bool inexact_denormal(const struct f80 *v, uint32_t mxcsr, bool is_double)
{
    uint32_t single;
    uint64_t wide;
    uint16_t control = lane_control(mxcsr, is_double);
    uint16_t status =
        is_double ? float_to_f64(control, v, &wide) : float_to_f32(control, v, &single);
    return status & X87_PE;
}

static uint32_t lane_flags(uint32_t mxcsr, const struct lane *lane, bool is_double)
{
    unsigned exponent = lane->value.sign_exponent & 0x7fff;
    unsigned largest = 0x3fff + (is_double ? 1023 : 127),
             smallest = 0x3fff - (is_double ? 1022 : 126);
    uint32_t inexact = lane->inexact ? MXCSR_PE : 0;
    if (exponent == 0x7fff || lane->value.significand == 0)
        return inexact;
    if (exponent > largest)
        return MXCSR_OE | (mxcsr & MXCSR_OM ? MXCSR_PE : inexact);
    if (exponent >= smallest)
        return inexact;
    if (!(mxcsr & MXCSR_UM))
        return MXCSR_UE | inexact;
    if ((mxcsr & MXCSR_FTZ) || inexact || inexact_denormal(&lane->value, mxcsr, is_double))
        return MXCSR_UE | MXCSR_PE;
    return 0;
}

uint32_t unmasked_post_flags(uint32_t mxcsr, const struct arithmetic *op, const union vector *a,
                             const union vector *b)
{
    uint32_t flags = 0;
    for (unsigned n = 0; n < op->lanes; n++) {
        struct lane lane = compute(mxcsr, op, a, b, n);
        flags |= lane_flags(mxcsr, &lane, op->is_double);
    }
    return flags;
}
