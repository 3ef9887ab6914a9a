// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// CR0, CR3, CR4, XCR0: the checks of a write and its effects.
#include "cpu/system/control.h"

#include "cpu/block_cache.h"
#include "cpu/paging.h"
#include "cpu/system/internal.h"

#define CR0_VALID                                                                                  \
    (CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD |     \
     CR0_PG)

bool cr0_consistent(uint32_t value)
{
    return !((value & CR0_PG) && !(value & CR0_PE)) && !((value & CR0_NW) && !(value & CR0_CD));
}

uint32_t cr4_valid(const struct cpu *cpu)
{
    static const struct {
        enum cpu_feature feature;
        uint32_t bits;
    } table[] = {
        { FEATURE_VME, CR4_VME | CR4_PVI },
        { FEATURE_TSC, CR4_TSD },
        { FEATURE_DE, CR4_DE },
        { FEATURE_PSE, CR4_PSE },
        { FEATURE_PAE, CR4_PAE },
        { FEATURE_MCE, CR4_MCE },
        { FEATURE_PGE, CR4_PGE },
        { FEATURE_CMOV, CR4_PCE },
        { FEATURE_FXSR, CR4_OSFXSR },
        { FEATURE_SSE, CR4_OSXMMEXCPT },
        { FEATURE_XSAVE, CR4_OSXSAVE },
    };
    uint32_t valid = 0;
    for (unsigned n = 0; n < ARRAY_SIZE(table); n++)
        if (cpu_model_has(&cpu->model, table[n].feature))
            valid |= table[n].bits;
    return valid;
}

/*
 * Leaving protected mode: CS becomes a writable 64 KiB-or-larger segment of level 0 whose D bit and
 * limit stay.
 */
static void enter_real_mode(struct cpu *cpu)
{
    struct segment *cs = &cpu->seg[SEG_CS];
    cs->attributes = (uint16_t)((cs->attributes & (ATTR_DB | ATTR_G)) | ATTR_P | ATTR_S |
                                ATTR_WRITABLE | ATTR_ACCESSED);
    segment_update_limits(cs);
    cpu->cpl = 0;
}

void control_set_cr0(struct cpu *cpu, uint32_t value)
{
    uint32_t changed = cpu->cr0 ^ value;
    cpu->cr0 = value;
    cpu_update_fpu_closed(cpu);
    if ((changed & CR0_PE) && !(value & CR0_PE))
        enter_real_mode(cpu);
    /* Without paging, what an address leads to does not depend on PE: firmware toggles it all the
     * time. SDM 3A 4.10.4.1 */
    if (changed & (CR0_PG | CR0_WP))
        tlb_flush(cpu, false);
    else if (changed & CR0_AM)
        tlb_flush(cpu, false); /* its entries skip the alignment check */
    if (changed & (CR0_PE | CR0_PG))
        cpu_update_mode(cpu);
}

void cpu_write_cr0(struct cpu *cpu, uint32_t value)
{
    value = (value & CR0_VALID) | CR0_ET;
    if (!cr0_consistent(value))
        cpu_raise_error(cpu, EXC_GP, 0);
    uint32_t changed = cpu->cr0 ^ value;
    /*
     * SDM 3A 4.4.1: with PAE the pointers are loaded when PG is set, and when CD, NW or PG change.
     */
    if ((value & CR0_PG) && (cpu->cr4 & CR4_PAE) && (changed & (CR0_CD | CR0_NW | CR0_PG)) &&
        !paging_load_pdptes(cpu, cpu->cr3))
        cpu_raise_error(cpu, EXC_GP, 0);
    control_set_cr0(cpu, value);
}

void cpu_write_cr3(struct cpu *cpu, uint32_t value)
{
    if ((cpu->cr0 & CR0_PG) && (cpu->cr4 & CR4_PAE) && !paging_load_pdptes(cpu, value))
        cpu_raise_error(cpu, EXC_GP, 0);
    cpu->cr3 = value;
    tlb_flush(cpu, true);
}

void control_set_cr4(struct cpu *cpu, uint32_t value)
{
    uint32_t changed = cpu->cr4 ^ value;
    cpu->cr4 = value;
    cpu_update_fpu_closed(cpu);
    if (changed & (CR4_PAE | CR4_PSE | CR4_PGE))
        tlb_flush(cpu, false);
}

void cpu_write_cr4(struct cpu *cpu, uint32_t value)
{
    if (value & ~cr4_valid(cpu))
        cpu_raise_error(cpu, EXC_GP, 0);
    uint32_t changed = cpu->cr4 ^ value;
    if ((value & CR4_PAE) && (cpu->cr0 & CR0_PG) && (changed & (CR4_PAE | CR4_PSE | CR4_PGE)) &&
        !paging_load_pdptes(cpu, cpu->cr3))
        cpu_raise_error(cpu, EXC_GP, 0);
    control_set_cr4(cpu, value);
}

/* x87 must stay set; nothing but x87 and SSE exists. SDM 2 "XSETBV" */
bool control_write_xcr0(struct cpu *cpu, uint64_t value)
{
    if (!(value & 1) || (value & ~UINT64_C(3)) ||
        ((value & 2) && !cpu_model_has(&cpu->model, FEATURE_SSE)))
        return false;
    cpu->xcr0 = value;
    return true;
}

void require_cpl0(struct cpu *cpu, const struct insn *i)
{
    exec_sync(cpu, i);
    if (cpu->cpl != 0)
        cpu_raise_error(cpu, EXC_GP, 0);
}

void require_protected(struct cpu *cpu, const struct insn *i)
{
    exec_sync(cpu, i);
    if (!cpu_protected(cpu) || cpu_v86(cpu))
        cpu_raise(cpu, EXC_UD);
}
