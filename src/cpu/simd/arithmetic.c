// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SSE floating-point arithmetic, comparison, rounding and dot products.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"

/* What an operation writes, for the exceptions that depend on the result. */
enum result { PS, PD, SS, SD, NO_UNDERFLOW };

/*
 * With underflow unmasked a tiny result is one even if exact, and FTZ has no effect (SDM 1 11.5.2.5, 10.2.3.3). The host runs
 * masked and flags only inexact ones. A denormal result is always tiny; one rounded up to the smallest normal is inexact.
 */
static uint32_t exact_underflow(const union vector *v, enum result result)
{
    bool tiny = false;
    if (result == PD || result == SD) {
        for (unsigned n = 0; n < (result == PD ? 2 : 1); n++)
            tiny |= !(v->u64[n] & UINT64_C(0x7ff0000000000000)) && v->u64[n] << 1 != 0;
    } else if (result != NO_UNDERFLOW) {
        for (unsigned n = 0; n < (result == PS ? 4 : 1); n++)
            tiny |= !(v->u32[n] & 0x7f800000) && v->u32[n] << 1 != 0;
    }
    return tiny ? MXCSR_UE : 0;
}

/* xmm[reg] = op(xmm[reg], b); the register changes only if no unmasked exception is raised. */
static void operate(struct cpu *cpu, const struct insn *i, vector_operation *op, const union vector *b, enum result result)
{
    uint32_t mxcsr = cpu->fpu.mxcsr;
    union vector d = *xmm(cpu, i->reg);
    uint32_t flags;
    if (likely(mxcsr & MXCSR_UM)) {
        flags = op(mxcsr, &d, b);
    } else {
        flags = op(mxcsr & ~MXCSR_FTZ, &d, b);
        flags |= exact_underflow(&d, result);
    }
    sse_exceptions(cpu, i, flags);
    *xmm(cpu, i->reg) = d;
}

static void operate_m(struct cpu *cpu, const struct insn *i, vector_operation *op, union vector b, enum result result)
{
    operate(cpu, i, op, &b, result);
}

