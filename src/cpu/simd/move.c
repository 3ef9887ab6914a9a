// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SSE moves and logic.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"

/* ---- whole registers ------------------------------------------------------------------------- */
EXEC(movdqa_vx_wx_r) /* MOVAPS MOVAPD MOVUPS MOVUPD MOVDQU too */
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = *xmm(cpu, i->rm);
    EXEC_NEXT;
}

EXEC(movdqa_vx_wx_m)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = load_aligned(cpu, i);
    EXEC_NEXT;
}

EXEC(movdqa_wx_vx_r)
{
    SSE_BEGIN;
    *xmm(cpu, i->rm) = *xmm(cpu, i->reg);
    EXEC_NEXT;
}

EXEC(movdqa_wx_vx_m) /* MOVNTPS MOVNTPD MOVNTDQ too */
{
    SSE_BEGIN;
    store_aligned(cpu, i, *xmm(cpu, i->reg));
    EXEC_NEXT;
}

EXEC(movdqu_vx_wx_r)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = *xmm(cpu, i->rm);
    EXEC_NEXT;
}

EXEC(movdqu_vx_wx_m) /* LDDQU too */
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = exec_load128(cpu, i, i->seg, exec_ea(cpu, i));
    EXEC_NEXT;
}

EXEC(movdqu_wx_vx_r)
{
    SSE_BEGIN;
    *xmm(cpu, i->rm) = *xmm(cpu, i->reg);
    EXEC_NEXT;
}

EXEC(movdqu_wx_vx_m)
{
    SSE_BEGIN;
    exec_store128(cpu, i, i->seg, exec_ea(cpu, i), *xmm(cpu, i->reg));
    EXEC_NEXT;
}

/* ---- scalars: a load clears the rest, a register move keeps it ------------------------------- */
EXEC(movss_vx_wd_r)
{
    SSE_BEGIN;
    xmm(cpu, i->reg)->u32[0] = xmm(cpu, i->rm)->u32[0];
    EXEC_NEXT;
}

EXEC(movss_vx_wd_m)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = load_low32(cpu, i);
    EXEC_NEXT;
}

EXEC(movss_wd_vx_r)
{
    SSE_BEGIN;
    xmm(cpu, i->rm)->u32[0] = xmm(cpu, i->reg)->u32[0];
    EXEC_NEXT;
}

EXEC(movss_wd_vx_m)
{
    SSE_BEGIN;
    exec_store32(cpu, i, i->seg, exec_ea(cpu, i), xmm(cpu, i->reg)->u32[0]);
    EXEC_NEXT;
}

EXEC(movsd_vx_wq_r)
{
    SSE_BEGIN;
    xmm(cpu, i->reg)->u64[0] = xmm(cpu, i->rm)->u64[0];
    EXEC_NEXT;
}

EXEC(movsd_vx_wq_m)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = load_low64(cpu, i);
    EXEC_NEXT;
}

EXEC(movsd_wq_vx_r)
{
    SSE_BEGIN;
    xmm(cpu, i->rm)->u64[0] = xmm(cpu, i->reg)->u64[0];
    EXEC_NEXT;
}

EXEC(movsd_wq_vx_m)
{
    SSE_BEGIN;
    exec_store64(cpu, i, i->seg, exec_ea(cpu, i), xmm(cpu, i->reg)->u64[0]);
    EXEC_NEXT;
}

/* MOVQ clears the upper half between registers too. */
EXEC(movq_vx_wq_r)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = (union vector){.u64 = {xmm(cpu, i->rm)->u64[0], 0}};
    EXEC_NEXT;
}

EXEC(movq_vx_wq_m)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = load_low64(cpu, i);
    EXEC_NEXT;
}

EXEC(movq_wq_vx_r)
{
    SSE_BEGIN;
    *xmm(cpu, i->rm) = (union vector){.u64 = {xmm(cpu, i->reg)->u64[0], 0}};
    EXEC_NEXT;
}

EXEC(movq_wq_vx_m)
{
    SSE_BEGIN;
    exec_store64(cpu, i, i->seg, exec_ea(cpu, i), xmm(cpu, i->reg)->u64[0]);
    EXEC_NEXT;
}

EXEC(movd_vx_ed_r)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = (union vector){.u32 = {reg32(cpu, i->rm), 0, 0, 0}};
    EXEC_NEXT;
}

