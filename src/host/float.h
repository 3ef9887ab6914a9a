// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Floating point as a host service: 80-bit arithmetic and packed single and double arithmetic.
#ifndef HOST_FLOAT_H
#define HOST_FLOAT_H

#include <stdint.h>

/* An 80-bit extended real as it lies in memory: 64-bit significand, then sign and exponent. */
struct f80 {
    uint64_t significand;
    uint16_t sign_exponent;
};

/* A 128-bit vector, little-endian lanes. */
union vector {
    uint8_t u8[16];
    int8_t s8[16];
    uint16_t u16[8];
    int16_t s16[8];
    uint32_t u32[4];
    int32_t s32[4];
    uint64_t u64[2];
    int64_t s64[2];
};

/*
 * The calling thread's floating-point and vector registers set aside, with what C expects in their
 * place, and given back: for calls of hosted code where a guest's state may be in them.
 */
struct host_float {
    _Alignas(16) uint8_t registers[512];
};
void host_float_set_aside(struct host_float *kept);
void host_float_give_back(const struct host_float *kept);

/*
 * 80-bit arithmetic. environment is an x87 control word (SDM 1 8.1.5) with masks, precision and
 * rounding, and above it the flags that may be reported though they were not raised: clearing
 * flags is the dearest part of a host's operation. The return value is what the x87 status word
 * would show: exception flags in bits 0-5, C0-C3 in bits 8, 9, 10 and 14; other bits are
 * undefined. An unmasked IE, DE or ZE leaves the operands as they were; an unmasked OE or UE
 * gives the result with its exponent biased.
 */
#define FLOAT_IE 0x01u

/*
 * For a control and a status word: what is flagged already, and masked, may be reported again;
 * but IE decides about results.
 */
static inline uint32_t float_environment(uint16_t control, uint16_t status)
{
    return control | (status & control & 0x3f & ~FLOAT_IE) << 16;
}

typedef uint16_t float_binary(uint32_t environment, struct f80 *a,
                              const struct f80 *b); /* a = a op b */
typedef uint16_t float_binary_f32(uint32_t environment, struct f80 *a, uint32_t b);
typedef uint16_t float_binary_f64(uint32_t environment, struct f80 *a, uint64_t b);
#define FLOAT_ARITHMETIC(X) X(add) X(mul) X(sub) X(subr) X(div) X(divr)
#define FLOAT_DECLARE(name)              \
    float_binary float_##name;           \
    float_binary_f32 float_##name##_f32; \
    float_binary_f64 float_##name##_f64;
FLOAT_ARITHMETIC(FLOAT_DECLARE)
#undef FLOAT_DECLARE

/* b stays; FPREM, FPREM1 and FSCALE of a by b. */
float_binary float_prem, float_prem1, float_scale;
/* a = a * log2(b), a * log2(b + 1), arctan(a / b). */
float_binary float_yl2x, float_yl2xp1, float_patan;

/* The relation of a to b in C3, C2, C0; quiet: a quiet NaN is no invalid operation (FUCOM). */
uint16_t float_compare(uint32_t environment, const struct f80 *a, const struct f80 *b);
uint16_t float_compare_quiet(uint32_t environment, const struct f80 *a, const struct f80 *b);
uint16_t float_compare_f32(uint32_t environment, const struct f80 *a, uint32_t b);
uint16_t float_compare_f64(uint32_t environment, const struct f80 *a, uint64_t b);

typedef uint16_t float_unary(uint32_t environment, struct f80 *a);
float_unary float_sqrt, float_round, float_2xm1, float_sin,
    float_cos; /* C2: sin, cos out of range */
/*
 * a becomes the first result, *pushed what the instruction would push: FPTAN 1.0, FSINCOS the
 * cosine, FXTRACT the significand.
 */
typedef uint16_t float_unary2(uint32_t environment, struct f80 *a, struct f80 *pushed);
float_unary2 float_ptan, float_sincos, float_xtract;

/*
 * Conversions; BCD is ten bytes. On an unmasked IE (and OE, UE for f32 and f64) *out is not
 * written.
 */
uint16_t float_to_f32(uint32_t environment, const struct f80 *a, uint32_t *out);
uint16_t float_to_f64(uint32_t environment, const struct f80 *a, uint64_t *out);
uint16_t float_to_s16(uint32_t environment, const struct f80 *a, uint16_t *out);
uint16_t float_to_s32(uint32_t environment, const struct f80 *a, uint32_t *out);
uint16_t float_to_s64(uint32_t environment, const struct f80 *a, uint64_t *out);
uint16_t float_to_bcd(uint32_t environment, const struct f80 *a, uint8_t *out);

/*
 * Packed and scalar single and double precision. mxcsr gives rounding, DAZ and FTZ; all
 * exceptions count as masked. The return value is the exception flags raised, in bits 0-5. a = a
 * op b; conversions and square roots: a = op b. Scalar operations leave the rest of a. The names
 * are those of the instructions (SDM 2).
 */
typedef uint32_t vector_operation(uint32_t mxcsr, union vector *a, const union vector *b);
#define VECTOR_FORMS(X, op) X(op##ps) X(op##pd) X(op##ss) X(op##sd)
#define VECTOR_OPERATIONS(X)                                                            \
    VECTOR_FORMS(X, add) VECTOR_FORMS(X, sub) VECTOR_FORMS(X, mul) VECTOR_FORMS(X, div) \
    VECTOR_FORMS(X, min) VECTOR_FORMS(X, max) VECTOR_FORMS(X, sqrt)                     \
    X(rcpps) X(rcpss) X(rsqrtps) X(rsqrtss)                                             \
    X(addsubps) X(addsubpd) X(haddps) X(haddpd) X(hsubps) X(hsubpd)                     \
    X(cvtps2pd) X(cvtpd2ps) X(cvtss2sd) X(cvtsd2ss) X(cvtdq2ps) X(cvtdq2pd)             \
    X(cvtps2dq) X(cvttps2dq) X(cvtpd2dq) X(cvttpd2dq)
#define VECTOR_DECLARE(name) vector_operation vector_##name;
VECTOR_OPERATIONS(VECTOR_DECLARE)
#undef VECTOR_DECLARE

/* CMPccPS and the like: predicate 0-7. Lanes of a become all ones or zeros. */
typedef uint32_t vector_comparison(uint32_t mxcsr, union vector *a, const union vector *b,
                                   unsigned predicate);
vector_comparison vector_cmpps, vector_cmppd, vector_cmpss, vector_cmpsd;

/* Round to integral by mxcsr's rounding mode. */
vector_operation vector_roundps, vector_roundpd, vector_roundss, vector_roundsd;

/*
 * COMIxx and UCOMIxx: exception flags, and in *relation EFLAGS' ZF (bit 6), PF (bit 2), CF (bit
 * 0).
 */
typedef uint32_t vector_relation(uint32_t mxcsr, const union vector *a, const union vector *b,
                                 uint32_t *relation);
vector_relation vector_comiss, vector_comisd, vector_ucomiss, vector_ucomisd;

#endif
