// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SYSENTER and SYSEXIT: flat segments by fiat, no descriptor is read.
#include "cpu/handlers.h"
#include "cpu/system/internal.h"

/*
 * SDM 2 "SYSENTER", "SYSEXIT": base 0, limit 4 GiB, the attributes written here whatever the GDT
 * says.
 */
static void set_flat(struct segment *s, uint16_t selector, unsigned type, unsigned dpl)
{
    s->base = 0;
    s->limit = 0xffffffffu;
    s->selector = selector;
    s->attributes = (uint16_t)(ATTR_G | ATTR_DB | ATTR_P | ATTR_S | dpl << ATTR_DPL_SHIFT | type);
    segment_update_limits(s);
}
#define TYPE_CODE (ATTR_CODE | ATTR_READABLE | ATTR_ACCESSED)
#define TYPE_DATA (ATTR_WRITABLE | ATTR_ACCESSED)

static void enter_flat(struct cpu *cpu, uint16_t cs, uint16_t ss, unsigned cpl, uint32_t eip,
                       uint32_t esp)
{
    set_flat(&cpu->seg[SEG_CS], cs, TYPE_CODE, cpl);
    set_flat(&cpu->seg[SEG_SS], ss, TYPE_DATA, cpl);
    cpu->cpl = (uint8_t)cpl;
    cpu->gpr[RSP] = esp;
    cpu->eip = eip;
    cpu_update_mode(cpu);
}

bool cpu_sysenter(struct cpu *cpu)
{
    uint16_t cs = (uint16_t)(cpu->msr.sysenter_cs & 0xfffc);
    if (!cpu_protected(cpu) || !cs)
        return false;
    eflags_write(cpu, 0, EFLAGS_VM | EFLAGS_IF | EFLAGS_RF);
    enter_flat(cpu, cs, (uint16_t)(cs + 8), 0, (uint32_t)cpu->msr.sysenter_eip,
               (uint32_t)cpu->msr.sysenter_esp);
    return true;
}

bool cpu_sysexit(struct cpu *cpu)
{
    uint16_t cs = (uint16_t)(cpu->msr.sysenter_cs & 0xfffc);
    if (!cpu_protected(cpu) || !cs || cpu->cpl != 0)
        return false;
    enter_flat(cpu, (uint16_t)((cs + 16) | 3), (uint16_t)((cs + 24) | 3), 3, reg32(cpu, RDX),
               reg32(cpu, RCX));
    return true;
}

EXEC(exec_sysenter)
{
    exec_sync(cpu, i);
    if (!cpu_sysenter(cpu))
        cpu_raise_error(cpu, EXC_GP, 0);
    EXEC_JUMP;
}

EXEC(exec_sysexit)
{
    exec_sync(cpu, i);
    if (!cpu_sysexit(cpu))
        cpu_raise_error(cpu, EXC_GP, 0);
    EXEC_JUMP;
}