EXEC(movd_vx_ed_m)
{
    SSE_BEGIN;
    *xmm(cpu, i->reg) = load_low32(cpu, i);
    EXEC_NEXT;
}

EXEC(movd_ed_vx_r)
{
    SSE_BEGIN;
    set_reg32(cpu, i->rm, xmm(cpu, i->reg)->u32[0]);
    EXEC_NEXT;
}

EXEC(movd_ed_vx_m)
{
    SSE_BEGIN;
    exec_store32(cpu, i, i->seg, exec_ea(cpu, i), xmm(cpu, i->reg)->u32[0]);
    EXEC_NEXT;
}

/* MOVNTI moves a general register and needs no SSE state. */
EXEC(movnti)
{
    exec_store32(cpu, i, i->seg, exec_ea(cpu, i), reg32(cpu, i->reg));
    EXEC_NEXT;
}

/* ---- halves: half 0 the lower, 1 the upper --------------------------------------------------- */
#define HALF(half_name, half)                                                       \
    EXEC(mov##half_name##_load)                                                     \
    {                                                                               \
        SSE_BEGIN;                                                                  \
        xmm(cpu, i->reg)->u64[half] = exec_load64(cpu, i, i->seg, exec_ea(cpu, i)); \
        EXEC_NEXT;                                                                  \
    }                                                                               \
    EXEC(mov##half_name##_store)                                                    \
    {                                                                               \
        SSE_BEGIN;                                                                  \
        exec_store64(cpu, i, i->seg, exec_ea(cpu, i), xmm(cpu, i->reg)->u64[half]); \
        EXEC_NEXT;                                                                  \
    }
HALF(lps, 0)
HALF(hps, 1)

EXEC(movhlps)
{
    SSE_BEGIN;
    xmm(cpu, i->reg)->u64[0] = xmm(cpu, i->rm)->u64[1];
    EXEC_NEXT;
}

EXEC(movlhps)
{
    SSE_BEGIN;
    xmm(cpu, i->reg)->u64[1] = xmm(cpu, i->rm)->u64[0];
    EXEC_NEXT;
}

/* SSE3's duplicating moves. */
#define DUPLICATE(name, load, lanes, ...)                           \
    EXEC(name##_r)                                                  \
    {                                                               \
        SSE_BEGIN;                                                  \
        union vector s = *xmm(cpu, i->rm);                          \
        *xmm(cpu, i->reg) = (union vector){.lanes = {__VA_ARGS__}}; \
        EXEC_NEXT;                                                  \
    }                                                               \
    EXEC(name##_m)                                                  \
    {                                                               \
        SSE_BEGIN;                                                  \
        union vector s = load(cpu, i);                              \
        *xmm(cpu, i->reg) = (union vector){.lanes = {__VA_ARGS__}}; \
        EXEC_NEXT;                                                  \
    }
DUPLICATE(movddup, load_low64, u64, s.u64[0], s.u64[0])
DUPLICATE(movsldup, load_aligned, u32, s.u32[0], s.u32[0], s.u32[2], s.u32[2])
DUPLICATE(movshdup, load_aligned, u32, s.u32[1], s.u32[1], s.u32[3], s.u32[3])

/* ---- sign masks ------------------------------------------------------------------------------ */
EXEC(movmskps)
{
    SSE_BEGIN;
    const union vector *v = xmm(cpu, i->rm);
    set_reg32(cpu, i->reg,
              v->u32[0] >> 31 | (v->u32[1] >> 31) << 1 | (v->u32[2] >> 31) << 2 |
                  (v->u32[3] >> 31) << 3);
    EXEC_NEXT;
}

EXEC(movmskpd)
{
    SSE_BEGIN;
    const union vector *v = xmm(cpu, i->rm);
    set_reg32(cpu, i->reg, (uint32_t)(v->u64[0] >> 63 | (v->u64[1] >> 63) << 1));
    EXEC_NEXT;
}

EXEC(pmovmskb_gd_ux)
{
    SSE_BEGIN;
    const union vector *v = xmm(cpu, i->rm);
    unsigned mask = 0;
    for (unsigned n = 0; n < 16; n++)
        mask |= (unsigned)(v->u8[n] >> 7) << n;
    set_reg32(cpu, i->reg, mask);
    EXEC_NEXT;
}
