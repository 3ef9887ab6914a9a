// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The state after RESET# and INIT#.
#include "cpu/block_cache.h"
#include "cpu/paging.h"
#include "cpu/system/internal.h"
#include "cpu/system/msr.h"

/* SDM 3A table 9-1. */
static struct segment initial(uint16_t selector, uint32_t base, unsigned attributes)
{
    struct segment s = {
        .base = base, .limit = 0xffff, .selector = selector, .attributes = (uint16_t)attributes
    };
    segment_update_limits(&s);
    return s;
}

static void reset_segments(struct cpu *cpu)
{
    const unsigned data = ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED;
    for (unsigned n = SEG_ES; n <= SEG_GS; n++)
        cpu->seg[n] = initial(0, 0, data);
    cpu->seg[SEG_CS] = initial(0xf000, 0xffff0000, data);
    cpu->seg[SEG_LDTR] = initial(0, 0, ATTR_P | TYPE_LDT);
    cpu->seg[SEG_TR] = initial(0, 0, ATTR_P | TYPE_TSS32_BUSY);
    cpu->gdtr = cpu->idtr = (struct table_register){ .base = 0, .limit = 0xffff };
}

/*
 * RESET forgets what the pins have asked for. Either ends what belongs to the last instruction, and
 * forgets an NMI: one that has waited for an IRET would come now, which finds no handler.
 */
static void forget_events(struct cpu *cpu, bool init)
{
    uint32_t events = ATTENTION_TRAP | ATTENTION_SHADOWS | ATTENTION_HALT | ATTENTION_NMI;
    if (!init)
        events |= ATTENTION_RESET | ATTENTION_SMI | ATTENTION_INIT;
    cpu->latched &= init ? ~(uint32_t)ATTENTION_NMI : 0;
    __atomic_fetch_and(&cpu->attention, ~events, __ATOMIC_SEQ_CST);
}

void cpu_reset(struct cpu *cpu, bool init)
{
    LOG(cpu->bus.log, CPU_RESET, "%s: eip %04x:%08x cr0 %08x eflags %08x\n",
        init ? "INIT" : "RESET", cpu->seg[SEG_CS].selector, (uint32_t)cpu->eip, cpu->cr0,
        cpu_eflags(cpu));
    __builtin_memset(cpu->gpr, 0, sizeof cpu->gpr);
    cpu->gpr[RDX] = cpu_signature(&cpu->model);
    cpu->eip = 0xfff0;
    cpu->eflags = EFLAGS_FIXED;
    flags_set_all(cpu, 0);
    reset_segments(cpu);

    /* INIT keeps CD and NW. ET is 1 wherever there is an FPU. */
    uint32_t cache = init ? cpu->cr0 & (CR0_CD | CR0_NW) : CR0_CD | CR0_NW;
    cpu->cr0 = CR0_ET | cache;
    cpu->cr2 = 0;
    cpu->cr3 = 0;
    cpu->cr4 = 0;
    for (unsigned n = 0; n < 4; n++)
        cpu->dr[n] = cpu->pdpte[n] = 0;
    cpu->dr[6] = 0xffff0ff0;
    cpu->dr[7] = 0x400;
    if (!init) {
        cpu->xcr0 = 1;
        cpu->smbase = 0x30000;
        cpu->instructions = 0;
    }
    cpu->cpl = 0;
    cpu->smm = false;
    cpu->smi_masked = false;
    cpu->nmi_masked = false;
    cpu->halted = false;
    cpu->trap_pending = false;
    forget_events(cpu, init);
    cpu->pending.vector = -1;
    cpu->pending.delivering = -1;
    msr_reset(cpu, init);
    fpu_reset(cpu, init);
    cpu_state_changed(cpu);
}

void cpu_state_changed(struct cpu *cpu)
{
    cpu->gpr[REG_ZERO] = 0;
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_update_limits(&cpu->seg[n]);
    cpu_update_mode(cpu);
    tlb_flush(cpu, false);
    debug_changed(cpu);
    cpu_update_fpu_closed(cpu);
}
