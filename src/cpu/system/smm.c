// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System-management mode: SMI, the state save map, RSM.
#include "cpu/paging.h"
#include "cpu/system/control.h"
#include "cpu/system/internal.h"
#include "cpu/x87/fpu.h"

/*
 * SDM 3C 34.4 to 34.11. The map lies at SMBASE + 8000H + offset; table 34-1 names the architectural
 * fields. What it leaves reserved (hidden parts of segments, table registers, CR4) is kept below
 * them in our own layout. Revision 0002_0000H: SMBASE relocation, no I/O instruction restart.
 */
#define SMM_REVISION 0x00020000u
enum {
    MAP_CR0 = 0x7ffc,
    MAP_CR3 = 0x7ff8,
    MAP_EFLAGS = 0x7ff4,
    MAP_EIP = 0x7ff0,
    MAP_EDI = 0x7fec,
    MAP_DR6 = 0x7fcc,
    MAP_DR7 = 0x7fc8,
    MAP_TR = 0x7fc4,
    MAP_LDTR = 0x7fc0,
    MAP_GS = 0x7fbc,
    MAP_IO_STATE = 0x7fa4,
    MAP_HALT_RESTART = 0x7f02,
    MAP_IO_RESTART = 0x7f00,
    MAP_REVISION = 0x7efc,
    MAP_SMBASE = 0x7ef8,
    /* Ours. */
    MAP_HIDDEN = 0x7f04, /* eight segments of base, limit, attributes: 0x60 bytes */
    MAP_GDTR = 0x7f64,
    MAP_IDTR = 0x7f6c,
    MAP_CR4 = 0x7f74,
    MAP_NMI_MASKED = 0x7f78,
};

/* DX DI ... in the order of the map, from 7FEC down; segments from 7FBC down. */
static const uint8_t gpr_order[] = { RDI, RSI, RBP, RSP, RBX, RDX, RCX, RAX };
static const uint8_t segment_order[] = { SEG_GS, SEG_FS, SEG_DS, SEG_SS, SEG_CS, SEG_ES };

static void put(struct cpu *cpu, unsigned offset, uint32_t value)
{
    uint64_t address = ((uint64_t)cpu->smbase + 0x8000 + offset) & cpu->a20_mask;
    fpu_sync(cpu);
    memory_write(cpu->bus.memory, SPACE_SMM, address, 4, value);
}

static uint32_t get(struct cpu *cpu, unsigned offset)
{
    uint64_t value = 0, address = ((uint64_t)cpu->smbase + 0x8000 + offset) & cpu->a20_mask;
    fpu_sync(cpu);
    memory_read(cpu->bus.memory, SPACE_SMM, address, 4, &value);
    return (uint32_t)value;
}

static void save_hidden(struct cpu *cpu)
{
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        put(cpu, MAP_HIDDEN + n * 12, (uint32_t)cpu->seg[n].base);
        put(cpu, MAP_HIDDEN + n * 12 + 4, cpu->seg[n].limit);
        put(cpu, MAP_HIDDEN + n * 12 + 8, cpu->seg[n].attributes | (uint32_t)cpu->cpl << 16);
    }
    put(cpu, MAP_GDTR, (uint32_t)cpu->gdtr.base);
    put(cpu, MAP_GDTR + 4, cpu->gdtr.limit);
    put(cpu, MAP_IDTR, (uint32_t)cpu->idtr.base);
    put(cpu, MAP_IDTR + 4, cpu->idtr.limit);
    put(cpu, MAP_CR4, cpu->cr4);
    put(cpu, MAP_NMI_MASKED, cpu->nmi_masked);
}

static void save(struct cpu *cpu)
{
    put(cpu, MAP_CR0, cpu->cr0);
    put(cpu, MAP_CR3, (uint32_t)cpu->cr3);
    put(cpu, MAP_EFLAGS, cpu_eflags(cpu));
    put(cpu, MAP_EIP, (uint32_t)cpu->eip);
    for (unsigned n = 0; n < ARRAY_SIZE(gpr_order); n++)
        put(cpu, MAP_EDI - n * 4, (uint32_t)cpu->gpr[gpr_order[n]]);
    put(cpu, MAP_DR6, cpu->dr[6]);
    put(cpu, MAP_DR7, cpu->dr[7]);
    put(cpu, MAP_TR, cpu->seg[SEG_TR].selector);
    put(cpu, MAP_LDTR, cpu->seg[SEG_LDTR].selector);
    for (unsigned n = 0; n < ARRAY_SIZE(segment_order); n++)
        put(cpu, MAP_GS - n * 4, cpu->seg[segment_order[n]].selector);
    put(cpu, MAP_IO_STATE, 0);
    put(cpu, MAP_IO_STATE - 4, 0);
    save_hidden(cpu);
    put(cpu, MAP_IO_RESTART, cpu->halted ? 0x10000 : 0); /* and HALT restart in its upper half */
    put(cpu, MAP_REVISION, SMM_REVISION);
    put(cpu, MAP_SMBASE, cpu->smbase);
}

static struct segment smm_segment(uint16_t selector, uint32_t base)
{
    struct segment s = {
        .base = base,
        .limit = 0xffffffffu,
        .selector = selector,
        .attributes = ATTR_G | ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED,
    };
    segment_update_limits(&s);
    return s;
}

