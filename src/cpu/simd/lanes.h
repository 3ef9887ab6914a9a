// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Integer operations on packed lanes, for vectors of 8 (MMX) and 16 bytes (SSE).
#ifndef CPU_SIMD_LANES_H
#define CPU_SIMD_LANES_H

#include "base/bits.h"
#include "host/float.h"

/*
 * lanes_<instruction>(d, s, size): d = d op s on the low size bytes, size a constant 8 or 16. d
 * and s are copies of the registers and never the same object. SDM 2 has the definition of each.
 */
#define LANES(name) \
    static inline void lanes_##name(union vector *d, const union vector *s, unsigned size)
#define LANE_COUNT(type) (size / sizeof d->type[0])

/* Saturation. */
static inline int8_t saturate_s8(int v) { return (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v); }
static inline uint8_t saturate_u8(int v) { return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v); }
static inline int16_t saturate_s16(int v)
{
    return (int16_t)(v < -32768 ? -32768 : v > 32767 ? 32767 : v);
}
static inline uint16_t saturate_u16(int v) { return (uint16_t)(v < 0 ? 0 : v > 65535 ? 65535 : v); }

/* Lane by lane: a and b are the operands' lanes. */
#define EACH(name, type, lane_type, expression)           \
    LANES(name)                                           \
    {                                                     \
        for (unsigned n = 0; n < LANE_COUNT(type); n++) { \
            lane_type a = d->type[n], b = s->type[n];     \
            d->type[n] = (lane_type)(expression);         \
        }                                                 \
    }
/* As EACH, but the result depends on b alone. */
#define EACH_UNARY(name, type, lane_type, expression)     \
    LANES(name)                                           \
    {                                                     \
        for (unsigned n = 0; n < LANE_COUNT(type); n++) { \
            lane_type b = s->type[n];                     \
            d->type[n] = (lane_type)(expression);         \
        }                                                 \
    }

EACH(paddb, u8, uint8_t, a + b)
EACH(paddw, u16, uint16_t, a + b)
EACH(paddd, u32, uint32_t, a + b)
EACH(paddq, u64, uint64_t, a + b)
EACH(psubb, u8, uint8_t, a - b)
EACH(psubw, u16, uint16_t, a - b)
EACH(psubd, u32, uint32_t, a - b)
EACH(psubq, u64, uint64_t, a - b)
EACH(paddsb, s8, int8_t, saturate_s8(a + b))
EACH(paddsw, s16, int16_t, saturate_s16(a + b))
EACH(paddusb, u8, uint8_t, saturate_u8(a + b))
EACH(paddusw, u16, uint16_t, saturate_u16(a + b))
EACH(psubsb, s8, int8_t, saturate_s8(a - b))
EACH(psubsw, s16, int16_t, saturate_s16(a - b))
EACH(psubusb, u8, uint8_t, saturate_u8(a - b))
EACH(psubusw, u16, uint16_t, saturate_u16(a - b))
EACH(pavgb, u8, uint8_t, (a + b + 1) >> 1)
EACH(pavgw, u16, uint16_t, (a + b + 1) >> 1)

EACH(pminub, u8, uint8_t, MIN(a, b))
EACH(pmaxub, u8, uint8_t, MAX(a, b))
EACH(pminsb, s8, int8_t, MIN(a, b))
EACH(pmaxsb, s8, int8_t, MAX(a, b))
EACH(pminsw, s16, int16_t, MIN(a, b))
EACH(pmaxsw, s16, int16_t, MAX(a, b))
EACH(pminuw, u16, uint16_t, MIN(a, b))
EACH(pmaxuw, u16, uint16_t, MAX(a, b))
EACH(pminsd, s32, int32_t, MIN(a, b))
EACH(pmaxsd, s32, int32_t, MAX(a, b))
EACH(pminud, u32, uint32_t, MIN(a, b))
EACH(pmaxud, u32, uint32_t, MAX(a, b))

