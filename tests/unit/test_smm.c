// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System-management mode (SDM 3C chapter 34).
#include "guest_thread.h"

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

static bool nothing_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)offset, (void)size;
    *value = 0;
    return true;
}

/* It was decoded at each entry where SMRAM is closed to data. */
TEST(code_across_pages_that_data_does_not_see)
{
    static const struct region_desc hidden = { "hidden", 2 * PAGE_SIZE, 1, 8, nothing_read, NULL };
    static const uint8_t program[] = { 0xb8, 0x34, 0x12, 0xf4, 0xeb, 0xfd };
    enum { PAGE = 0x3a000, START = PAGE - 2 };
    struct cpu_machine *m = machine_create("max");
    uint64_t blocks, decoded, again, dropped;
    memory_begin(m->memory);
    region_map_io(m->memory, 1u << SPACE_SMM, &hidden, NULL, PAGE - PAGE_SIZE, 100);
    memory_commit(m->memory);
    machine_protect(m);
    smm_enter(m->cpu);
    memcpy(machine_at(m, START), program, sizeof program);
    struct host_thread *thread = guest_thread_start(m);
    m->cpu->eip = START - 0x30000;
    guest_run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RAX] & 0xffff, 0x1234);
    block_cache_counts(m->cpu, &blocks, &decoded, &dropped);
    block_cache_flush_linear(m->cpu);
    m->cpu->eip = START - 0x30000;
    guest_run_until_halt(m);
    block_cache_counts(m->cpu, &blocks, &again, &dropped);
    CHECK_EQ(blocks, 2);
    CHECK_EQ(again, decoded);
    guest_thread_end(m, thread);
    machine_destroy(m);
}
