// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A processor's life: creation, destruction, saving and restoring.
#include "cpu/cpu.h"

#include "base/state.h"
#include "cpu/block_cache.h"
#include "cpu/flags.h"
#include "cpu/paging.h"
#include "cpu/system.h"
#include "cpu/threading.h"
#include "host/host.h"

struct cpu *cpu_create(const struct cpu_bus *bus, const struct cpu_model *model)
{
    struct cpu *cpu = host_alloc(sizeof *cpu);
    cpu->bus = *bus;
    cpu->model = *model;
    cpu->a20_mask = 0xffffffff;
    cpu->pending.vector = cpu->pending.delivering = -1;
    threading_create(cpu);
    tlb_create(cpu);
    cpu->blocks = block_cache_create(cpu);
    changes_listen(cpu);
    cpu_reset(cpu, false);
    return cpu;
}

void cpu_destroy(struct cpu *cpu)
{
    if (cpu == NULL)
        return;
    memory_remove_listener(cpu->bus.memory, &cpu->listener);
    block_cache_destroy(cpu->blocks);
    tlb_destroy(cpu);
    cpu_debug_destroy(cpu);
    threading_destroy(cpu);
    host_free(cpu);
}

/* ---- state ----------------------------------------------------------------------------------- */

static void state_segment(struct state *s, struct segment *segment)
{
    state_u64(s, &segment->base);
    state_u32(s, &segment->limit);
    state_u16(s, &segment->selector);
    state_u16(s, &segment->attributes);
}

static void state_table(struct state *s, struct table_register *table)
{
    state_u64(s, &table->base);
    state_u32(s, &table->limit);
}

static void state_u64s(struct state *s, uint64_t *v, size_t count)
{
    for (size_t n = 0; n < count; n++)
        state_u64(s, &v[n]);
}

static void state_fpu(struct state *s, struct fpu *fpu)
{
    for (unsigned n = 0; n < ARRAY_SIZE(fpu->physical); n++) {
        state_u64(s, &fpu->physical[n].significand);
        state_u16(s, &fpu->physical[n].sign_exponent);
    }
    state_u16(s, &fpu->control);
    state_u16(s, &fpu->status);
    state_u8(s, &fpu->top);
    state_u8(s, &fpu->empty);
    state_u16(s, &fpu->opcode);
    state_u16(s, &fpu->ip_selector);
    state_u16(s, &fpu->dp_selector);
    state_u32(s, &fpu->ip);
    state_u32(s, &fpu->dp);
    state_u32(s, &fpu->mxcsr);
    state_bool(s, &fpu->ferr);
    state_bool(s, &fpu->ignne);
    for (unsigned n = 0; n < ARRAY_SIZE(fpu->xmm); n++)
        state_u64s(s, fpu->xmm[n].u64, 2);
}

static void state_msrs(struct state *s, struct cpu *cpu)
{
    state_u64(s, &cpu->msr.apic_base);
    state_u64(s, &cpu->msr.efer);
    state_u64(s, &cpu->msr.pat);
    state_u64(s, &cpu->msr.sysenter_cs);
    state_u64(s, &cpu->msr.sysenter_esp);
    state_u64(s, &cpu->msr.sysenter_eip);
    state_u64(s, &cpu->msr.tsc_offset);
    state_u64(s, &cpu->msr.misc_enable);
    state_u64(s, &cpu->msr.mtrr_def_type);
    state_u64s(s, cpu->msr.mtrr_fixed, ARRAY_SIZE(cpu->msr.mtrr_fixed));
    state_u64s(s, cpu->msr.mtrr_base, ARRAY_SIZE(cpu->msr.mtrr_base));
    state_u64s(s, cpu->msr.mtrr_mask, ARRAY_SIZE(cpu->msr.mtrr_mask));
    state_u64(s, &cpu->msr.mcg_status);
    state_u64(s, &cpu->msr.mcg_ctl);
    state_u64s(s, cpu->msr.mc, ARRAY_SIZE(cpu->msr.mc));
    state_u64(s, &cpu->msr.feature_control);
    state_u64(s, &cpu->msr.star);
    state_u64(s, &cpu->msr.bios_sign_id);
    state_u64(s, &cpu->msr.debugctl);
}

static void state_system(struct state *s, struct cpu *cpu)
{
    state_u32(s, &cpu->cr0);
    state_u32(s, &cpu->cr2);
    state_u32(s, &cpu->cr4);
    state_u64(s, &cpu->cr3);
    for (unsigned n = 0; n < ARRAY_SIZE(cpu->dr); n++)
        state_u32(s, &cpu->dr[n]);
    state_table(s, &cpu->gdtr);
    state_table(s, &cpu->idtr);
    state_u64s(s, cpu->pdpte, ARRAY_SIZE(cpu->pdpte));
    state_u64(s, &cpu->xcr0);
    state_u32(s, &cpu->smbase);
    state_bool(s, &cpu->nmi_masked);
    state_bool(s, &cpu->smi_masked);
    state_u32(s, &cpu->a20_mask);
}

/* Events that are pending and belong to the guest; requests of other threads do not. */
#define ATTENTION_SAVED                                                                            \
    (ATTENTION_NMI | ATTENTION_SMI | ATTENTION_INIT | ATTENTION_RESET | ATTENTION_TRAP |           \
     ATTENTION_SHADOWS)

static void state_events(struct state *s, struct cpu *cpu)
{
    uint32_t events = cpu->attention & ATTENTION_SAVED;
    state_u32(s, &events);
    state_u32(s, &cpu->latched);
    state_u32(s, &cpu->intr_level);
    if (s->loading && !s->failed)
        cpu->attention =
            (cpu->attention & ~ATTENTION_SAVED) | (events & ATTENTION_SAVED) | ATTENTION_INTR;
}

void cpu_state(struct cpu *cpu, struct state *s)
{
    state_section(s, "cpu", 1);
    uint32_t eflags = cpu_eflags(cpu);
    state_u64s(s, cpu->gpr, REG_ZERO);
    state_u64(s, &cpu->eip);
    state_u32(s, &eflags);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        state_segment(s, &cpu->seg[n]);
    state_u64(s, &cpu->instructions);
    state_u8(s, &cpu->cpl);
    state_bool(s, &cpu->smm);
    state_bool(s, &cpu->halted);
    state_bool(s, &cpu->trap_pending);
    state_fpu(s, &cpu->fpu);
    state_system(s, cpu);
    state_msrs(s, cpu);
    state_events(s, cpu);
    if (!s->loading || s->failed)
        return;
    cpu->eflags = eflags & ~EFLAGS_ARITH;
    flags_set_all(cpu, eflags);
    cpu->cpl &= 3;
    cpu->fpu.top &= 7;
    cpu_state_changed(cpu);
}
