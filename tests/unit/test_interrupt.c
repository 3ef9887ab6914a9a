// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Interrupt and exception delivery, IRET, double and triple fault (SDM 3A chapter 6, 20).
#include "cpu_machine.h"

static void deliver_pending(struct cpu_machine *m, int vector, uint32_t error)
{
    struct cpu *cpu = m->cpu;
    volatile unsigned rounds = 0;
    cpu->pending.vector = (int16_t)vector;
    cpu->pending.has_error = true;
    cpu->pending.error = error;
    /* As the run loop does: a raise during delivery comes back here. */
    if (__builtin_setjmp(cpu->jump) != 0 && ++rounds > 8) {
        unit_fail(__FILE__, __LINE__, "exceptions do not end");
        return;
    }
    exception_deliver_pending(cpu);
}

TEST(real_mode_interrupt)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    poke32(m, 0x13 * 4, 0xf000e3fe);
    far_jump(cpu, 0x100, 0x200, 2, 0);
    cpu->gpr[RSP] = 0x1000;
    eflags_write(cpu, EFLAGS_IF | EFLAGS_TF | EFLAGS_CF, ~0u);
    interrupt_deliver(cpu, 0x13, INTERRUPT_SOFTWARE, 0, 0x202);
    CHECK_EQ(cpu->seg[SEG_CS].selector, 0xf000);
    CHECK_EQ(cpu->eip, 0xe3fe);
    CHECK_EQ(cpu->gpr[RSP], 0xffa);
    CHECK_EQ(peek16(m, 0xffe), EFLAGS_IF | EFLAGS_TF | EFLAGS_CF | 2);
    CHECK_EQ(peek16(m, 0xffc), 0x100);
    CHECK_EQ(peek16(m, 0xffa), 0x202);
    CHECK_EQ(cpu_eflags(cpu), EFLAGS_CF | 2);
    interrupt_return(cpu, 2, 0);
    CHECK_EQ(cpu->eip, 0x202);
    CHECK_EQ(cpu_eflags(cpu), EFLAGS_IF | EFLAGS_TF | EFLAGS_CF | 2);
    machine_destroy(m);
}

TEST(real_mode_idt_limit)
{
    struct cpu_machine *m = machine_create("max");
    m->cpu->idtr.limit = 0x20 * 4 - 2;
    CHECK_EQ(RAISED(m->cpu, interrupt_deliver(m->cpu, 0x1f, INTERRUPT_SOFTWARE, 0, 0)), EXC_GP);
    machine_destroy(m);
}

TEST(same_level_error_code)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    set_idt(m, EXC_GP, CODE0, 0x6100, 0x8f); /* trap gate */
    eflags_write(cpu, EFLAGS_IF | EFLAGS_NT, ~0u);
    cpu->eip = 0x5555;
    deliver_pending(m, EXC_GP, 0x1234);
    CHECK_EQ(cpu->eip, 0x6100);
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 16);
    CHECK_EQ(peek32(m, STACK0 - 16), 0x1234);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5555);
    CHECK_EQ(peek32(m, STACK0 - 8), CODE0);
    CHECK_EQ(peek32(m, STACK0 - 4), EFLAGS_IF | EFLAGS_NT | EFLAGS_RF | 2); /* RF: a fault */
    CHECK_EQ(cpu_eflags(cpu), EFLAGS_IF | 2); /* a trap gate keeps IF */
    CHECK_EQ(cpu->pending.delivering, -1);
    machine_destroy(m);
}

TEST(inner_level)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    machine_user(m, 0x202);
    interrupt_deliver(cpu, 0x30, INTERRUPT_EXTERNAL, 0, 0x5000);
    CHECK_EQ(cpu->cpl, 0);
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 20);
    CHECK_EQ(peek32(m, STACK0 - 4), DATA3);
    CHECK_EQ(peek32(m, STACK0 - 8), STACK3);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x202);
    CHECK_EQ(peek32(m, STACK0 - 16), CODE3);
    CHECK_EQ(peek32(m, STACK0 - 20), 0x5000);
    CHECK_EQ(cpu->eflags & EFLAGS_IF, 0);
    CHECK(cpu->tlb == cpu->tlbs[0]);
    interrupt_return(cpu, 4, 0);
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->gpr[RSP], STACK3);
    CHECK(cpu->tlb == cpu->tlbs[1]);
    machine_destroy(m);
}

