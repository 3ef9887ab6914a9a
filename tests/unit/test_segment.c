// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Segment loads, limits and far transfers (SDM 3A chapters 3 and 5).
#include "cpu_machine.h"

TEST(reset_state)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    CHECK_EQ(cpu->seg[SEG_CS].base, 0xffff0000);
    CHECK_EQ(cpu->seg[SEG_CS].selector, 0xf000);
    CHECK_EQ(cpu->seg[SEG_CS].limit, 0xffff);
    CHECK_EQ(cpu->eip, 0xfff0);
    CHECK_EQ(cpu->cr0, 0x60000010);
    CHECK_EQ(cpu_eflags(cpu), 2);
    CHECK_EQ(cpu->gpr[RDX], 0x6fb);
    CHECK_EQ(cpu->gpr[RAX], 0);
    CHECK_EQ(cpu->dr[6], 0xffff0ff0);
    CHECK_EQ(cpu->dr[7], 0x400);
    CHECK_EQ(cpu->idtr.limit, 0xffff);
    CHECK_EQ(cpu->smbase, 0x30000);
    CHECK_EQ(cpu->stack_mask, 0xffff);
    CHECK_EQ(cpu->mode, 0);
    machine_destroy(m);
}

TEST(real_mode_keeps_limit)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu_write_cr0(cpu, cpu->cr0 & ~CR0_PE);
    segment_load(cpu, SEG_DS, 0x1234);
    CHECK_EQ(cpu->seg[SEG_DS].base, 0x12340);
    CHECK_EQ(cpu->seg[SEG_DS].limit, 0xffffffff);
    CHECK(cpu->seg[SEG_DS].write_max == INT64_MAX);
    /* CS is writable again and still 32-bit until it is loaded. */
    CHECK_EQ(cpu->mode, MODE_CS32);
    CHECK(cpu->seg[SEG_CS].write_max == INT64_MAX);
    /* A register made unusable by a null selector works again in real mode. */
    segment_load(cpu, SEG_FS, 0x40);
    CHECK_EQ(cpu->seg[SEG_FS].base, 0x400);
    CHECK_EQ(cpu->seg[SEG_FS].limit, 0xffff);
    CHECK_NO_RAISE(cpu, segment_check(cpu, SEG_FS, 0xffff, 1, true));
    CHECK_RAISES(cpu, EXC_GP, 0, segment_check(cpu, SEG_FS, 0xffff, 2, true));
    machine_destroy(m);
}

TEST(real_mode_far_jump)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    far_jump(cpu, 0xf000, 0xe05b, 2, 0);
    CHECK_EQ(cpu->seg[SEG_CS].base, 0xf0000);
    CHECK_EQ(cpu->eip, 0xe05b);
    CHECK_RAISES(cpu, EXC_GP, 0, far_jump(cpu, 0, 0x10000, 4, 0));
    segment_load(cpu, SEG_SS, 0x800);
    cpu->gpr[RSP] = 0xabcd0100;
    far_call(cpu, 0x1000, 0x20, 2, 0xe060);
    CHECK_EQ(cpu->gpr[RSP], 0xabcd00fc);
    CHECK_EQ(peek16(m, 0x80fc), 0xe060);
    CHECK_EQ(peek16(m, 0x80fe), 0xf000);
    CHECK_EQ(cpu->seg[SEG_CS].base, 0x10000);
    far_return(cpu, 2, 4);
    CHECK_EQ(cpu->eip, 0xe060);
    CHECK_EQ(cpu->seg[SEG_CS].selector, 0xf000);
    CHECK_EQ(cpu->gpr[RSP], 0xabcd0104);
    machine_destroy(m);
}

TEST(load_checks)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    CHECK_RAISES(cpu, EXC_GP, 0, segment_load(cpu, SEG_SS, 0));
    CHECK_RAISES(cpu, EXC_GP, DATA3 & ~3u, segment_load(cpu, SEG_SS, DATA3));
    CHECK_RAISES(cpu, EXC_GP, DATA0, segment_load(cpu, SEG_SS, DATA0 | 3));
    CHECK_RAISES(cpu, EXC_GP, READ_ONLY, segment_load(cpu, SEG_SS, READ_ONLY));
    CHECK_RAISES(cpu, EXC_SS, ABSENT, segment_load(cpu, SEG_SS, ABSENT));
    CHECK_RAISES(cpu, EXC_NP, ABSENT, segment_load(cpu, SEG_DS, ABSENT));
    CHECK_RAISES(cpu, EXC_GP, EXECUTE_ONLY, segment_load(cpu, SEG_DS, EXECUTE_ONLY));
    CHECK_RAISES(cpu, EXC_GP, TSS_SEL, segment_load(cpu, SEG_DS, TSS_SEL));
    CHECK_RAISES(cpu, EXC_GP, 0x100, segment_load(cpu, SEG_DS, 0x100));
    CHECK_RAISES(cpu, EXC_GP, 0x0c, segment_load(cpu, SEG_DS, 0x0c)); /* no LDT */
    CHECK_EQ(cpu->seg[SEG_DS].selector, DATA0);
    CHECK_EQ(cpu->seg[SEG_SS].selector, DATA0);
    /* RPL counts for data. */
    CHECK_RAISES(cpu, EXC_GP, DATA0, segment_load(cpu, SEG_ES, DATA0 | 3));
    CHECK_NO_RAISE(cpu, segment_load(cpu, SEG_ES, CONFORMING | 3));
    CHECK_RAISES(cpu, EXC_GP, 0, segment_check(cpu, SEG_ES, 0, 1, true));
    /* Null: loads, but cannot be used. */
    CHECK_NO_RAISE(cpu, segment_load(cpu, SEG_GS, 3));
    CHECK_EQ(cpu->seg[SEG_GS].selector, 3);
    CHECK_RAISES(cpu, EXC_GP, 0, segment_check(cpu, SEG_GS, 0, 1, false));
    machine_destroy(m);
}

