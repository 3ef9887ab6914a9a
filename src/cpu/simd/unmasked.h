// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// OE, UE and PE as they are when overflow or underflow is unmasked.
#ifndef CPU_SIMD_UNMASKED_H
#define CPU_SIMD_UNMASKED_H

#include <stdbool.h>

#include "host/float.h"

/* How result lanes come from operand lanes. */
enum pairing {
    LANE_BY_LANE,
    NEIGHBOURS,  /* HADDPx, HSUBPx: lower half of the result from a, upper from b */
    ALTERNATING, /* ADDSUBPx: even lanes subtract */
    NARROWING,   /* CVTPD2PS, CVTSD2SS: b alone */
};

/* An arithmetic instruction: the packed operation, and what it does to one pair of lanes. */
struct arithmetic {
    vector_operation *packed;
    float_binary *lane;
    enum pairing pairing;
    unsigned char lanes;
    bool is_double; /* the result lanes */
};

/*
 * The post-computation exceptions of a op b. An unmasked overflow or underflow delivers (to
 * nobody, in SSE) a result of unbounded exponent, so PE then says whether that one is inexact,
 * and a tiny result is an underflow even if exact; FTZ does nothing. SDM 1 4.9.1.4, 4.9.1.5,
 * 11.5.2.4, 11.5.2.5.
 */
uint32_t unmasked_post_flags(uint32_t mxcsr, const struct arithmetic *op, const union vector *a,
                             const union vector *b);

#endif
