// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Packed integer instructions that MMX and SSE share, and those of SSE alone with two operands.
#include "cpu/handlers.h"
#include "cpu/simd/lanes.h"
#include "cpu/simd/simd.h"

/* Pq, Qq. load: the memory operand, before the switch to MMX state. */
#define MMX_BINARY_LOAD(name, load)                                             \
    OUT_OF_LINE void mmx_##name(struct cpu *cpu, unsigned reg, uint64_t source) \
    {                                                                           \
        union vector d = {.u64 = {mm(cpu, reg)}}, s = {.u64 = {source}};        \
        lanes_##name(&d, &s, 8);                                                \
        mmx_enter(cpu);                                                         \
        set_mm(cpu, reg, d.u64[0]);                                             \
    }                                                                           \
    EXEC(name##_pq_qq_r)                                                        \
    {                                                                           \
        MMX_BEGIN;                                                              \
        mmx_##name(cpu, i->reg, mm(cpu, i->rm));                                \
        EXEC_NEXT;                                                              \
    }                                                                           \
    EXEC(name##_pq_qq_m)                                                        \
    {                                                                           \
        MMX_BEGIN;                                                              \
        mmx_##name(cpu, i->reg, load(cpu, i, i->seg, exec_ea(cpu, i)));         \
        EXEC_NEXT;                                                              \
    }
#define MMX_BINARY(name) MMX_BINARY_LOAD(name, exec_load64)

/* Vx, Wx. */
#define SSE_BINARY(name)                                              \
    EXEC(name##_vx_wx_r)                                              \
    {                                                                 \
        SSE_BEGIN;                                                    \
        union vector d = *xmm(cpu, i->reg), s = *xmm(cpu, i->rm);     \
        lanes_##name(&d, &s, 16);                                     \
        *xmm(cpu, i->reg) = d;                                        \
        EXEC_NEXT;                                                    \
    }                                                                 \
    EXEC(name##_vx_wx_m)                                              \
    {                                                                 \
        SSE_BEGIN;                                                    \
        union vector d = *xmm(cpu, i->reg), s = load_aligned(cpu, i); \
        lanes_##name(&d, &s, 16);                                     \
        *xmm(cpu, i->reg) = d;                                        \
        EXEC_NEXT;                                                    \
    }

#define BOTH(name) MMX_BINARY(name) SSE_BINARY(name)
BOTH(paddb)
BOTH(paddw) BOTH(paddd) BOTH(paddq) BOTH(psubb) BOTH(psubw) BOTH(psubd) BOTH(psubq) BOTH(paddsb)
    BOTH(paddsw) BOTH(paddusb) BOTH(paddusw) BOTH(psubsb) BOTH(psubsw) BOTH(psubusb) BOTH(psubusw)
        BOTH(pavgb) BOTH(pavgw) BOTH(pminub) BOTH(pmaxub) BOTH(pminsw) BOTH(pmaxsw) BOTH(pcmpeqb)
            BOTH(pcmpeqw) BOTH(pcmpeqd) BOTH(pcmpgtb) BOTH(pcmpgtw) BOTH(pcmpgtd) BOTH(pand)
                BOTH(pandn) BOTH(por) BOTH(pxor) BOTH(pmullw) BOTH(pmulhw) BOTH(pmulhuw)
                    BOTH(pmuludq) BOTH(pmaddwd) BOTH(psadbw) BOTH(packsswb) BOTH(packuswb)
                        BOTH(packssdw) BOTH(punpckhbw) BOTH(punpckhwd) BOTH(punpckhdq) BOTH(psrlw)
                            BOTH(psrld) BOTH(psrlq) BOTH(psllw) BOTH(pslld) BOTH(psllq) BOTH(psraw)
                                BOTH(psrad)
    /* SSSE3 */
    BOTH(pshufb) BOTH(phaddw) BOTH(phaddd) BOTH(phaddsw) BOTH(phsubw) BOTH(phsubd) BOTH(phsubsw)
        BOTH(pmaddubsw) BOTH(psignb) BOTH(psignw) BOTH(psignd) BOTH(pabsb) BOTH(pabsw) BOTH(pabsd)
            BOTH(pmulhrsw)

    /* The low unpacks of MMX read 32 bits of memory. */
    MMX_BINARY_LOAD(punpcklbw, exec_load32) MMX_BINARY_LOAD(punpcklwd, exec_load32)
        MMX_BINARY_LOAD(punpckldq, exec_load32) SSE_BINARY(punpcklbw) SSE_BINARY(punpcklwd)
            SSE_BINARY(punpckldq) SSE_BINARY(punpcklqdq) SSE_BINARY(punpckhqdq)

    /* SSE4.1, SSE4.2 */
    SSE_BINARY(pminsb) SSE_BINARY(pmaxsb) SSE_BINARY(pminuw) SSE_BINARY(pmaxuw) SSE_BINARY(pminsd)
        SSE_BINARY(pmaxsd) SSE_BINARY(pminud) SSE_BINARY(pmaxud) SSE_BINARY(pmulld)
            SSE_BINARY(pmuldq) SSE_BINARY(packusdw) SSE_BINARY(pcmpeqq) SSE_BINARY(pcmpgtq)

/* Shifts by an immediate. */
#define SHIFT_IMMEDIATE(name)                                    \
    OUT_OF_LINE void sse_##name(union vector *d, unsigned count) \
    {                                                            \
        union vector s = {.u64 = {count}};                       \
        lanes_##name(d, &s, 16);                                 \
    }                                                            \
    EXEC(name##_nq_ib)                                           \
    {                                                            \
        MMX_BEGIN;                                               \
        mmx_##name(cpu, i->rm, (uint8_t)i->imm);                 \
        EXEC_NEXT;                                               \
    }                                                            \
    EXEC(name##_ux_ib)                                           \
    {                                                            \
        SSE_BEGIN;                                               \
        sse_##name(xmm(cpu, i->rm), (uint8_t)i->imm);            \
        EXEC_NEXT;                                               \
    }
SHIFT_IMMEDIATE(psrlw) SHIFT_IMMEDIATE(psrld) SHIFT_IMMEDIATE(psrlq)
                    SHIFT_IMMEDIATE(psllw) SHIFT_IMMEDIATE(pslld) SHIFT_IMMEDIATE(psllq)
                        SHIFT_IMMEDIATE(psraw) SHIFT_IMMEDIATE(psrad)

    /* PSRLDQ, PSLLDQ: the whole register by bytes. */
    EXEC(psrldq)
{
    SSE_BEGIN;
    union vector d = {.u64 = {0}}, s = *xmm(cpu, i->rm);
    lanes_palignr(&d, &s, 16, (uint8_t)i->imm);
    *xmm(cpu, i->rm) = d;
    EXEC_NEXT;
}

EXEC(pslldq)
{
    SSE_BEGIN;
    union vector d = *xmm(cpu, i->rm), s = {.u64 = {0}};
    unsigned count = MIN((uint8_t)i->imm, 16u);
    lanes_palignr(&d, &s, 16, 16 - count);
    *xmm(cpu, i->rm) = d;
    EXEC_NEXT;
}

OUT_OF_LINE void mmx_palignr(struct cpu *cpu, const struct insn *i, uint64_t source)
{
    union vector d = {.u64 = {mm(cpu, i->reg)}}, s = {.u64 = {source}};
    lanes_palignr(&d, &s, 8, (uint8_t)i->imm);
    mmx_enter(cpu);
    set_mm(cpu, i->reg, d.u64[0]);
}

EXEC(palignr_pq_qq_r)
{
    MMX_BEGIN;
    mmx_palignr(cpu, i, mm(cpu, i->rm));
    EXEC_NEXT;
}

EXEC(palignr_pq_qq_m)
{
    MMX_BEGIN;
    mmx_palignr(cpu, i, exec_load64(cpu, i, i->seg, exec_ea(cpu, i)));
    EXEC_NEXT;
}

EXEC(palignr_vx_wx_r)
{
    SSE_BEGIN;
    union vector d = *xmm(cpu, i->reg), s = *xmm(cpu, i->rm);
    lanes_palignr(&d, &s, 16, (uint8_t)i->imm);
    *xmm(cpu, i->reg) = d;
    EXEC_NEXT;
}

EXEC(palignr_vx_wx_m)
{
    SSE_BEGIN;
    union vector d = *xmm(cpu, i->reg), s = load_aligned(cpu, i);
    lanes_palignr(&d, &s, 16, (uint8_t)i->imm);
    *xmm(cpu, i->reg) = d;
    EXEC_NEXT;
}