void smm_enter(struct cpu *cpu)
{
    LOG(cpu->bus.log, INT, "SMI at %04x:%08x, smbase %08x%s\n", cpu->seg[SEG_CS].selector,
        (uint32_t)cpu->eip, cpu->smbase, cpu->halted ? ", halted" : "");
    save(cpu);
    cpu->smm = true;
    cpu->smi_masked = true;
    cpu->nmi_masked = true;
    cpu->halted = false;
    cpu->trap_pending = false;
    eflags_write(cpu, 0, ~0u);
    control_set_cr4(cpu, 0);
    control_set_cr0(cpu, cpu->cr0 & ~(CR0_PE | CR0_EM | CR0_TS | CR0_PG));
    cpu->dr[7] = 0x400;
    cpu->cpl = 0;
    for (unsigned n = SEG_ES; n <= SEG_GS; n++)
        cpu->seg[n] = smm_segment(0, 0);
    cpu->seg[SEG_CS] = smm_segment((uint16_t)(cpu->smbase >> 4), cpu->smbase);
    cpu->eip = 0x8000;
    cpu_update_mode(cpu);
    tlb_flush(cpu, false);
}

/* ---- RSM ------------------------------------------------------------------------------------- */

static void restore_segments(struct cpu *cpu)
{
    for (unsigned n = 0; n < SEG_COUNT; n++) {
        struct segment *s = &cpu->seg[n];
        s->base = get(cpu, MAP_HIDDEN + n * 12);
        s->limit = get(cpu, MAP_HIDDEN + n * 12 + 4);
        uint32_t attributes = get(cpu, MAP_HIDDEN + n * 12 + 8);
        s->attributes = (uint16_t)attributes;
        cpu->cpl = attributes >> 16 & 3;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(segment_order); n++)
        cpu->seg[segment_order[n]].selector = (uint16_t)get(cpu, MAP_GS - n * 4);
    cpu->seg[SEG_TR].selector = (uint16_t)get(cpu, MAP_TR);
    cpu->seg[SEG_LDTR].selector = (uint16_t)get(cpu, MAP_LDTR);
    for (unsigned n = 0; n < SEG_COUNT; n++)
        segment_update_limits(&cpu->seg[n]);
    cpu->gdtr.base = get(cpu, MAP_GDTR);
    cpu->gdtr.limit = get(cpu, MAP_GDTR + 4);
    cpu->idtr.base = get(cpu, MAP_IDTR);
    cpu->idtr.limit = get(cpu, MAP_IDTR + 4);
}

static void restore_registers(struct cpu *cpu, uint32_t cr0, uint32_t cr4)
{
    uint32_t eflags = get(cpu, MAP_EFLAGS), dr6 = get(cpu, MAP_DR6), dr7 = get(cpu, MAP_DR7);
    for (unsigned n = 0; n < ARRAY_SIZE(gpr_order); n++)
        cpu->gpr[gpr_order[n]] = get(cpu, MAP_EDI - n * 4);
    cpu->eip = get(cpu, MAP_EIP);
    cpu->cr3 = get(cpu, MAP_CR3);
    cpu->nmi_masked = get(cpu, MAP_NMI_MASKED) & 1;
    control_set_cr4(cpu, cr4);
    control_set_cr0(cpu, cr0);
    restore_segments(cpu);
    cpu->dr[6] = dr6;
    cpu->dr[7] = dr7;
    eflags_write(cpu, eflags, ~0u);
}

/* Invalid state in the map: shutdown (SDM 3C 34.6). */
static bool state_valid(const struct cpu *cpu, uint32_t cr0, uint32_t cr4)
{
    return cr0_consistent(cr0) && !(cr4 & ~cr4_valid(cpu));
}

void smm_leave(struct cpu *cpu)
{
    uint32_t cr0 = get(cpu, MAP_CR0), cr4 = get(cpu, MAP_CR4), smbase = get(cpu, MAP_SMBASE);
    if (!state_valid(cpu, cr0, cr4)) {
        LOG(cpu->bus.log, GUEST_ERRORS, "RSM with cr0 %08x cr4 %08x: shutdown\n", cr0, cr4);
        cpu_shutdown(cpu);
        return;
    }
    bool halt = get(cpu, MAP_IO_RESTART) >> 16 & 1;
    restore_registers(cpu, cr0, cr4);
    cpu->smbase = smbase;
    cpu->smm = false;
    cpu->smi_masked = false;
    cpu_unlatch(cpu);
    tlb_flush(cpu, false);
    /* The pointers are read anew, now outside SMRAM. */
    if ((cr0 & CR0_PG) && (cr4 & CR4_PAE) && !paging_load_pdptes(cpu, cpu->cr3)) {
        cpu_shutdown(cpu);
        return;
    }
    tlb_flush(cpu, false); /* what they say now counts for windows, too */
    cpu_update_mode(cpu);
    debug_changed(cpu);
    if (halt) {
        cpu->halted = true;
        cpu_note(cpu, ATTENTION_HALT);
    }
    LOG(cpu->bus.log, INT, "RSM to %04x:%08x, smbase %08x%s\n", cpu->seg[SEG_CS].selector,
        (uint32_t)cpu->eip, cpu->smbase, halt ? ", halted" : "");
}