EACH(pcmpeqb, u8, uint8_t, a == b ? 0xff : 0)
EACH(pcmpeqw, u16, uint16_t, a == b ? 0xffff : 0)
EACH(pcmpeqd, u32, uint32_t, a == b ? 0xffffffff : 0)
EACH(pcmpeqq, u64, uint64_t, a == b ? ~UINT64_C(0) : 0)
EACH(pcmpgtb, s8, int8_t, a > b ? -1 : 0)
EACH(pcmpgtw, s16, int16_t, a > b ? -1 : 0)
EACH(pcmpgtd, s32, int32_t, a > b ? -1 : 0)
EACH(pcmpgtq, s64, int64_t, a > b ? -1 : 0)

EACH(pand, u64, uint64_t, a & b)
EACH(pandn, u64, uint64_t, ~a & b)
EACH(por, u64, uint64_t, a | b)
EACH(pxor, u64, uint64_t, a ^ b)

EACH(pmullw, s16, int16_t, a * b)
EACH(pmulhw, s16, int16_t, (a * b) >> 16)
EACH(pmulhuw, u16, uint16_t, ((uint32_t)a * b) >> 16)
EACH(pmulhrsw, s16, int16_t, (((a * b) >> 14) + 1) >> 1)
EACH(pmulld, u32, uint32_t, a * b)
EACH(pmuludq, u64, uint64_t, (uint64_t)(uint32_t)a * (uint32_t)b)
EACH(pmuldq, s64, int64_t, (int64_t)(int32_t)a * (int32_t)b)

EACH(psignb, s8, int8_t, b < 0 ? -a : b == 0 ? 0 : a)
EACH(psignw, s16, int16_t, b < 0 ? -a : b == 0 ? 0 : a)
EACH(psignd, u32, uint32_t, (int32_t)b < 0 ? 0 - a : b == 0 ? 0 : a)
EACH_UNARY(pabsb, s8, int8_t, b < 0 ? -b : b)
EACH_UNARY(pabsw, s16, int16_t, b < 0 ? -b : b)
EACH_UNARY(pabsd, u32, uint32_t, (int32_t)b < 0 ? 0 - b : b)

LANES(pmaddwd)
{
    for (unsigned n = 0; n < LANE_COUNT(s32); n++)
        d->u32[n] = (uint32_t)(d->s16[2 * n] * s->s16[2 * n]) +
                    (uint32_t)(d->s16[2 * n + 1] * s->s16[2 * n + 1]);
}

LANES(pmaddubsw)
{
    for (unsigned n = 0; n < LANE_COUNT(s16); n++)
        d->s16[n] = saturate_s16(d->u8[2 * n] * s->s8[2 * n] + d->u8[2 * n + 1] * s->s8[2 * n + 1]);
}

LANES(psadbw)
{
    for (unsigned n = 0; n < LANE_COUNT(u64); n++) {
        unsigned sum = 0;
        for (unsigned k = 8 * n; k < 8 * n + 8; k++)
            sum += (unsigned)(d->u8[k] > s->u8[k] ? d->u8[k] - s->u8[k] : s->u8[k] - d->u8[k]);
        d->u64[n] = sum;
    }
}

/* Packs: the lower half from d, the upper from s. */
#define PACK(name, to, from, saturate)              \
    LANES(name)                                     \
    {                                               \
        const union vector a = *d;                  \
        unsigned half = LANE_COUNT(from);           \
        for (unsigned n = 0; n < half; n++) {       \
            d->to[n] = saturate(a.from[n]);         \
            d->to[half + n] = saturate(s->from[n]); \
        }                                           \
    }
PACK(packsswb, s8, s16, saturate_s8)
PACK(packuswb, u8, s16, saturate_u8)
PACK(packssdw, s16, s32, saturate_s16)
PACK(packusdw, u16, s32, saturate_u16)

/* Interleave the lower or upper halves, d first. */
#define UNPACK(name, type, first)                             \
    LANES(name)                                               \
    {                                                         \
        const union vector a = *d;                            \
        for (unsigned n = 0; n < LANE_COUNT(type) / 2; n++) { \
            d->type[2 * n] = a.type[(first) + n];             \
            d->type[2 * n + 1] = s->type[(first) + n];        \
        }                                                     \
    }
