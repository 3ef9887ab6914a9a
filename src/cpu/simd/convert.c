// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SSE conversions between XMM registers and general or MMX registers.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"

/* Lanes that do not take part are zero: they convert exactly. */

/* CVTSI2SS, CVTSI2SD: into the low lane. */
OUT_OF_LINE void from_integer(struct cpu *cpu, const struct insn *i, uint32_t v, bool single)
{
    union vector d = {.u64 = {0}}, s = {.u32 = {v, 0, 0, 0}};
    if (single) {
        sse_exceptions(cpu, i, vector_cvtdq2ps(cpu->fpu.mxcsr, &d, &s));
        xmm(cpu, i->reg)->u32[0] = d.u32[0];
    } else {
        vector_cvtdq2pd(cpu->fpu.mxcsr, &d, &s);
        xmm(cpu, i->reg)->u64[0] = d.u64[0];
    }
}

#define FROM_INTEGER(name, single)                                                  \
    EXEC(name##_r)                                                                  \
    {                                                                               \
        SSE_BEGIN;                                                                  \
        from_integer(cpu, i, reg32(cpu, i->rm), single);                            \
        EXEC_NEXT;                                                                  \
    }                                                                               \
    EXEC(name##_m)                                                                  \
    {                                                                               \
        SSE_BEGIN;                                                                  \
        from_integer(cpu, i, exec_load32(cpu, i, i->seg, exec_ea(cpu, i)), single); \
        EXEC_NEXT;                                                                  \
    }
FROM_INTEGER(cvtsi2ss, true)
FROM_INTEGER(cvtsi2sd, false)

/* CVT(T)SS2SI, CVT(T)SD2SI: from the low lane. */
OUT_OF_LINE void to_integer(struct cpu *cpu, const struct insn *i, vector_operation *op, uint64_t v)
{
    union vector d = {.u64 = {0}}, s = {.u64 = {v, 0}};
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, &d, &s));
    set_reg32(cpu, i->reg, d.u32[0]);
}

#define TO_INTEGER(name, op, bits, lane)                                          \
    EXEC(name##_r)                                                                \
    {                                                                             \
        SSE_BEGIN;                                                                \
        to_integer(cpu, i, op, xmm(cpu, i->rm)->lane[0]);                         \
        EXEC_NEXT;                                                                \
    }                                                                             \
    EXEC(name##_m)                                                                \
    {                                                                             \
        SSE_BEGIN;                                                                \
        to_integer(cpu, i, op, exec_load##bits(cpu, i, i->seg, exec_ea(cpu, i))); \
        EXEC_NEXT;                                                                \
    }
TO_INTEGER(cvtss2si, vector_cvtps2dq, 32, u32)
TO_INTEGER(cvttss2si, vector_cvttps2dq, 32, u32)
TO_INTEGER(cvtsd2si, vector_cvtpd2dq, 64, u64)
TO_INTEGER(cvttsd2si, vector_cvttpd2dq, 64, u64)

/*
 * CVTPI2PS keeps the upper half, CVTPI2PD is exact and fills the register. From memory they do
 * not switch to MMX state nor heed a pending x87 exception. (SDM 2 says so of CVTPI2PD only.)
 */
OUT_OF_LINE void from_mmx(struct cpu *cpu, const struct insn *i, uint64_t v, bool single)
{
    union vector d = {.u64 = {0}}, s = {.u64 = {v, 0}};
    if (single) {
        sse_exceptions(cpu, i, vector_cvtdq2ps(cpu->fpu.mxcsr, &d, &s));
        xmm(cpu, i->reg)->u64[0] = d.u64[0];
    } else {
        vector_cvtdq2pd(cpu->fpu.mxcsr, &d, &s);
        *xmm(cpu, i->reg) = d;
    }
}

#define FROM_MMX_R(name, single)                  \
    EXEC(name##_r)                                \
    {                                             \
        SSE_BEGIN;                                \
        MMX_BEGIN;                                \
        mmx_enter(cpu);                           \
        from_mmx(cpu, i, mm(cpu, i->rm), single); \
        EXEC_NEXT;                                \
    }
FROM_MMX_R(cvtpi2ps, true)
FROM_MMX_R(cvtpi2pd, false)

EXEC(cvtpi2ps_m)
{
    SSE_BEGIN;
    from_mmx(cpu, i, exec_load64(cpu, i, i->seg, exec_ea(cpu, i)), true);
    EXEC_NEXT;
}

EXEC(cvtpi2pd_m)
{
    SSE_BEGIN;
    from_mmx(cpu, i, exec_load64(cpu, i, i->seg, exec_ea(cpu, i)), false);
    EXEC_NEXT;
}

/* CVT(T)PS2PI, CVT(T)PD2PI: two lanes into an MMX register. */
OUT_OF_LINE void to_mmx(struct cpu *cpu, const struct insn *i, vector_operation *op,
                        load_function *load)
{
    union vector d = {.u64 = {0}}, s = load(cpu, i);
    mmx_enter(cpu);
    sse_exceptions(cpu, i, op(cpu->fpu.mxcsr, &d, &s));
    set_mm(cpu, i->reg, d.u64[0]);
}

#define TO_MMX(name, op, from_register, load) \
    EXEC(name##_r)                            \
    {                                         \
        SSE_BEGIN;                            \
        MMX_BEGIN;                            \
        to_mmx(cpu, i, op, from_register);    \
        EXEC_NEXT;                            \
    }                                         \
    EXEC(name##_m)                            \
    {                                         \
        SSE_BEGIN;                            \
        MMX_BEGIN;                            \
        to_mmx(cpu, i, op, load);             \
        EXEC_NEXT;                            \
    }
static union vector low_half(struct cpu *cpu, const struct insn *i)
{
    return (union vector){.u64 = {xmm(cpu, i->rm)->u64[0], 0}};
}
TO_MMX(cvtps2pi, vector_cvtps2dq, low_half, load_low64)
TO_MMX(cvttps2pi, vector_cvttps2dq, low_half, load_low64)
TO_MMX(cvtpd2pi, vector_cvtpd2dq, load_register, load_aligned)
TO_MMX(cvttpd2pi, vector_cvttpd2dq, load_register, load_aligned)
