// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Task switches and the I/O permission bitmap (SDM 3A chapter 7).
#include "cpu_machine.h"

/* Task B: flat, level 0, eip 7000, its own stack. */
static void make_task_b(struct cpu_machine *m)
{
    poke32(m, TSS_B + 0x20, 0x7000);
    poke32(m, TSS_B + 0x24, EFLAGS_CF | 2);
    for (unsigned n = 0; n < 8; n++)
        poke32(m, TSS_B + 0x28 + 4 * n, 0xb0b00000 + n);
    poke32(m, TSS_B + 0x38, 0xa000);
    poke32(m, TSS_B + 0x48, DATA0);
    poke32(m, TSS_B + 0x4c, CODE0);
    poke32(m, TSS_B + 0x50, DATA0);
    poke32(m, TSS_B + 0x54, DATA0);
}

static bool busy(struct cpu_machine *m, unsigned selector)
{
    return *machine_at(m, GDT + selector + 5) & 2;
}

TEST(call_and_return)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    make_task_b(m);
    cpu->gpr[RAX] = 0x12345678;
    cpu->dr[7] |= 0x3;
    CHECK_NO_RAISE(cpu, far_call(cpu, TSS_B_SEL, 0, 4, 0x5007));
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu->gpr[RCX], 0xb0b00001);
    CHECK_EQ(cpu->gpr[RSP], 0xa000);
    CHECK_EQ(cpu_eflags(cpu), EFLAGS_NT | EFLAGS_CF | 2);
    CHECK_EQ(peek16(m, TSS_B), TSS_SEL);
    CHECK_EQ(peek32(m, TSS + 0x20), 0x5007);
    CHECK_EQ(peek32(m, TSS + 0x28), 0x12345678);
    CHECK_EQ(peek16(m, TSS + 0x4c), CODE0);
    CHECK(cpu->cr0 & CR0_TS);
    CHECK_EQ(cpu->dr[7] & 3, 2); /* local breakpoints end with the task */
    CHECK(busy(m, TSS_SEL) && busy(m, TSS_B_SEL));
    CHECK_EQ(cpu->seg[SEG_TR].selector, TSS_B_SEL);

    CHECK_NO_RAISE(cpu, interrupt_return(cpu, 4, 0x7001));
    CHECK_EQ(cpu->eip, 0x5007);
    CHECK_EQ(cpu->gpr[RAX], 0x12345678);
    CHECK(busy(m, TSS_SEL) && !busy(m, TSS_B_SEL));
    CHECK_EQ(peek32(m, TSS_B + 0x24), EFLAGS_CF | 2); /* NT is gone from the image */
    CHECK_EQ(peek32(m, TSS_B + 0x20), 0x7001);
    machine_destroy(m);
}

TEST(jump)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    make_task_b(m);
    set_gate(m, GDT + TASK_GATE, TSS_B_SEL, 0, 0x85, 0);
    CHECK_NO_RAISE(cpu, far_jump(cpu, TASK_GATE, 0, 4, 0x5007));
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu_eflags(cpu), EFLAGS_CF | 2);
    CHECK(!busy(m, TSS_SEL) && busy(m, TSS_B_SEL));
    CHECK_RAISES(cpu, EXC_GP, TSS_B_SEL, far_jump(cpu, TSS_B_SEL, 0, 4, 0)); /* busy */
    machine_destroy(m);
}

TEST(faults_before_commit)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    make_task_b(m);
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x66, 0x89, 0);
    CHECK_RAISES(cpu, EXC_TS, TSS_B_SEL, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x67, 0x09, 0);
    CHECK_RAISES(cpu, EXC_NP, TSS_B_SEL, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    cpu->eflags |= EFLAGS_NT;
    poke16(m, TSS, DATA0);
    CHECK_RAISES(cpu, EXC_TS, DATA0, interrupt_return(cpu, 4, 0));
    CHECK_EQ(cpu->seg[SEG_TR].selector, TSS_SEL);
    CHECK_EQ(cpu->cr0 & CR0_TS, 0);
    machine_destroy(m);
}

