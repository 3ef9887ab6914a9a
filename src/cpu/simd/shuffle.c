// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SSE shuffles, unpacks, blends, inserts, extracts, widening moves and tests.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"

/* do_<name>() makes the new destination from destination, source and immediate. */
#define SHUFFLE_LOAD(name, load)                                                    \
    EXEC(name##_r)                                                                  \
    {                                                                               \
        SSE_BEGIN;                                                                  \
        *xmm(cpu, i->reg) = do_##name(*xmm(cpu, i->reg), *xmm(cpu, i->rm), i->imm); \
        EXEC_NEXT;                                                                  \
    }                                                                               \
    EXEC(name##_m)                                                                  \
    {                                                                               \
        SSE_BEGIN;                                                                  \
        *xmm(cpu, i->reg) = do_##name(*xmm(cpu, i->reg), load(cpu, i), i->imm);     \
        EXEC_NEXT;                                                                  \
    }
#define SHUFFLE(name, ...)                                                      \
    static union vector do_##name(union vector d, union vector s, unsigned imm) \
    {                                                                           \
        (void)d, (void)s, (void)imm;                                            \
        __VA_ARGS__                                                             \
    }                                                                           \
    SHUFFLE_LOAD(name, load_aligned)

#define FIELD(n) (imm >> (2 * (n)) & 3)
SHUFFLE(pshufd,
    return (union vector){.u32 = {s.u32[FIELD(0)], s.u32[FIELD(1)],
                                  s.u32[FIELD(2)], s.u32[FIELD(3)]}};)
SHUFFLE(pshuflw,
    d = s;
    for (unsigned n = 0; n < 4; n++)
        d.u16[n] = s.u16[FIELD(n)];
    return d;)
SHUFFLE(pshufhw,
    d = s;
    for (unsigned n = 0; n < 4; n++)
        d.u16[4 + n] = s.u16[4 + FIELD(n)];
    return d;)
SHUFFLE(shufps,
    return (union vector){.u32 = {d.u32[FIELD(0)], d.u32[FIELD(1)],
                                  s.u32[FIELD(2)], s.u32[FIELD(3)]}};)
SHUFFLE(shufpd, return (union vector){.u64 = {d.u64[imm & 1], s.u64[imm >> 1 & 1]}};)
SHUFFLE(unpcklps, return (union vector){.u32 = {d.u32[0], s.u32[0], d.u32[1], s.u32[1]}};)
SHUFFLE(unpckhps, return (union vector){.u32 = {d.u32[2], s.u32[2], d.u32[3], s.u32[3]}};)

/* Blends: by immediate bits, or by the top bits of XMM0's lanes. */
SHUFFLE(blendps,
    for (unsigned n = 0; n < 4; n++)
        d.u32[n] = imm >> n & 1 ? s.u32[n] : d.u32[n];
    return d;)
SHUFFLE(blendpd,
    for (unsigned n = 0; n < 2; n++)
        d.u64[n] = imm >> n & 1 ? s.u64[n] : d.u64[n];
    return d;)
SHUFFLE(pblendw,
    for (unsigned n = 0; n < 8; n++)
        d.u16[n] = imm >> n & 1 ? s.u16[n] : d.u16[n];
    return d;)

#define BLEND_XMM0(name, type, signed_type, count)                          \
    static void blend_##name(struct cpu *cpu, unsigned reg, union vector s) \
    {                                                                       \
        const union vector mask = *xmm(cpu, 0);                             \
        union vector d = *xmm(cpu, reg);                                    \
        for (unsigned n = 0; n < (count); n++)                              \
            d.type[n] = mask.signed_type[n] < 0 ? s.type[n] : d.type[n];    \
        *xmm(cpu, reg) = d;                                                 \
    }                                                                       \
    EXEC(name##_r)                                                          \
    {                                                                       \
        SSE_BEGIN;                                                          \
        blend_##name(cpu, i->reg, *xmm(cpu, i->rm));                        \
        EXEC_NEXT;                                                          \
    }                                                                       \
    EXEC(name##_m)                                                          \
    {                                                                       \
        SSE_BEGIN;                                                          \
        blend_##name(cpu, i->reg, load_aligned(cpu, i));                    \
        EXEC_NEXT;                                                          \
    }
BLEND_XMM0(pblendvb, u8, s8, 16)
BLEND_XMM0(blendvps, u32, s32, 4)
BLEND_XMM0(blendvpd, u64, s64, 2)

/* MPSADBW: eight sums of four absolute differences; a block of s against a sliding window of d. */
SHUFFLE(mpsadbw,
    union vector r;
    const uint8_t *block = &s.u8[4 * (imm & 3)];
    const uint8_t *window = &d.u8[imm & 4];
    for (unsigned n = 0; n < 8; n++) {
        unsigned sum = 0;
        for (unsigned k = 0; k < 4; k++)
            sum += (unsigned)(window[n + k] > block[k] ? window[n + k] - block[k]
                                                       : block[k] - window[n + k]);
        r.u16[n] = (uint16_t)sum;
    }
    return r;)

/* PHMINPOSUW: the least of eight words and its place. */
SHUFFLE(phminposuw,
    unsigned at = 0;
    for (unsigned n = 1; n < 8; n++)
        at = s.u16[n] < s.u16[at] ? n : at;
    return (union vector){.u16 = {s.u16[at], (uint16_t)at, 0, 0, 0, 0, 0, 0}};)

/* PMOVSXxx, PMOVZXxx: lanes of the source's low part widened. */
#define load_low16(cpu, i) \
    ((union vector){.u32 = {exec_load16(cpu, i, (i)->seg, exec_ea(cpu, i)), 0, 0, 0}})
#define WIDEN(name, to, from, count, load)                                      \
    static union vector do_##name(union vector d, union vector s, unsigned imm) \
    {                                                                           \
        (void)imm;                                                              \
        for (unsigned n = 0; n < (count); n++)                                  \
            d.to[n] = s.from[n];                                                \
        return d;                                                               \
    }                                                                           \
    SHUFFLE_LOAD(name, load)
WIDEN(pmovsxbw, s16, s8, 8, load_low64)
WIDEN(pmovsxbd, s32, s8, 4, load_low32)
WIDEN(pmovsxbq, s64, s8, 2, load_low16)
WIDEN(pmovsxwd, s32, s16, 4, load_low64)
WIDEN(pmovsxwq, s64, s16, 2, load_low32)
WIDEN(pmovsxdq, s64, s32, 2, load_low64)
WIDEN(pmovzxbw, u16, u8, 8, load_low64)
WIDEN(pmovzxbd, u32, u8, 4, load_low32)
WIDEN(pmovzxbq, u64, u8, 2, load_low16)
WIDEN(pmovzxwd, u32, u16, 4, load_low64)
WIDEN(pmovzxwq, u64, u16, 2, load_low32)
WIDEN(pmovzxdq, u64, u32, 2, load_low64)

/* ---- insert, extract ------------------------------------------------------------------------- */
#define INSERT(name, lane, mask, bits)                                                             \
    EXEC(name##_r)                                                                                 \
    {                                                                                              \
        SSE_BEGIN;                                                                                 \
        xmm(cpu, i->reg)->lane[i->imm & (mask)] = (uint##bits##_t)reg32(cpu, i->rm);               \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(name##_m)                                                                                 \
    {                                                                                              \
        SSE_BEGIN;                                                                                 \
        xmm(cpu, i->reg)->lane[i->imm & (mask)] = exec_load##bits(cpu, i, i->seg, exec_ea(cpu, i));\
        EXEC_NEXT;                                                                                 \
    }
INSERT(pinsrb, u8, 15, 8)
INSERT(pinsrw_vx, u16, 7, 16)
INSERT(pinsrd, u32, 3, 32)

/* Into a general register a lane is zero-extended. */
#define EXTRACT(name, lane, mask, bits)                                                            \
    EXEC(name##_r)                                                                                 \
    {                                                                                              \
        SSE_BEGIN;                                                                                 \
        set_reg32(cpu, i->rm, xmm(cpu, i->reg)->lane[i->imm & (mask)]);                            \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(name##_m)                                                                                 \
    {                                                                                              \
        SSE_BEGIN;                                                                                 \
        exec_store##bits(cpu, i, i->seg, exec_ea(cpu, i), xmm(cpu, i->reg)->lane[i->imm & (mask)]);\
        EXEC_NEXT;                                                                                 \
    }
EXTRACT(pextrb, u8, 15, 8)
EXTRACT(pextrw_ew_vx, u16, 7, 16)
EXTRACT(pextrd, u32, 3, 32) /* EXTRACTPS too */

/* The SSE2 form names its registers the other way round. */
EXEC(pextrw_gd_ux)
{
    SSE_BEGIN;
    set_reg32(cpu, i->reg, xmm(cpu, i->rm)->u16[i->imm & 7]);
    EXEC_NEXT;
}

/* INSERTPS: source lane in bits 6-7 (of a register), destination in 4-5, zeroes in 0-3. */
static void insertps(struct cpu *cpu, const struct insn *i, uint32_t v)
{
    union vector *d = xmm(cpu, i->reg);
    d->u32[i->imm >> 4 & 3] = v;
    for (unsigned n = 0; n < 4; n++) {
        if (i->imm >> n & 1)
            d->u32[n] = 0;
    }
}

EXEC(insertps_r)
{
    SSE_BEGIN;
    insertps(cpu, i, xmm(cpu, i->rm)->u32[i->imm >> 6 & 3]);
    EXEC_NEXT;
}

EXEC(insertps_m)
{
    SSE_BEGIN;
    insertps(cpu, i, exec_load32(cpu, i, i->seg, exec_ea(cpu, i)));
    EXEC_NEXT;
}

/* PTEST: ZF: no bit in common; CF: no bit of s outside d. The others become 0. */
static void test(struct cpu *cpu, const union vector *d, union vector s)
{
    bool zf = !((d->u64[0] & s.u64[0]) | (d->u64[1] & s.u64[1]));
    bool cf = !((~d->u64[0] & s.u64[0]) | (~d->u64[1] & s.u64[1]));
    flags_set_all(cpu, (zf ? EFLAGS_ZF : 0) | (cf ? EFLAGS_CF : 0));
}

EXEC(ptest_r)
{
    SSE_BEGIN;
    test(cpu, xmm(cpu, i->reg), *xmm(cpu, i->rm));
    EXEC_NEXT;
}

EXEC(ptest_m)
{
    SSE_BEGIN;
    test(cpu, xmm(cpu, i->reg), load_aligned(cpu, i));
    EXEC_NEXT;
}
