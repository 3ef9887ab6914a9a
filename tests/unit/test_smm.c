// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System-management mode (SDM 3C chapter 34).
#include "cpu_machine.h"

#define MAP(offset) (0x38000 + (offset))

TEST(entry_state)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu->gpr[RAX] = 0x11;
    cpu->gpr[RDI] = 0x22;
    eflags_write(cpu, EFLAGS_IF | EFLAGS_CF, ~0u);
    smm_enter(cpu);
    CHECK(cpu->smm && cpu->smi_masked && cpu->nmi_masked);
    CHECK_EQ(cpu->eip, 0x8000);
    CHECK_EQ(cpu->seg[SEG_CS].selector, 0x3000);
    CHECK_EQ(cpu->seg[SEG_CS].base, 0x30000);
    CHECK_EQ(cpu->seg[SEG_DS].base, 0);
    CHECK_EQ(cpu->seg[SEG_DS].limit, 0xffffffff);
    CHECK_EQ(cpu_eflags(cpu), 2);
    CHECK_EQ(cpu->cr0 & (CR0_PE | CR0_PG), 0);
    CHECK_EQ(cpu->mode, 0);
    /* Table 34-1. */
    CHECK_EQ(peek32(m, MAP(0x7ffc)) & CR0_PE, CR0_PE);
    CHECK_EQ(peek32(m, MAP(0x7ff4)), EFLAGS_IF | EFLAGS_CF | 2);
    CHECK_EQ(peek32(m, MAP(0x7ff0)), 0x5000);
    CHECK_EQ(peek32(m, MAP(0x7fec)), 0x22);
    CHECK_EQ(peek32(m, MAP(0x7fd0)), 0x11);
    CHECK_EQ(peek32(m, MAP(0x7fac)), CODE0);
    CHECK_EQ(peek32(m, MAP(0x7fc4)), TSS_SEL);
    CHECK_EQ(peek32(m, MAP(0x7efc)), 0x20000);
    CHECK_EQ(peek32(m, MAP(0x7ef8)), 0x30000);
    CHECK_EQ(peek16(m, MAP(0x7f02)), 0);
    machine_destroy(m);
}

TEST(rsm_restores)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    machine_user(m, 0x202 | EFLAGS_IOPL);
    segment_load(cpu, SEG_DS, DATA3);
    struct segment cs = cpu->seg[SEG_CS], ds = cpu->seg[SEG_DS], tr = cpu->seg[SEG_TR];
    uint32_t eflags = cpu_eflags(cpu);
    smm_enter(cpu);
    cpu->gpr[RBX] = 99;
    poke32(m, MAP(0x7ef8), 0xa0000); /* SMBASE relocation */
    smm_leave(cpu);
    CHECK(!cpu->smm && !cpu->smi_masked && !cpu->nmi_masked);
    CHECK_EQ(cpu->smbase, 0xa0000);
    CHECK_EQ(cpu->eip, 0x5000);
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->gpr[RBX], 0);
    CHECK_EQ(cpu_eflags(cpu), eflags);
    CHECK_EQ(cpu->seg[SEG_CS].selector, cs.selector);
    CHECK_EQ(cpu->seg[SEG_CS].attributes, cs.attributes);
    CHECK_EQ(cpu->seg[SEG_DS].limit, ds.limit);
    CHECK_EQ(cpu->seg[SEG_TR].base, tr.base);
    CHECK_EQ(cpu->seg[SEG_FS].attributes & ATTR_P, 0);
    CHECK_EQ(cpu->gdtr.base, GDT);
    CHECK_EQ(cpu->mode, MODE_CS32);
    machine_destroy(m);
}

TEST(halt_restart)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu->halted = true;
    smm_enter(cpu);
    CHECK(!cpu->halted);
    CHECK_EQ(peek16(m, MAP(0x7f02)), 1);
    smm_leave(cpu);
    CHECK(cpu->halted);
    smm_enter(cpu);
    poke16(m, MAP(0x7f02), 0);
    smm_leave(cpu);
    CHECK(!cpu->halted);
    machine_destroy(m);
}

TEST(invalid_state_shuts_down)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    smm_enter(cpu);
    poke32(m, MAP(0x7ffc), CR0_PG);
    smm_leave(cpu);
    CHECK_EQ(m->shutdowns, 1);
    machine_destroy(m);
}
