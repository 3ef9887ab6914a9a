// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SSE floating-point arithmetic, comparison, rounding and dot products.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"
#include "cpu/simd/unmasked.h"

/*
 * a = a op b, with exceptions. The host runs masked, which is all there is to it as long as
 * overflow and underflow are masked in the guest, too.
 */
static void compute(struct cpu *cpu, const struct insn *i, const struct arithmetic *op,
                    union vector *a, const union vector *b)
{
    uint32_t mxcsr = cpu->fpu.mxcsr, flags;
    if (likely((mxcsr & (MXCSR_OM | MXCSR_UM)) == (MXCSR_OM | MXCSR_UM))) {
        flags = op->packed(mxcsr, a, b);
    } else {
        const union vector before = *a, same = *b;
        flags = op->packed(mxcsr & MXCSR_UM ? mxcsr : mxcsr & ~MXCSR_FTZ, a, b) &
                (MXCSR_IE | MXCSR_DE | MXCSR_ZE);
        flags |= unmasked_post_flags(mxcsr, op, &before, &same);
    }
    sse_exceptions(cpu, i, flags);
}

/* The register changes only if no unmasked exception is raised. */
OUT_OF_LINE void arithmetic(struct cpu *cpu, const struct insn *i, const struct arithmetic *op,
                            load_function *load)
{
    union vector d = *xmm(cpu, i->reg), b = load(cpu, i);
    compute(cpu, i, op, &d, &b);
    *xmm(cpu, i->reg) = d;
}

