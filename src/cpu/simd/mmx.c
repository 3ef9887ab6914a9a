// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MMX moves, shuffles, masks and EMMS.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"

EXEC(emms)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    cpu->fpu.empty = 0xff;
    EXEC_NEXT;
}

EXEC(movd_pd_ed_r)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_mm(cpu, i->reg, reg32(cpu, i->rm));
    EXEC_NEXT;
}

EXEC(movd_pd_ed_m)
{
    MMX_BEGIN;
    uint32_t v = exec_load32(cpu, i, i->seg, exec_ea(cpu, i));
    mmx_enter(cpu);
    set_mm(cpu, i->reg, v);
    EXEC_NEXT;
}

EXEC(movd_ed_pd_r)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_reg32(cpu, i->rm, (uint32_t)mm(cpu, i->reg));
    EXEC_NEXT;
}

EXEC(movd_ed_pd_m)
{
    MMX_BEGIN;
    exec_store32(cpu, i, i->seg, exec_ea(cpu, i), (uint32_t)mm(cpu, i->reg));
    mmx_enter(cpu);
    EXEC_NEXT;
}

EXEC(movq_pq_qq_r)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_mm(cpu, i->reg, mm(cpu, i->rm));
    EXEC_NEXT;
}

EXEC(movq_pq_qq_m)
{
    MMX_BEGIN;
    uint64_t v = exec_load64(cpu, i, i->seg, exec_ea(cpu, i));
    mmx_enter(cpu);
    set_mm(cpu, i->reg, v);
    EXEC_NEXT;
}

EXEC(movq_qq_pq_r)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_mm(cpu, i->rm, mm(cpu, i->reg));
    EXEC_NEXT;
}

/* Also MOVNTQ: no caches, no difference. */
EXEC(movq_qq_pq_m)
{
    MMX_BEGIN;
    exec_store64(cpu, i, i->seg, exec_ea(cpu, i), mm(cpu, i->reg));
    mmx_enter(cpu);
    EXEC_NEXT;
}

static uint64_t shuffle16(uint64_t v, unsigned order)
{
    uint64_t r = 0;
    for (unsigned n = 0; n < 4; n++)
        r |= (v >> (16 * (order >> (2 * n) & 3)) & 0xffff) << (16 * n);
    return r;
}

EXEC(pshufw_r)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_mm(cpu, i->reg, shuffle16(mm(cpu, i->rm), i->imm));
    EXEC_NEXT;
}

EXEC(pshufw_m)
{
    MMX_BEGIN;
    uint64_t v = exec_load64(cpu, i, i->seg, exec_ea(cpu, i));
    mmx_enter(cpu);
    set_mm(cpu, i->reg, shuffle16(v, i->imm));
    EXEC_NEXT;
}

static uint64_t insert16(uint64_t v, unsigned lane, uint16_t w)
{
    unsigned shift = 16 * (lane & 3);
    return (v & ~(UINT64_C(0xffff) << shift)) | (uint64_t)w << shift;
}

EXEC(pinsrw_pq_r)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_mm(cpu, i->reg, insert16(mm(cpu, i->reg), i->imm, reg16(cpu, i->rm)));
    EXEC_NEXT;
}

EXEC(pinsrw_pq_m)
{
    MMX_BEGIN;
    uint16_t w = exec_load16(cpu, i, i->seg, exec_ea(cpu, i));
    mmx_enter(cpu);
    set_mm(cpu, i->reg, insert16(mm(cpu, i->reg), i->imm, w));
    EXEC_NEXT;
}

EXEC(pextrw_gd_nq)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    set_reg32(cpu, i->reg, (uint16_t)(mm(cpu, i->rm) >> (16 * (i->imm & 3))));
    EXEC_NEXT;
}

EXEC(pmovmskb_gd_nq)
{
    MMX_BEGIN;
    mmx_enter(cpu);
    uint64_t v = mm(cpu, i->rm);
    unsigned mask = 0;
    for (unsigned n = 0; n < 8; n++)
        mask |= (unsigned)(v >> (8 * n + 7) & 1) << n;
    set_reg32(cpu, i->reg, mask);
    EXEC_NEXT;
}

/* Bytes chosen by the mask's top bits go to DS:EDI; those not chosen are not accessed. */
OUT_OF_LINE void store_masked(struct cpu *cpu, const struct insn *i, const uint8_t *v,
                         const uint8_t *mask, unsigned size)
{
    uint32_t base = reg32(cpu, RDI);
    for (unsigned n = 0; n < size; n++) {
        if (mask[n] & 0x80)
            exec_prepare_write(cpu, i, i->seg, (base + n) & i->addr_mask, 1);
    }
    for (unsigned n = 0; n < size; n++) {
        if (mask[n] & 0x80)
            exec_store8(cpu, i, i->seg, (base + n) & i->addr_mask, v[n]);
    }
}

EXEC(maskmovq)
{
    MMX_BEGIN;
    uint64_t v = mm(cpu, i->reg), mask = mm(cpu, i->rm);
    uint8_t bytes[8], chosen[8];
    store_le64(bytes, v);
    store_le64(chosen, mask);
    store_masked(cpu, i, bytes, chosen, 8);
    mmx_enter(cpu);
    EXEC_NEXT;
}

EXEC(maskmovdqu)
{
    SSE_BEGIN;
    store_masked(cpu, i, xmm(cpu, i->reg)->u8, xmm(cpu, i->rm)->u8, 16);
    EXEC_NEXT;
}

/* MOVDQ2Q, MOVQ2DQ: between the two register files; both need SSE and switch to MMX state. */
EXEC(movdq2q)
{
    SSE_BEGIN;
    MMX_BEGIN;
    mmx_enter(cpu);
    set_mm(cpu, i->reg, xmm(cpu, i->rm)->u64[0]);
    EXEC_NEXT;
}

EXEC(movq2dq)
{
    SSE_BEGIN;
    MMX_BEGIN;
    mmx_enter(cpu);
    *xmm(cpu, i->reg) = (union vector){.u64 = {mm(cpu, i->rm), 0}};
    EXEC_NEXT;
}