#define OPERATION(name, load, result)                                                   \
    EXEC(name##_r)                                                                      \
    {                                                                                   \
        SSE_BEGIN;                                                                      \
        operate(cpu, i, vector_##name, xmm(cpu, i->rm), result);                        \
        EXEC_NEXT;                                                                      \
    }                                                                                   \
    EXEC(name##_m)                                                                      \
    {                                                                                   \
        SSE_BEGIN;                                                                      \
        operate_m(cpu, i, vector_##name, load(cpu, i), result);                         \
        EXEC_NEXT;                                                                      \
    }
#define FOUR_FORMS(op)                          \
    OPERATION(op##ps, load_aligned, PS)         \
    OPERATION(op##pd, load_aligned, PD)         \
    OPERATION(op##ss, load_low32, SS)           \
    OPERATION(op##sd, load_low64, SD)
#define FOUR_FORMS_EXACT(op)                            \
    OPERATION(op##ps, load_aligned, NO_UNDERFLOW)       \
    OPERATION(op##pd, load_aligned, NO_UNDERFLOW)       \
    OPERATION(op##ss, load_low32, NO_UNDERFLOW)         \
    OPERATION(op##sd, load_low64, NO_UNDERFLOW)
FOUR_FORMS(add)
FOUR_FORMS(sub)
FOUR_FORMS(mul)
FOUR_FORMS(div)
FOUR_FORMS_EXACT(min)
FOUR_FORMS_EXACT(max)
FOUR_FORMS_EXACT(sqrt)
OPERATION(rcpps, load_aligned, NO_UNDERFLOW)
OPERATION(rcpss, load_low32, NO_UNDERFLOW)
OPERATION(rsqrtps, load_aligned, NO_UNDERFLOW)
OPERATION(rsqrtss, load_low32, NO_UNDERFLOW)
OPERATION(addsubps, load_aligned, PS)
OPERATION(addsubpd, load_aligned, PD)
OPERATION(haddps, load_aligned, PS)
OPERATION(haddpd, load_aligned, PD)
OPERATION(hsubps, load_aligned, PS)
OPERATION(hsubpd, load_aligned, PD)
/* Conversions between XMM registers. */
OPERATION(cvtps2pd, load_low64, NO_UNDERFLOW)
OPERATION(cvtpd2ps, load_aligned, PS)
OPERATION(cvtss2sd, load_low32, NO_UNDERFLOW)
OPERATION(cvtsd2ss, load_low64, SS)
OPERATION(cvtdq2ps, load_aligned, NO_UNDERFLOW)
OPERATION(cvtdq2pd, load_low64, NO_UNDERFLOW)
OPERATION(cvtps2dq, load_aligned, NO_UNDERFLOW)
OPERATION(cvttps2dq, load_aligned, NO_UNDERFLOW)
OPERATION(cvtpd2dq, load_aligned, NO_UNDERFLOW)
OPERATION(cvttpd2dq, load_aligned, NO_UNDERFLOW)

/* ---- comparison --------------------------------------------------------------------------------------------- */
static void compare(struct cpu *cpu, const struct insn *i, vector_comparison *op, union vector b)
{
    union vector d = *xmm(cpu, i->reg);
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, &d, &b, i->imm & 7));
    *xmm(cpu, i->reg) = d;
}

#define COMPARISON(name, load)                                          \
    EXEC(name##_r)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        compare(cpu, i, vector_##name, *xmm(cpu, i->rm));               \
        EXEC_NEXT;                                                      \
    }                                                                   \
    EXEC(name##_m)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        compare(cpu, i, vector_##name, load(cpu, i));                   \
        EXEC_NEXT;                                                      \
    }
COMPARISON(cmpps, load_aligned)
COMPARISON(cmppd, load_aligned)
COMPARISON(cmpss, load_low32)
COMPARISON(cmpsd, load_low64)

/* COMISS and kin: ZF PF CF; OF SF AF become 0. */
static void relate(struct cpu *cpu, const struct insn *i, vector_relation *op, union vector b)
{
    uint32_t relation;
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, xmm(cpu, i->reg), &b, &relation));
    flags_set_all(cpu, relation);
}

#define RELATION(name, load)                                            \
    EXEC(name##_r)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        relate(cpu, i, vector_##name, *xmm(cpu, i->rm));                \
        EXEC_NEXT;                                                      \
    }                                                                   \
    EXEC(name##_m)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        relate(cpu, i, vector_##name, load(cpu, i));                    \
        EXEC_NEXT;                                                      \
    }
RELATION(comiss, load_low32)
RELATION(ucomiss, load_low32)
RELATION(comisd, load_low64)
RELATION(ucomisd, load_low64)

/* ---- SSE4.1 rounding: immediate bit 2 takes MXCSR.RC, else bits 0-1 are the mode; bit 3 keeps PE away ------- */
static void round_to_integral(struct cpu *cpu, const struct insn *i, vector_operation *op, union vector b)
{
    uint32_t mxcsr = cpu->fpu.mxcsr;
    union vector d = *xmm(cpu, i->reg);
    if (!(i->imm & 4))
        mxcsr = (mxcsr & ~(3u << MXCSR_RC_SHIFT)) | (i->imm & 3) << MXCSR_RC_SHIFT;
    uint32_t flags = op(mxcsr, &d, &b);
    if (i->imm & 8)
        flags &= ~(uint32_t)MXCSR_PE;
    sse_exceptions(cpu, i, flags);
    *xmm(cpu, i->reg) = d;
}

#define ROUND(name, load)                                               \
    EXEC(name##_r)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        round_to_integral(cpu, i, vector_##name, *xmm(cpu, i->rm));     \
        EXEC_NEXT;                                                      \
    }                                                                   \
    EXEC(name##_m)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        round_to_integral(cpu, i, vector_##name, load(cpu, i));         \
        EXEC_NEXT;                                                      \
    }
ROUND(roundps, load_aligned)
ROUND(roundpd, load_aligned)
ROUND(roundss, load_low32)
ROUND(roundsd, load_low64)

/*
 * DPPS, DPPD: products of the lanes chosen by immediate bits 4-7 (others +0.0), added pairwise, then the pairs; each step rounds and
 * raises by itself (SDM 2 "DPPS"). Bits 0-3 choose where the sum goes.
 */
struct dot {
    vector_operation *multiply, *add_pairs;
    enum result result;
    unsigned lanes, lane_bytes, additions;
};

static void dot_step(struct cpu *cpu, const struct insn *i, vector_operation *op, union vector *a, const union vector *b,
                     enum result result)
{
    uint32_t mxcsr = cpu->fpu.mxcsr, flags;
    if (mxcsr & MXCSR_UM)
        flags = op(mxcsr, a, b);
    else
        flags = op(mxcsr & ~MXCSR_FTZ, a, b), flags |= exact_underflow(a, result);
    sse_exceptions(cpu, i, flags);
}

static void dot_product(struct cpu *cpu, const struct insn *i, const struct dot *dot, union vector b)
{
    union vector a = *xmm(cpu, i->reg);
    for (unsigned n = 0; n < dot->lanes; n++) {
        if (!(i->imm >> (4 + n) & 1)) {
            __builtin_memset(&a.u8[n * dot->lane_bytes], 0, dot->lane_bytes);
            __builtin_memset(&b.u8[n * dot->lane_bytes], 0, dot->lane_bytes);
        }
    }
    dot_step(cpu, i, dot->multiply, &a, &b, dot->result);
    for (unsigned n = 0; n < dot->additions; n++) {
        const union vector same = a;
        dot_step(cpu, i, dot->add_pairs, &a, &same, dot->result);
    }
    for (unsigned n = 0; n < dot->lanes; n++) {
        if (!(i->imm >> n & 1))
            __builtin_memset(&a.u8[n * dot->lane_bytes], 0, dot->lane_bytes);
    }
    *xmm(cpu, i->reg) = a;
}

static const struct dot single_dot = {vector_mulps, vector_haddps, PS, 4, 4, 2};
static const struct dot double_dot = {vector_mulpd, vector_haddpd, PD, 2, 8, 1};

#define DOT(name, kind)                                                 \
    EXEC(name##_r)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        dot_product(cpu, i, &kind, *xmm(cpu, i->rm));                   \
        EXEC_NEXT;                                                      \
    }                                                                   \
    EXEC(name##_m)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        dot_product(cpu, i, &kind, load_aligned(cpu, i));               \
        EXEC_NEXT;                                                      \
    }
DOT(dpps, single_dot)
DOT(dppd, double_dot)