TEST(gate_faults)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    machine_user(m, 0x202);
    /* DPL of the gate counts for INT n and INT3 only; EXT for all others. */
    CHECK_RAISES(cpu, EXC_GP, 0x30 * 8 + 2, interrupt_deliver(cpu, 0x30, INTERRUPT_SOFTWARE, 0, 0));
    CHECK_RAISES(cpu, EXC_GP, 3 * 8 + 2,
                 interrupt_deliver(cpu, 3, INTERRUPT_SOFTWARE_EXCEPTION, 0, 0));
    set_idt(m, 0x30, CODE0, 0x6000, 0x0e);
    CHECK_RAISES(cpu, EXC_NP, 0x30 * 8 + 3, interrupt_deliver(cpu, 0x30, INTERRUPT_EXTERNAL, 0, 0));
    set_idt(m, 0x30, CODE0, 0x6000, 0xee & ~0x80);
    CHECK_RAISES(cpu, EXC_NP, 0x30 * 8 + 2, interrupt_deliver(cpu, 0x30, INTERRUPT_SOFTWARE, 0, 0));
    set_idt(m, 0x30, CODE0, 0x6000, 0x8c); /* a call gate has no place here */
    CHECK_RAISES(cpu, EXC_GP, 0x30 * 8 + 3, interrupt_deliver(cpu, 0x30, INTERRUPT_EXTERNAL, 0, 0));
    set_idt(m, 0x30, 0, 0x6000, 0x8e);
    CHECK_RAISES(cpu, EXC_GP, 1, interrupt_deliver(cpu, 0x30, INTERRUPT_EXTERNAL, 0, 0));
    set_idt(m, 0x30, DATA0, 0x6000, 0x8e);
    CHECK_RAISES(cpu, EXC_GP, DATA0 + 1, interrupt_deliver(cpu, 0x30, INTERRUPT_EXTERNAL, 0, 0));
    cpu->idtr.limit = 0x30 * 8 + 6;
    CHECK_RAISES(cpu, EXC_GP, 0x30 * 8 + 3, interrupt_deliver(cpu, 0x30, INTERRUPT_ICEBP, 0, 0));
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->gpr[RSP], STACK3);
    machine_destroy(m);
}

TEST(double_fault)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    set_idt(m, EXC_GP, CODE0, 0, 0x0e); /* not present: #NP while delivering #GP */
    cpu->eip = 0x5001;
    deliver_pending(m, EXC_GP, 0);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_DF * 16);
    CHECK_EQ(peek32(m, STACK0 - 16), 0); /* error code 0 */
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5001);
    CHECK_EQ(m->shutdowns, 0);
    machine_destroy(m);
}

TEST(benign_then_fault_is_serial)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    set_idt(m, EXC_UD, CODE0, 0, 0x0e);
    cpu->eip = 0x5001;
    deliver_pending(m, EXC_UD, 0);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_NP * 16);
    CHECK_EQ(peek32(m, STACK0 - 16), EXC_UD * 8 + 3); /* IDT, EXT */
    machine_destroy(m);
}

TEST(triple_fault)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu->idtr.limit = 0;
    deliver_pending(m, EXC_UD, 0);
    CHECK_EQ(m->shutdowns, 1);
    CHECK(cpu->halted);
    CHECK_EQ(cpu->pending.vector, -1);
    machine_destroy(m);
}

TEST(iret_faults)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu->gpr[RSP] = STACK0 - 20;
    poke32(m, STACK0 - 20, 0x5000);
    poke32(m, STACK0 - 16, 0);
    poke32(m, STACK0 - 12, 0x2);
    poke32(m, STACK0 - 8, STACK3);
    poke32(m, STACK0 - 4, DATA0);
    CHECK_RAISES(cpu, EXC_GP, 0, interrupt_return(cpu, 4, 0));
    poke32(m, STACK0 - 16, DATA0);
    CHECK_RAISES(cpu, EXC_GP, DATA0, interrupt_return(cpu, 4, 0));
    poke32(m, STACK0 - 16, CODE3);
    CHECK_RAISES(cpu, EXC_GP, DATA0, interrupt_return(cpu, 4, 0)); /* SS is not level 3 */
    poke32(m, STACK0 - 4, 3);
    CHECK_RAISES(cpu, EXC_GP, 0, interrupt_return(cpu, 4, 0));
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 20);
    CHECK_EQ(cpu->cpl, 0);
    machine_destroy(m);
}

TEST(flags_by_privilege)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    machine_user(m, 0x202);
    /* At CPL 3 with IOPL 0 an IRET changes neither IF nor IOPL. */
    cpu->gpr[RSP] = STACK3 - 12;
    poke32(m, STACK3 - 12, 0x5000);
    poke32(m, STACK3 - 8, CODE3);
    poke32(m, STACK3 - 4, EFLAGS_IOPL | EFLAGS_VM | EFLAGS_VIF | EFLAGS_AC | EFLAGS_CF);
    interrupt_return(cpu, 4, 0);
    CHECK_EQ(cpu_eflags(cpu), EFLAGS_IF | EFLAGS_AC | EFLAGS_CF | 2);
    machine_destroy(m);
}