TEST(faults_in_new_task)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    make_task_b(m);
    poke32(m, TSS_B + 0x50, DATA3);
    CHECK_RAISES(cpu, EXC_TS, DATA3 & ~3u, far_call(cpu, TSS_B_SEL, 0, 4, 0x5007));
    CHECK_EQ(cpu->seg[SEG_TR].selector, TSS_B_SEL);
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu->seg[SEG_SS].attributes & ATTR_P, 0);
    machine_destroy(m);
}

TEST(exception_through_task_gate)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    make_task_b(m);
    set_idt(m, EXC_GP, TSS_B_SEL, 0, 0x85);
    CHECK_NO_RAISE(cpu, interrupt_deliver(cpu, EXC_GP, INTERRUPT_EXCEPTION, 0x1230, 0x5003));
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu->gpr[RSP], 0xa000 - 4);
    CHECK_EQ(peek32(m, 0xa000 - 4), 0x1230);
    CHECK_EQ(peek32(m, TSS + 0x20), 0x5003);
    CHECK_EQ(peek32(m, TSS + 0x24) & EFLAGS_RF, EFLAGS_RF);
    machine_destroy(m);
}

TEST(trap_bit)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    make_task_b(m);
    poke16(m, TSS_B + 0x64, 1);
    CHECK_NO_RAISE(cpu, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    CHECK(cpu->trap_pending);
    CHECK_EQ(cpu->dr[6] & 0x8000, 0x8000);
    machine_destroy(m);
}

TEST(to_16_bit_tss)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    set_descriptor(m, GDT, TSS16_SEL, TSS_B, 0x2b, 0x81, 0);
    poke16(m, TSS_B + 0x0e, 0x123);
    poke16(m, TSS_B + 0x10, EFLAGS_ZF | 2);
    poke16(m, TSS_B + 0x12, 0xaaaa);
    poke16(m, TSS_B + 0x1a, 0xfff0);
    poke16(m, TSS_B + 0x22, DATA16);
    poke16(m, TSS_B + 0x24, CODE16);
    poke16(m, TSS_B + 0x26, DATA16);
    poke16(m, TSS_B + 0x28, DATA16);
    poke16(m, TSS_B + 0x2a, LDT_SEL);
    CHECK_NO_RAISE(cpu, far_call(cpu, TSS16_SEL, 0, 4, 0x5007));
    CHECK_EQ(cpu->eip, 0x123);
    CHECK_EQ(cpu->gpr[RAX] & 0xffff, 0xaaaa);
    CHECK_EQ(cpu->seg[SEG_CS].base, 0x10000);
    CHECK_EQ(cpu->stack_mask, 0xffff);
    CHECK_EQ(cpu->seg[SEG_LDTR].base, LDT);
    CHECK_EQ(cpu->seg[SEG_FS].attributes & ATTR_P, 0);
    CHECK_NO_RAISE(cpu, interrupt_return(cpu, 2, 0x124));
    CHECK_EQ(cpu->eip, 0x5007);
    CHECK_EQ(peek16(m, TSS_B + 0x0e), 0x124);
    machine_destroy(m);
}

TEST(io_bitmap)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    CHECK_NO_RAISE(cpu, cpu_check_io(cpu, 0x60, 1));
    poke16(m, TSS + 0x66, 0x68);
    memset(machine_at(m, TSS + 0x68), 0xff, 0x298);
    *machine_at(m, TSS + 0x68 + 0x60 / 8) = 0xee;
    machine_user(m, 0x202);
    CHECK_NO_RAISE(cpu, cpu_check_io(cpu, 0x60, 1));
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_check_io(cpu, 0x60, 2));
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_check_io(cpu, 0x61, 1));
    CHECK_NO_RAISE(cpu, cpu_check_io(cpu, 0x64, 1));
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_check_io(cpu, 0xfff0, 1)); /* past the limit */
    cpu->eflags |= EFLAGS_IOPL;
    CHECK_NO_RAISE(cpu, cpu_check_io(cpu, 0x61, 1));
    machine_destroy(m);
}