UNPACK(punpcklbw, u8, 0)
UNPACK(punpcklwd, u16, 0)
UNPACK(punpckldq, u32, 0)
UNPACK(punpcklqdq, u64, 0)
UNPACK(punpckhbw, u8, LANE_COUNT(u8) / 2)
UNPACK(punpckhwd, u16, LANE_COUNT(u16) / 2)
UNPACK(punpckhdq, u32, LANE_COUNT(u32) / 2)
UNPACK(punpckhqdq, u64, LANE_COUNT(u64) / 2)

/* Neighbours: the lower half of the result from d, the upper from s. */
#define HORIZONTAL(name, type, combine)                                      \
    LANES(name)                                                              \
    {                                                                        \
        const union vector a = *d;                                           \
        unsigned half = LANE_COUNT(type) / 2;                                \
        for (unsigned n = 0; n < half; n++) {                                \
            d->type[n] = combine(a.type[2 * n], a.type[2 * n + 1]);          \
            d->type[half + n] = combine(s->type[2 * n], s->type[2 * n + 1]); \
        }                                                                    \
    }
#define SUM16(x, y) (uint16_t)((x) + (y))
#define SUM32(x, y) ((x) + (y))
#define SUM_SATURATED(x, y) saturate_s16((x) + (y))
#define DIFFERENCE16(x, y) (uint16_t)((x) - (y))
#define DIFFERENCE32(x, y) ((x) - (y))
#define DIFFERENCE_SATURATED(x, y) saturate_s16((x) - (y))
HORIZONTAL(phaddw, u16, SUM16)
HORIZONTAL(phaddd, u32, SUM32)
HORIZONTAL(phaddsw, s16, SUM_SATURATED)
HORIZONTAL(phsubw, u16, DIFFERENCE16)
HORIZONTAL(phsubd, u32, DIFFERENCE32)
HORIZONTAL(phsubsw, s16, DIFFERENCE_SATURATED)

LANES(pshufb)
{
    const union vector a = *d;
    for (unsigned n = 0; n < size; n++)
        d->u8[n] = s->u8[n] & 0x80 ? 0 : a.u8[s->u8[n] & (size - 1)];
}

/*
 * Shifts by one count for all lanes: the low quadword of s. Counts past the lane give zeros or
 * signs.
 */
#define SHIFT(name, type, width, over, expression)                 \
    LANES(name)                                                    \
    {                                                              \
        uint64_t count = s->u64[0];                                \
        for (unsigned n = 0; n < LANE_COUNT(type); n++)            \
            d->type[n] = count >= (width) ? (over) : (expression); \
    }
SHIFT(psrlw, u16, 16, 0, (uint16_t)(d->u16[n] >> count))
SHIFT(psrld, u32, 32, 0, d->u32[n] >> count)
SHIFT(psrlq, u64, 64, 0, d->u64[n] >> count)
SHIFT(psllw, u16, 16, 0, (uint16_t)(d->u16[n] << count))
SHIFT(pslld, u32, 32, 0, d->u32[n] << count)
SHIFT(psllq, u64, 64, 0, d->u64[n] << count)
SHIFT(psraw, s16, 16, (int16_t)(d->s16[n] < 0 ? -1 : 0), (int16_t)(d->s16[n] >> count))
SHIFT(psrad, s32, 32, d->s32[n] < 0 ? -1 : 0, d->s32[n] >> count)

/* d:s moved right by count bytes. */
static inline void lanes_palignr(union vector *d, const union vector *s, unsigned size,
                                 unsigned count)
{
    const union vector a = *d;
    for (unsigned n = 0; n < size; n++) {
        unsigned from = n + count;
        d->u8[n] = from < size ? s->u8[from] : from < 2 * size ? a.u8[from - size] : 0;
    }
}

#endif