TEST(accessed_bit)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    CHECK_EQ(*machine_at(m, GDT + READ_ONLY + 5), 0x90);
    segment_load(m->cpu, SEG_DS, READ_ONLY);
    CHECK_EQ(*machine_at(m, GDT + READ_ONLY + 5), 0x91);
    CHECK_EQ(*machine_at(m, GDT + CODE0 + 5), 0x9b);
    machine_destroy(m);
}

TEST(expand_down)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    segment_load(cpu, SEG_DS, EXPAND_DOWN);
    CHECK_RAISES(cpu, EXC_GP, 0, segment_check(cpu, SEG_DS, 0xfff, 1, true));
    CHECK_NO_RAISE(cpu, segment_check(cpu, SEG_DS, 0x1000, 4, true));
    CHECK_NO_RAISE(cpu, segment_check(cpu, SEG_DS, 0xfffc, 4, true));
    CHECK_RAISES(cpu, EXC_GP, 0, segment_check(cpu, SEG_DS, 0xfffd, 4, true));
    machine_destroy(m);
}

TEST(direct_code_privilege)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    CHECK_RAISES(cpu, EXC_GP, CODE3 & ~3u, far_jump(cpu, CODE3, 0, 4, 0));
    CHECK_RAISES(cpu, EXC_GP, DATA0, far_jump(cpu, DATA0, 0, 4, 0));
    CHECK_RAISES(cpu, EXC_GP, 0, far_jump(cpu, CODE16, 0x10000, 4, 0));
    CHECK_NO_RAISE(cpu, far_jump(cpu, CODE16, 0x100, 4, 0));
    CHECK_EQ(cpu->mode, 0);
    far_jump(cpu, CODE0, 0x5000, 4, 0);
    machine_user(m, 0x202);
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->seg[SEG_DS].selector, 0); /* DS was DPL 0 */
    CHECK_RAISES(cpu, EXC_GP, CODE0, far_jump(cpu, CODE0, 0, 4, 0));
    /* Conforming: CPL and RPL stay 3. */
    CHECK_NO_RAISE(cpu, far_jump(cpu, CONFORMING, 0x100, 4, 0));
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->seg[SEG_CS].selector, CONFORMING | 3);
    machine_destroy(m);
}

TEST(call_gate_with_parameters)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    set_gate(m, GDT + GATE, CODE0, 0x7000, 0xec, 2);
    machine_user(m, 0x202);
    poke32(m, STACK3 - 8, 0x11111111);
    poke32(m, STACK3 - 4, 0x22222222);
    cpu->gpr[RSP] = STACK3 - 8;
    CHECK_NO_RAISE(cpu, far_call(cpu, GATE | 3, 0xdead, 4, 0x5007));
    CHECK_EQ(cpu->cpl, 0);
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu->seg[SEG_CS].selector, CODE0);
    CHECK_EQ(cpu->seg[SEG_SS].selector, DATA0);
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 24);
    CHECK_EQ(peek32(m, STACK0 - 4), DATA3);
    CHECK_EQ(peek32(m, STACK0 - 8), STACK3 - 8);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x22222222);
    CHECK_EQ(peek32(m, STACK0 - 16), 0x11111111);
    CHECK_EQ(peek32(m, STACK0 - 20), CODE3);
    CHECK_EQ(peek32(m, STACK0 - 24), 0x5007);
    CHECK_NO_RAISE(cpu, far_return(cpu, 4, 8));
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->eip, 0x5007);
    CHECK_EQ(cpu->gpr[RSP], STACK3);
    CHECK_EQ(cpu->seg[SEG_SS].selector, DATA3);
    machine_destroy(m);
}

TEST(call_gate_faults)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    set_gate(m, GDT + GATE, CODE0, 0x7000, 0x8c, 0);
    machine_user(m, 0x202);
    CHECK_RAISES(cpu, EXC_GP, GATE, far_call(cpu, GATE, 0, 4, 0));
    set_gate(m, GDT + GATE, CODE0, 0x7000, 0x6c, 0);
    CHECK_RAISES(cpu, EXC_NP, GATE, far_call(cpu, GATE | 3, 0, 4, 0));
    set_gate(m, GDT + GATE, CODE0, 0x7000, 0xec, 0);
    CHECK_RAISES(cpu, EXC_GP, CODE0,
                 far_jump(cpu, GATE | 3, 0, 4, 0)); /* JMP does not change level */
    poke32(m, TSS + 8, DATA3);
    CHECK_RAISES(cpu, EXC_TS, DATA3 & ~3u, far_call(cpu, GATE | 3, 0, 4, 0));
    poke32(m, TSS + 8, 0);
    CHECK_RAISES(cpu, EXC_TS, 0, far_call(cpu, GATE | 3, 0, 4, 0));
    poke32(m, TSS + 8, ABSENT);
    set_descriptor(m, GDT, ABSENT, 0, 0xfffff, 0x12, 0xc);
    CHECK_RAISES(cpu, EXC_SS, ABSENT, far_call(cpu, GATE | 3, 0, 4, 0));
    cpu->seg[SEG_TR].limit = 8;
    CHECK_RAISES(cpu, EXC_TS, TSS_SEL, far_call(cpu, GATE | 3, 0, 4, 0));
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->gpr[RSP], STACK3);
    machine_destroy(m);
}