#define ARITHMETIC(name, load, lane, pairing, lanes, is_double)                      \
    static const struct arithmetic name##_operation = {vector_##name, lane, pairing, \
                                                        lanes, is_double};           \
    EXEC(name##_r)                                                                   \
    {                                                                                \
        SSE_BEGIN;                                                                   \
        arithmetic(cpu, i, &name##_operation, load_register);                        \
        EXEC_NEXT;                                                                   \
    }                                                                                \
    EXEC(name##_m)                                                                   \
    {                                                                                \
        SSE_BEGIN;                                                                   \
        arithmetic(cpu, i, &name##_operation, load);                                 \
        EXEC_NEXT;                                                                   \
    }
#define ARITHMETIC_FORMS(op)                                             \
    ARITHMETIC(op##ps, load_aligned, float_##op, LANE_BY_LANE, 4, false) \
    ARITHMETIC(op##pd, load_aligned, float_##op, LANE_BY_LANE, 2, true)  \
    ARITHMETIC(op##ss, load_low32, float_##op, LANE_BY_LANE, 1, false)   \
    ARITHMETIC(op##sd, load_low64, float_##op, LANE_BY_LANE, 1, true)
ARITHMETIC_FORMS(add)
ARITHMETIC_FORMS(sub)
ARITHMETIC_FORMS(mul)
ARITHMETIC_FORMS(div)
ARITHMETIC(addsubps, load_aligned, float_add, ALTERNATING, 4, false)
ARITHMETIC(addsubpd, load_aligned, float_add, ALTERNATING, 2, true)
ARITHMETIC(haddps, load_aligned, float_add, NEIGHBOURS, 4, false)
ARITHMETIC(haddpd, load_aligned, float_add, NEIGHBOURS, 2, true)
ARITHMETIC(hsubps, load_aligned, float_sub, NEIGHBOURS, 4, false)
ARITHMETIC(hsubpd, load_aligned, float_sub, NEIGHBOURS, 2, true)
ARITHMETIC(cvtpd2ps, load_aligned, float_add, NARROWING, 2, false)
ARITHMETIC(cvtsd2ss, load_low64, float_add, NARROWING, 1, false)

/* Operations that neither overflow nor underflow. */
OUT_OF_LINE void operate(struct cpu *cpu, const struct insn *i, vector_operation *op,
                         load_function *load)
{
    union vector d = *xmm(cpu, i->reg), b = load(cpu, i);
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, &d, &b));
    *xmm(cpu, i->reg) = d;
}

#define OPERATION(name, load)                          \
    EXEC(name##_r)                                     \
    {                                                  \
        SSE_BEGIN;                                     \
        operate(cpu, i, vector_##name, load_register); \
        EXEC_NEXT;                                     \
    }                                                  \
    EXEC(name##_m)                                     \
    {                                                  \
        SSE_BEGIN;                                     \
        operate(cpu, i, vector_##name, load);          \
        EXEC_NEXT;                                     \
    }
#define OPERATION_FORMS(op)         \
    OPERATION(op##ps, load_aligned) \
    OPERATION(op##pd, load_aligned) \
    OPERATION(op##ss, load_low32)   \
    OPERATION(op##sd, load_low64)
OPERATION_FORMS(min)
OPERATION_FORMS(max)
OPERATION_FORMS(sqrt)
OPERATION(rcpps, load_aligned)
OPERATION(rcpss, load_low32)
OPERATION(rsqrtps, load_aligned)
OPERATION(rsqrtss, load_low32)
/* Conversions between XMM registers. */
OPERATION(cvtps2pd, load_low64)
OPERATION(cvtss2sd, load_low32)
OPERATION(cvtdq2ps, load_aligned)
OPERATION(cvtdq2pd, load_low64)
OPERATION(cvtps2dq, load_aligned)
OPERATION(cvttps2dq, load_aligned)
OPERATION(cvtpd2dq, load_aligned)
OPERATION(cvttpd2dq, load_aligned)

/* ---- comparison ------------------------------------------------------------------------------ */
OUT_OF_LINE void compare(struct cpu *cpu, const struct insn *i, vector_comparison *op,
                         load_function *load)
{
    union vector d = *xmm(cpu, i->reg), b = load(cpu, i);
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, &d, &b, i->imm & 7));
    *xmm(cpu, i->reg) = d;
}

#define COMPARISON(name, load)                         \
    EXEC(name##_r)                                     \
    {                                                  \
        SSE_BEGIN;                                     \
        compare(cpu, i, vector_##name, load_register); \
        EXEC_NEXT;                                     \
    }                                                  \
    EXEC(name##_m)                                     \
    {                                                  \
        SSE_BEGIN;                                     \
        compare(cpu, i, vector_##name, load);          \
        EXEC_NEXT;                                     \
    }
COMPARISON(cmpps, load_aligned)
COMPARISON(cmppd, load_aligned)
COMPARISON(cmpss, load_low32)
COMPARISON(cmpsd, load_low64)

/* COMISS and kin: ZF PF CF; OF SF AF become 0. */
OUT_OF_LINE void relate(struct cpu *cpu, const struct insn *i, vector_relation *op,
                        load_function *load)
{
    union vector b = load(cpu, i);
    uint32_t relation;
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, xmm(cpu, i->reg), &b, &relation));
    flags_set_all(cpu, relation);
}

#define RELATION(name, load)                          \
    EXEC(name##_r)                                    \
    {                                                 \
        SSE_BEGIN;                                    \
        relate(cpu, i, vector_##name, load_register); \
        EXEC_NEXT;                                    \
    }                                                 \
    EXEC(name##_m)                                    \
    {                                                 \
        SSE_BEGIN;                                    \
        relate(cpu, i, vector_##name, load);          \
        EXEC_NEXT;                                    \
    }
RELATION(comiss, load_low32)
RELATION(ucomiss, load_low32)
RELATION(comisd, load_low64)
RELATION(ucomisd, load_low64)

/* ---- SSE4.1 ------------------------------------------------------------------------------ */
/* Rounding: immediate bit 2 takes MXCSR.RC, else bits 0-1 are the mode; bit 3 keeps PE away. */
OUT_OF_LINE void round_to_integral(struct cpu *cpu, const struct insn *i, vector_operation *op,
                                   load_function *load)
{
    uint32_t mxcsr = cpu->fpu.mxcsr;
    union vector d = *xmm(cpu, i->reg), b = load(cpu, i);
    if (!(i->imm & 4))
        mxcsr = (mxcsr & ~(3u << MXCSR_RC_SHIFT)) | (i->imm & 3) << MXCSR_RC_SHIFT;
    uint32_t flags = op(mxcsr, &d, &b);
    if (i->imm & 8)
        flags &= ~(uint32_t)MXCSR_PE;
    sse_exceptions(cpu, i, flags);
    *xmm(cpu, i->reg) = d;
}

#define ROUND(name, load)                                        \
    EXEC(name##_r)                                               \
    {                                                            \
        SSE_BEGIN;                                               \
        round_to_integral(cpu, i, vector_##name, load_register); \
        EXEC_NEXT;                                               \
    }                                                            \
    EXEC(name##_m)                                               \
    {                                                            \
        SSE_BEGIN;                                               \
        round_to_integral(cpu, i, vector_##name, load);          \
        EXEC_NEXT;                                               \
    }
ROUND(roundps, load_aligned)
ROUND(roundpd, load_aligned)
ROUND(roundss, load_low32)
ROUND(roundsd, load_low64)

/*
 * DPPS, DPPD: products of the lanes chosen by immediate bits 4-7 (others +0.0), added pairwise,
 * then the pairs; each step rounds and raises by itself (SDM 2 "DPPS"). Bits 0-3 choose where the
 * sum goes.
 */
struct dot {
    const struct arithmetic *multiply, *add_pairs;
    unsigned lanes, lane_bytes, additions;
};

OUT_OF_LINE void dot_product(struct cpu *cpu, const struct insn *i, const struct dot *dot,
                             load_function *load)
{
    union vector a = *xmm(cpu, i->reg), b = load(cpu, i);
    for (unsigned n = 0; n < dot->lanes; n++) {
        if (!(i->imm >> (4 + n) & 1)) {
            __builtin_memset(&a.u8[n * dot->lane_bytes], 0, dot->lane_bytes);
            __builtin_memset(&b.u8[n * dot->lane_bytes], 0, dot->lane_bytes);
        }
    }
    compute(cpu, i, dot->multiply, &a, &b);
    for (unsigned n = 0; n < dot->additions; n++) {
        const union vector same = a;
        compute(cpu, i, dot->add_pairs, &a, &same);
    }
    for (unsigned n = 0; n < dot->lanes; n++) {
        if (!(i->imm >> n & 1))
            __builtin_memset(&a.u8[n * dot->lane_bytes], 0, dot->lane_bytes);
    }
    *xmm(cpu, i->reg) = a;
}

static const struct dot single_dot = {&mulps_operation, &haddps_operation, 4, 4, 2};
static const struct dot double_dot = {&mulpd_operation, &haddpd_operation, 2, 8, 1};

#define DOT(name, kind)                            \
    EXEC(name##_r)                                 \
    {                                              \
        SSE_BEGIN;                                 \
        dot_product(cpu, i, &kind, load_register); \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(name##_m)                                 \
    {                                              \
        SSE_BEGIN;                                 \
        dot_product(cpu, i, &kind, load_aligned);  \
        EXEC_NEXT;                                 \
    }
DOT(dpps, single_dot)
DOT(dppd, double_dot)