static void enter_v86(struct cpu_machine *m, uint32_t eflags)
{
    static const uint32_t frame[] = { 0x100, 0x1000, 0, 0x800, 0x900, 0xa00, 0xb00, 0xc00, 0xd00 };
    m->cpu->gpr[RSP] = STACK0 - 36;
    for (unsigned n = 0; n < 9; n++)
        poke32(m, STACK0 - 36 + 4 * n, n == 2 ? eflags | EFLAGS_VM : frame[n]);
    interrupt_return(m->cpu, 4, 0);
}

TEST(v86_in_and_out)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    enter_v86(m, 0x202);
    CHECK(cpu_v86(cpu));
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->seg[SEG_CS].base, 0x10000);
    CHECK_EQ(cpu->seg[SEG_SS].selector, 0x900);
    CHECK_EQ(cpu->seg[SEG_ES].selector, 0xa00);
    CHECK_EQ(cpu->seg[SEG_DS].selector, 0xb00);
    CHECK_EQ(cpu->seg[SEG_FS].selector, 0xc00);
    CHECK_EQ(cpu->seg[SEG_GS].selector, 0xd00);
    /* INT n with IOPL < 3: to the monitor. */
    CHECK_RAISES(cpu, EXC_GP, 0, interrupt_deliver(cpu, 0x21, INTERRUPT_SOFTWARE, 0, 0x102));
    interrupt_deliver(cpu, EXC_GP, INTERRUPT_EXCEPTION, 0, 0x100);
    CHECK(!cpu_v86(cpu));
    CHECK_EQ(cpu->cpl, 0);
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 40);
    CHECK_EQ(peek32(m, STACK0 - 4), 0xd00);
    CHECK_EQ(peek32(m, STACK0 - 8), 0xc00);
    CHECK_EQ(peek32(m, STACK0 - 12), 0xb00);
    CHECK_EQ(peek32(m, STACK0 - 16), 0xa00);
    CHECK_EQ(peek32(m, STACK0 - 20), 0x900);
    CHECK_EQ(peek32(m, STACK0 - 24), 0x800);
    CHECK_EQ(peek32(m, STACK0 - 28), 0x202 | EFLAGS_VM | EFLAGS_RF);
    CHECK_EQ(cpu->seg[SEG_DS].selector, 0);
    CHECK_EQ(cpu->seg[SEG_DS].attributes & ATTR_P, 0);
    machine_destroy(m);
}

TEST(vme_redirection)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu_write_cr4(cpu, CR4_VME);
    poke16(m, TSS + 0x66, 0x88);           /* I/O bitmap; the redirection bitmap is at 68 */
    *machine_at(m, TSS + 0x68 + 4) = 0x02; /* INT 21h to the monitor, the others to the program */
    poke32(m, 0x10 * 4, 0x20000300);
    enter_v86(m, EFLAGS_VIF | 2);
    CHECK_RAISES(cpu, EXC_GP, 0, interrupt_deliver(cpu, 0x21, INTERRUPT_SOFTWARE, 0, 0x102));
    CHECK_NO_RAISE(cpu, interrupt_deliver(cpu, 0x10, INTERRUPT_SOFTWARE, 0, 0x102));
    CHECK(cpu_v86(cpu));
    CHECK_EQ(cpu->seg[SEG_CS].base, 0x20000);
    CHECK_EQ(cpu->eip, 0x300);
    CHECK_EQ(cpu->eflags & EFLAGS_VIF, 0);
    CHECK_EQ(cpu->gpr[RSP] & 0xffff, 0x7fa);
    CHECK_EQ(peek16(m, 0x9000 + 0x7fe), EFLAGS_IOPL | EFLAGS_IF | 2); /* VIF shown as IF */
    interrupt_return(cpu, 2, 0);
    CHECK_EQ(cpu->eflags & EFLAGS_VIF, EFLAGS_VIF);
    CHECK_EQ(cpu_iopl(cpu), 0);
    CHECK_EQ(cpu->eip, 0x102);
    machine_destroy(m);
}

TEST(nmi_unmasked_by_iret)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    m->cpu->nmi_masked = true;
    machine_user(m, 2);
    CHECK(!m->cpu->nmi_masked);
    machine_destroy(m);
}
