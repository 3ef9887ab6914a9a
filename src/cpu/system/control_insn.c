// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOV CRn, LMSW SMSW CLTS, XGETBV XSETBV, INVLPG INVD WBINVD, HLT, MONITOR MWAIT.
#include "cpu/access.h"
#include "cpu/handlers.h"
#include "cpu/paging.h"
#include "cpu/system/control.h"
#include "cpu/system/internal.h"

#define NEXT_BLOCK                                                                                 \
    cpu->eip = insn_next_eip(cpu, i);                                                              \
    EXEC_JUMP

/* ---- MOV CRn --------------------------------------------------------------------------------- */

EXEC(exec_mov_from_cr)
{
    require_cpl0(cpu, i);
    switch (i->reg) {
    case 0: set_reg32(cpu, i->rm, cpu->cr0); break;
    case 2: set_reg32(cpu, i->rm, cpu->cr2); break;
    case 3: set_reg32(cpu, i->rm, (uint32_t)cpu->cr3); break;
    default: set_reg32(cpu, i->rm, cpu->cr4); break;
    }
    EXEC_NEXT;
}

EXEC(exec_mov_to_cr)
{
    require_cpl0(cpu, i);
    uint32_t value = reg32(cpu, i->rm);
    switch (i->reg) {
    case 0: cpu_write_cr0(cpu, value); break;
    case 2: cpu->cr2 = value; break;
    case 3: cpu_write_cr3(cpu, value); break;
    default: cpu_write_cr4(cpu, value); break;
    }
    NEXT_BLOCK;
}

/* LMSW loads the low four bits and cannot clear PE. */
static void lmsw(struct cpu *cpu, uint16_t value)
{
    cpu_write_cr0(cpu, (cpu->cr0 & ~0xeu) | (value & 0xfu));
}

EXEC(exec_lmsw_r)
{
    require_cpl0(cpu, i);
    lmsw(cpu, reg16(cpu, i->rm));
    NEXT_BLOCK;
}

EXEC(exec_lmsw_m)
{
    require_cpl0(cpu, i);
    lmsw(cpu, exec_load16(cpu, i, i->seg, exec_ea(cpu, i)));
    NEXT_BLOCK;
}

EXEC(exec_smsw_16_r)
{
    set_reg16(cpu, i->rm, (uint16_t)cpu->cr0);
    EXEC_NEXT;
}

EXEC(exec_smsw_32_r)
{
    set_reg32(cpu, i->rm, cpu->cr0);
    EXEC_NEXT;
}

EXEC(exec_smsw_16_m)
{
    exec_store16(cpu, i, i->seg, exec_ea(cpu, i), (uint16_t)cpu->cr0);
    EXEC_NEXT;
}

EXEC(exec_smsw_32_m)
{
    exec_store16(cpu, i, i->seg, exec_ea(cpu, i), (uint16_t)cpu->cr0);
    EXEC_NEXT;
}

EXEC(exec_clts)
{
    require_cpl0(cpu, i);
    cpu->cr0 &= ~CR0_TS;
    cpu_update_fpu_closed(cpu);
    EXEC_NEXT;
}

/* ---- extended control register --------------------------------------------------------------- */

EXEC(exec_xgetbv)
{
    exec_sync(cpu, i);
    if (!(cpu->cr4 & CR4_OSXSAVE))
        cpu_raise(cpu, EXC_UD);
    if (reg32(cpu, RCX) != 0)
        cpu_raise_error(cpu, EXC_GP, 0);
    set_reg32(cpu, RAX, (uint32_t)cpu->xcr0);
    set_reg32(cpu, RDX, (uint32_t)(cpu->xcr0 >> 32));
    EXEC_NEXT;
}

EXEC(exec_xsetbv)
{
    exec_sync(cpu, i);
    if (!(cpu->cr4 & CR4_OSXSAVE))
        cpu_raise(cpu, EXC_UD);
    uint64_t value = (uint64_t)reg32(cpu, RDX) << 32 | reg32(cpu, RAX);
    if (cpu->cpl != 0 || reg32(cpu, RCX) != 0 || !control_write_xcr0(cpu, value))
        cpu_raise_error(cpu, EXC_GP, 0);
    NEXT_BLOCK;
}

/* ---- caches and TLB -------------------------------------------------------------------------- */

EXEC(exec_invlpg)
{
    require_cpl0(cpu, i);
    tlb_flush_page(cpu, (uint32_t)cpu->seg[i->seg].base + exec_ea(cpu, i));
    NEXT_BLOCK;
}

/*
 * The memory that every agent sees is always current: there is no cache whose contents could be
 * lost or written back.
 */
EXEC(exec_invd)
{
    require_cpl0(cpu, i);
    EXEC_NEXT;
}

EXEC(exec_wbinvd)
{
    require_cpl0(cpu, i);
    EXEC_NEXT;
}

/* ---- waiting --------------------------------------------------------------------------------- */

EXEC(exec_hlt)
{
    require_cpl0(cpu, i);
    cpu->halted = true;
    cpu_note(cpu, ATTENTION_HALT);
    NEXT_BLOCK;
}

/*
 * MWAIT may leave its wait at any time (SDM 2 "MWAIT"), and without a monitored line it does so at
 * once.
 */
EXEC(exec_monitor)
{
    exec_sync(cpu, i);
    if (cpu->cpl != 0)
        cpu_raise(cpu, EXC_UD);
    if (reg32(cpu, RCX) != 0)
        cpu_raise_error(cpu, EXC_GP, 0);
    exec_load8(cpu, i, i->seg, reg32(cpu, RAX) & i->addr_mask);
    EXEC_NEXT;
}

EXEC(exec_mwait)
{
    exec_sync(cpu, i);
    if (cpu->cpl != 0)
        cpu_raise(cpu, EXC_UD);
    if (reg32(cpu, RCX) & ~1u)
        cpu_raise_error(cpu, EXC_GP, 0);
    NEXT_BLOCK;
}
