// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Checks of the system side that systems do not run into: each with its vector and error code.
#include "cpu_machine.h"

#include "cpu/paging.h"
#include "cpu/system/internal.h"
#include "cpu/threading.h"

enum { POINTERS = 0x10000, LDT_CODE = 0x04 };

static struct cpu_machine *protected_machine(void)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    return m;
}

static int run(struct cpu_machine *m, const char *bytes, size_t size)
{
    struct cpu *cpu = m->cpu;
    uint64_t eip = cpu->eip = 0x5000;
    memcpy(machine_at(m, 0x5000), bytes, size);
    ram_written(m->ram, 0x5000, size);
    cpu_step(cpu);
    return cpu->eip == eip + size ? -1 : (int)(cpu->eip - 0x6000) / 16;
}
#define RUN(m, bytes) run(m, bytes, sizeof(bytes) - 1)

/* ---- control registers ----------------------------------------------------------------------- */

/* SDM 3A 4.4.1: a pointer with reserved bits is #GP(0) for each instruction that loads them. */
TEST(pae_pointers_with_reserved_bits)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    poke32(m, POINTERS + 0x100, 0x1e7);
    cpu->cr3 = POINTERS + 0x100;
    cpu_write_cr4(cpu, CR4_PAE);
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_write_cr0(cpu, cpu->cr0 | CR0_PG));
    CHECK(!(cpu->cr0 & CR0_PG));
    cpu->cr3 = POINTERS;
    poke32(m, POINTERS, 0x11000 | 1);
    for (unsigned n = 0; n < 512; n++) /* 2 MiB pages over themselves */
        poke32(m, 0x11000 + 8 * n, (uint32_t)n << 21 | 0x83);
    CHECK_NO_RAISE(cpu, cpu_write_cr0(cpu, cpu->cr0 | CR0_PG));
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_write_cr3(cpu, POINTERS + 0x100));
    CHECK_EQ(cpu->cr3, POINTERS);
    poke32(m, POINTERS, 0x11000 | 0x1e7);
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_write_cr4(cpu, CR4_PAE | CR4_PGE));
    CHECK_EQ(cpu->cr4, CR4_PAE);
    machine_destroy(m);
}

TEST(moves_to_control_and_debug_registers)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RAX] = 0x12345678;
    CHECK_EQ(RUN(m, "\x0f\x22\xd0"), -1); /* mov cr2, eax */
    CHECK_EQ(cpu->cr2, 0x12345678);
    CHECK_EQ(RUN(m, "\x0f\x08"), -1);     /* invd */
    CHECK_EQ(RUN(m, "\x0f\x21\xe0"), -1); /* mov eax, dr4: DR6 */
    CHECK_EQ(cpu->gpr[RAX], cpu->dr[6]);
    cpu->cr4 |= CR4_DE;
    CHECK_EQ(RUN(m, "\x0f\x21\xe0"), EXC_UD); /* SDM 3A 17.2.2 */
    cpu->cr4 |= CR4_OSXSAVE | CR4_TSD;
    uint32_t out[4];
    cpuid_read(cpu, 1, 0, out);
    CHECK(out[2] & 1u << 27);
    cpu->cr0 |= CR0_TS;
    cpu->gpr[RBX] = 0x9000;
    CHECK_EQ(RUN(m, "\x0f\xae\x23"), EXC_NM); /* xsave [ebx] */
    CHECK_EQ(RUN(m, "\x0f\x31"), -1);
    machine_user(m, 0x202);
    CHECK_EQ(RUN(m, "\x0f\x31"), EXC_GP); /* rdtsc at level 3 with CR4.TSD */
    machine_destroy(m);
}

/* ---- gates and far transfers, SDM 3A 5.8 ----------------------------------------------------- */

TEST(jump_through_a_call_gate)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    set_gate(m, GDT + GATE, CODE0, 0x7000, 0x8c, 0);
    CHECK_NO_RAISE(cpu, far_jump(cpu, GATE, 0xdead, 4, 0));
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu->seg[SEG_CS].selector, CODE0);
    CHECK_EQ(cpu->gpr[RSP], STACK0);
    set_gate(m, GDT + GATE, CONFORMING, 0x7100, 0xec, 0);
    machine_user(m, 0x202);
    CHECK_NO_RAISE(cpu, far_jump(cpu, GATE | 3, 0, 4, 0)); /* conforming: the level stays */
    CHECK_EQ(cpu->eip, 0x7100);
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->seg[SEG_CS].selector, CONFORMING | 3);
    machine_destroy(m);
}

TEST(code_that_is_not_present)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    set_descriptor(m, GDT, ABSENT, 0, 0xfffff, 0x1a, 0xc);
    set_gate(m, GDT + GATE, ABSENT, 0x7000, 0x8c, 0);
    CHECK_RAISES(cpu, EXC_NP, ABSENT, far_jump(cpu, ABSENT, 0, 4, 0));
    CHECK_RAISES(cpu, EXC_NP, ABSENT, far_jump(cpu, GATE, 0, 4, 0));
    CHECK_RAISES(cpu, EXC_NP, ABSENT, far_call(cpu, GATE, 0, 4, 0));
    poke32(m, STACK0 - 8, 0x7000);
    poke32(m, STACK0 - 4, ABSENT);
    cpu->gpr[RSP] = STACK0 - 8;
    CHECK_RAISES(cpu, EXC_NP, ABSENT, far_return(cpu, 4, 0));
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 8);
    set_idt(m, 0x40, ABSENT, 0x7000, 0x8e);
    CHECK_RAISES(cpu, EXC_NP, ABSENT, interrupt_deliver(cpu, 0x40, INTERRUPT_SOFTWARE, 0, 0));
    machine_destroy(m);
}

TEST(ldtr_and_tr_take_what_is_in_the_gdt_and_present)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    set_descriptor(m, GDT, ABSENT, LDT, 0x1f, 0x02, 0);
    cpu->gpr[RAX] = ABSENT;
    CHECK_EQ(RUN(m, "\x0f\x00\xd0"), EXC_NP); /* lldt ax */
    cpu->gpr[RAX] = 0x0c;
    CHECK_EQ(RUN(m, "\x0f\x00\xd0"), EXC_GP);
    CHECK_EQ(RUN(m, "\x0f\x00\xd8"), EXC_GP); /* ltr ax */
    set_descriptor(m, GDT, ABSENT, TSS_B, 0x67, 0x09, 0);
    cpu->gpr[RAX] = ABSENT;
    CHECK_EQ(RUN(m, "\x0f\x00\xd8"), EXC_NP);
    CHECK_EQ(cpu->seg[SEG_TR].selector, TSS_SEL);
    machine_destroy(m);
}

/* SLDT and STR: 16 bits to memory and to a 16-bit register, zero-extended to one of 32. */
TEST(sldt_and_str)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    segment_load(cpu, SEG_ES, DATA0);
    cpu->gpr[RAX] = LDT_SEL;
    CHECK_EQ(RUN(m, "\x0f\x00\xd0"), -1);
    cpu->gpr[RBX] = 0x9000;
    cpu->gpr[RCX] = cpu->gpr[RDX] = 0xffffffff;
    poke32(m, 0x9000, 0xffffffff);
    poke32(m, 0x9004, 0xffffffff);
    CHECK_EQ(RUN(m, "\x0f\x00\xc1"), -1);         /* sldt ecx */
    CHECK_EQ(RUN(m, "\x66\x0f\x00\xca"), -1);     /* str dx */
    CHECK_EQ(RUN(m, "\x66\x0f\x00\x03"), -1);     /* sldt [ebx] */
    CHECK_EQ(RUN(m, "\x66\x0f\x00\x4b\x04"), -1); /* str [ebx+4] */
    CHECK_EQ(cpu->gpr[RCX], LDT_SEL);
    CHECK_EQ(cpu->gpr[RDX], 0xffff0000 | TSS_SEL);
    CHECK_EQ(peek32(m, 0x9000), 0xffff0000 | LDT_SEL);
    CHECK_EQ(peek32(m, 0x9004), 0xffff0000 | TSS_SEL);
    machine_destroy(m);
}

/* ---- task switches, SDM 3A 7.3: what the new TSS holds is #TS with its selector -------------- */

static void make_task(struct cpu_machine *m)
{
    memset(machine_at(m, TSS_B), 0, 0x68);
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x67, 0x89, 0);
    poke32(m, TSS_B + 0x20, 0x7000);
    poke32(m, TSS_B + 0x24, 2);
    poke32(m, TSS_B + 0x38, 0xa000);
    poke32(m, TSS_B + 0x4c, CODE0);
    poke32(m, TSS_B + 0x50, DATA0);
}

static void check_task(unsigned field, uint32_t value, int vector, uint32_t error)
{
    struct cpu_machine *m = protected_machine();
    make_task(m);
    poke32(m, TSS_B + field, value);
    set_descriptor(m, GDT, ABSENT, 0, 0xfffff, 0x1a, 0xc);
    set_descriptor(m, GDT, CODE16, 0, 0x0fff, 0x9a, 0);
    CHECK_RAISES(m->cpu, vector, error, far_jump(m->cpu, TSS_B_SEL, 0, 4, 0));
    machine_destroy(m);
}

TEST(new_tasks_with_bad_selectors)
{
    enum { LDTR = 0x60, CS = 0x4c, SS = 0x50, DS = 0x54, ES = 0x48 };
    check_task(LDTR, LDT_CODE, EXC_TS, LDT_CODE); /* in an LDT */
    check_task(LDTR, DATA0, EXC_TS, DATA0);
    check_task(CS, DATA0, EXC_TS, DATA0);
    check_task(CS, ABSENT, EXC_NP, ABSENT);
    check_task(CS, 0, EXC_TS, 0);
    check_task(CS, CODE16, EXC_GP, 0); /* EIP above its limit */
    check_task(SS, 0, EXC_TS, 0);
    check_task(SS, CODE0, EXC_TS, CODE0);
    check_task(DS, EXECUTE_ONLY, EXC_TS, EXECUTE_ONLY);
    check_task(ES, ABSENT, EXC_NP, ABSENT);
}

TEST(task_state_segments_that_cannot_be_used)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    make_task(m);
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x67, 0x09, 0);
    CHECK_RAISES(cpu, EXC_NP, TSS_B_SEL, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x66, 0x89, 0);
    CHECK_RAISES(cpu, EXC_TS, TSS_B_SEL, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    make_task(m);
    cpu->seg[SEG_TR].limit = 0x40; /* no room for what is to be kept */
    CHECK_RAISES(cpu, EXC_TS, TSS_SEL, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    CHECK_EQ(cpu->seg[SEG_CS].selector, CODE0);
    machine_destroy(m);
}

/* IRET with NT leads to the task of the back link. */
TEST(return_to_a_task_that_is_not_present)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    make_task(m);
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x67, 0x0b, 0);
    poke16(m, TSS, TSS_B_SEL);
    cpu->eflags |= EFLAGS_NT;
    CHECK_RAISES(cpu, EXC_NP, TSS_B_SEL, interrupt_return(cpu, 4, 0));
    set_descriptor(m, GDT, TSS_B_SEL, TSS_B, 0x67, 0x89, 0); /* not busy */
    CHECK_RAISES(cpu, EXC_TS, TSS_B_SEL, interrupt_return(cpu, 4, 0));
    CHECK_EQ(cpu->seg[SEG_TR].selector, TSS_SEL);
    machine_destroy(m);
}

/* With paging the new task brings its CR3. */
TEST(task_with_another_cr3)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    make_task(m);
    poke32(m, 0x20000, 0x87); /* 4 MiB over themselves, in two directories */
    poke32(m, 0x21000, 0x87);
    poke32(m, TSS_B + 0x1c, 0x21000);
    cpu_write_cr4(cpu, CR4_PSE);
    cpu_write_cr3(cpu, 0x20000);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_PG);
    CHECK_NO_RAISE(cpu, far_jump(cpu, TSS_B_SEL, 0, 4, 0));
    CHECK_EQ(cpu->cr3, 0x21000);
    CHECK_EQ(cpu->eip, 0x7000);
    machine_destroy(m);
}

/* ---- virtual-8086 mode, SDM 3B 20 ------------------------------------------------------------ */

static void enter_v86(struct cpu_machine *m, uint32_t eip, uint32_t eflags)
{
    uint32_t frame[] = {
        eip, 0x1000, eflags | EFLAGS_VM, 0x800, 0x900, 0xa00, 0xb00, 0xc00, 0xd00
    };
    m->cpu->gpr[RSP] = STACK0 - sizeof frame;
    for (unsigned n = 0; n < ARRAY_SIZE(frame); n++)
        poke32(m, STACK0 - (uint32_t)sizeof frame + 4 * n, frame[n]);
    interrupt_return(m->cpu, 4, 0);
}

TEST(virtual_8086_transfers)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    CHECK_RAISES(cpu, EXC_GP, 0, enter_v86(m, 0x10000, 2));
    CHECK(!cpu_v86(cpu));
    enter_v86(m, 0x100, EFLAGS_IOPL | 2);
    CHECK_NO_RAISE(cpu, far_jump(cpu, 0x2000, 0x300, 2, 0));
    CHECK_EQ(cpu->seg[SEG_CS].base, 0x20000);
    poke32(m, 0x9000 + 0x800, 0x10000);
    poke32(m, 0x9000 + 0x804, 0x3000);
    CHECK_RAISES(cpu, EXC_GP, 0, far_return(cpu, 4, 0)); /* EIP above FFFFh */
    /* An interrupt goes to a segment of level 0 that is not conforming. */
    set_idt(m, 0x40, CONFORMING, 0x7000, 0xee);
    CHECK_RAISES(cpu, EXC_GP, CONFORMING,
                 interrupt_deliver(cpu, 0x40, INTERRUPT_SOFTWARE, 0, 0x302));
    machine_destroy(m);
}

/* 20.3: POPF and the redirection bitmap with IOPL below 3. */
TEST(vme_checks)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    cpu_write_cr4(cpu, CR4_VME);
    enter_v86(m, 0x100, EFLAGS_VIP | 2);
    poke16(m, 0x9800, EFLAGS_IF | 2);
    *machine_at(m, 0x10100) = 0x9d; /* popf */
    cpu_step(cpu);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_GP * 16); /* IF with VIP set */
    enter_v86(m, 0x100, 2);
    cpu_step(cpu);
    CHECK_EQ(cpu->eip, 0x101);
    CHECK_EQ(cpu->eflags & (EFLAGS_VIF | EFLAGS_IF), EFLAGS_VIF);
    cpu->seg[SEG_TR].limit = 0x66; /* no room for the bitmap's address */
    CHECK_RAISES(cpu, EXC_GP, 0, interrupt_deliver(cpu, 0x21, INTERRUPT_SOFTWARE, 0, 0x102));
    cpu->seg[SEG_TR].limit = 0x80;
    poke16(m, TSS + 0x66, 0x200);
    CHECK_RAISES(cpu, EXC_GP, 0, interrupt_deliver(cpu, 0x21, INTERRUPT_SOFTWARE, 0, 0x102));
    machine_destroy(m);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* SDM 3A table 9-1: INIT keeps CD and NW, the model-specific registers and the FPU. */
TEST(init)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    cpu->msr.pat = 0x0606060606060606;
    cpu->fpu.control = 0x27f;
    cpu->cr0 &= ~CR0_NW; /* which reset sets, as it does CD */
    cpu->halted = true;
    cpu_raise_init(cpu);
    cpu_step(cpu);
    CHECK(!cpu->halted);
    CHECK_EQ(cpu->eip, 0xfff0);
    CHECK_EQ(cpu->seg[SEG_CS].base, 0xffff0000);
    CHECK_EQ(cpu->cr0, CR0_ET | CR0_CD);
    CHECK_EQ(cpu->msr.pat, 0x0606060606060606);
    CHECK_EQ(cpu->fpu.control, 0x27f);
    machine_destroy(m);
}

/* Without a board, the machine is the processor. */
TEST(reset_without_a_board)
{
    struct cpu_machine *m = protected_machine();
    m->cpu->smbase = 0x40000;
    cpu_attend(m->cpu, ATTENTION_RESET);
    cpu_step(m->cpu);
    CHECK_EQ(m->cpu->eip, 0xfff0);
    CHECK_EQ(m->cpu->smbase, 0x30000);
    machine_destroy(m);
}

/* ---- x87 environment of real mode, SDM 1 figures 8-11 and 8-12 ------------------------------- */

TEST(environment_of_real_mode)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    far_jump(cpu, 0, 0x5000, 2, 0);
    cpu->gpr[RBX] = 0x9000;
    /* FNINIT; FLDENV of 14 bytes [BX], FNSTENV [BX+20h]; FLDENV of 28 [BX+40h], FNSTENV [BX+60h] */
    static const uint8_t code[] = { 0xdb, 0xe3, 0xd9, 0x27, 0xd9, 0x77, 0x20, 0x66,
                                    0xd9, 0x67, 0x40, 0x66, 0xd9, 0x77, 0x60 };
    static const uint16_t narrow[] = { 0x037f, 0, 0xffff, 0x5678, 0x4123, 0xdef0, 0x9000 };
    static const uint32_t wide[] = { 0xffff037f, 0xffff0000, 0xffffffff, 0xffff5678,
                                     0x01234456, 0xffff9abc, 0x0def0000 };
    memcpy(machine_at(m, 0x5000), code, sizeof code);
    memcpy(machine_at(m, 0x9000), narrow, sizeof narrow);
    memcpy(machine_at(m, 0x9040), wide, sizeof wide);
    for (unsigned n = 0; n < 3; n++)
        cpu_step(cpu);
    CHECK_EQ(cpu->fpu.ip, 0x45678);
    CHECK_EQ(cpu->fpu.dp, 0x9def0);
    CHECK_EQ(cpu->fpu.opcode, 0x123);
    CHECK(memcmp(machine_at(m, 0x9020), narrow, sizeof narrow) == 0);
    cpu_step(cpu);
    cpu_step(cpu);
    CHECK_EQ(cpu->fpu.ip, 0x12345678);
    CHECK_EQ(cpu->fpu.dp, 0xdef09abc);
    CHECK_EQ(cpu->fpu.opcode, 0x456);
    for (unsigned n = 0; n < 7; n++)
        CHECK_EQ(peek32(m, 0x9060 + 4 * n), wide[n]);
    machine_destroy(m);
}

/* ---- FERR#, SDM 1 8.7.2 ---------------------------------------------------------------------- */

static void ferr(void *opaque, bool level)
{
    struct cpu_machine *m = opaque;
    m->shutdowns = m->shutdowns * 2 + level; /* where the test finds it again */
}

TEST(ferr_rises_at_the_next_waiting_instruction_and_falls_when_cleared)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    cpu->bus.ferr = ferr;
    cpu->cr0 &= ~CR0_NE;
    fpu_set_control(cpu, 0x037b); /* division by zero is not masked */
    fpu_set_status(cpu, X87_ZE);
    CHECK(cpu->fpu.status & X87_ES);
    CHECK_EQ(m->shutdowns, 0);
    CHECK_EQ(RUN(m, "\xdf\xe0"), -1); /* fnstsw ax does not wait */
    cpu->eip = 0x5000;
    *machine_at(m, 0x5000) = 0x9b; /* fwait */
    ram_written(m->ram, 0x5000, 1);
    cpu_step(cpu);
    CHECK_EQ(cpu->eip, 0x5000); /* it stands before it */
    CHECK_EQ(m->shutdowns, 1);
    CHECK_EQ(RUN(m, "\xdb\xe2"), -1); /* fnclex */
    CHECK_EQ(m->shutdowns, 2);
    CHECK_EQ(RUN(m, "\x9b"), -1);
    machine_destroy(m);
}

/* ---- memory and stepping --------------------------------------------------------------------- */

/* A directory in a chip's registers: read there, and its accessed bit is written there. */
struct table_chip {
    uint32_t entry;
    unsigned written;
};

static bool table_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct table_chip *chip = opaque;
    (void)offset, (void)size;
    *value = chip->entry;
    return true;
}

static bool table_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct table_chip *chip = opaque;
    (void)offset, (void)size;
    chip->entry = (uint32_t)value;
    chip->written++;
    return true;
}

static const struct region_desc table_desc = { "tables", 0x1000, 4, 4, table_read, table_write };

TEST(page_directory_outside_of_ram)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    struct table_chip chip = { .entry = 0x83 }; /* 4 MiB over themselves */
    region_map_io(m->memory, 1 << SPACE_MEMORY, &table_desc, &chip, 0x1000000, 0);
    poke32(m, 0x9000, 0x12345678);
    cpu_write_cr4(cpu, CR4_PSE);
    cpu_write_cr3(cpu, 0x1000000);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_PG);
    CHECK_EQ(cpu_load(cpu, SEG_DS, 0x9000, 4), 0x12345678);
    CHECK_EQ(chip.entry, 0xa3);
    CHECK_EQ(chip.written, 1);
    CHECK_NO_RAISE(cpu, cpu_probe_system(cpu, 0x9ffe, 4, true)); /* two pages */
    CHECK_EQ(chip.entry, 0xe3);
    machine_destroy(m);
}

/* RF stays while a repeated string instruction is not done. SDM 3A 17.3.1.1 */
TEST(rf_lasts_as_long_as_a_repeated_instruction)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    cpu->gpr[RDI] = 0x9000;
    cpu->gpr[RCX] = 3;
    cpu->eflags |= EFLAGS_RF;
    memcpy(machine_at(m, 0x5000), "\xf3\xaa", 2); /* rep stosb */
    for (unsigned left = 2; left > 0; left--) {
        cpu_step(cpu);
        CHECK_EQ(cpu->gpr[RCX], left);
        CHECK_EQ(cpu->eip, 0x5000);
        CHECK(cpu->eflags & EFLAGS_RF);
    }
    cpu_step(cpu);
    while (cpu->eip == 0x5000)
        cpu_step(cpu);
    CHECK(!(cpu->eflags & EFLAGS_RF));
    machine_destroy(m);
}

static void debug_stop(void *opaque)
{
    cpu_exit(((struct cpu_machine *)opaque)->cpu);
}

/* The debugger watches a datum while a breakpoint elsewhere makes the loop go step by step. */
TEST(watchpoint_while_stepping)
{
    static const uint8_t code[] = { 0x40, 0xa3, 0x00, 0x90, 0x00, 0x00, 0x43, 0xf4 };
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    enum debug_kind kind;
    uint32_t linear;
    cpu->bus.debug_stop = debug_stop;
    memcpy(machine_at(m, 0x5000), code, sizeof code); /* inc eax; mov [9000], eax; inc ebx; hlt */
    CHECK(cpu_debug_insert(cpu, DEBUG_EXECUTE, 0x7777, 1));
    CHECK(cpu_debug_insert(cpu, DEBUG_WRITE, 0x9000, 4));
    cpu_resume(cpu);
    cpu_run(cpu);
    CHECK_EQ(cpu->eip, 0x5006);
    CHECK(cpu_debug_hit(cpu, &kind, &linear) && kind == DEBUG_WRITE);
    CHECK_EQ(linear, 0x9000);
    machine_destroy(m);
}

/* EBX when the interrupt was asked for; no vector: it went away. */
static int note_and_end(void *opaque)
{
    struct cpu_machine *m = opaque;
    m->cpu->gpr[RDX] = m->cpu->gpr[RBX];
    cpu_set_intr(m->cpu, false);
    cpu_exit(m->cpu);
    return -1;
}

/* "sti; hlt" with a debugger's breakpoint on the HLT must not lose the interrupt that ends it. */
TEST(breakpoint_behind_sti_keeps_its_shadow)
{
    static const uint8_t code[] = { 0xfb, 0x43, 0x90, 0xf4 }; /* sti; inc ebx; nop; hlt */
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    cpu->bus.debug_stop = debug_stop;
    cpu->bus.acknowledge = note_and_end;
    cpu->eflags &= ~(uint32_t)EFLAGS_IF;
    cpu->gpr[RBX] = 0;
    cpu->gpr[RDX] = 99;
    memcpy(machine_at(m, 0x5000), code, sizeof code);
    CHECK(cpu_debug_insert(cpu, DEBUG_EXECUTE, 0x5001, 1));
    cpu_set_intr(cpu, true);
    cpu_resume(cpu);
    cpu_run(cpu);
    CHECK_EQ(cpu->eip, 0x5001);
    CHECK_EQ(cpu->gpr[RDX], 99);
    cpu->threading->want_exit = false;
    cpu_resume(cpu);
    cpu_run(cpu);
    CHECK_EQ(cpu->gpr[RDX], 1);
    machine_destroy(m);
}

/* The map changes on another thread while the processor runs: it forgets its TLB by itself. */
TEST(memory_map_changed_by_another_thread)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    struct table_chip chip = { .entry = 0x11223344 };
    poke32(m, 0x90000, 5);
    CHECK_EQ(cpu_load(cpu, SEG_DS, 0x90000, 4), 5);
    cpu->threading->idle = false;
    region_map_io(m->memory, 1 << SPACE_MEMORY, &table_desc, &chip, 0x90000, 1);
    cpu->threading->idle = true;
    CHECK(cpu->attention & ATTENTION_TLB);
    CHECK_EQ(RUN(m, "\x90"), -1);
    CHECK(!(cpu->attention & ATTENTION_TLB));
    CHECK_EQ(cpu_load(cpu, SEG_DS, 0x90000, 4), 0x11223344);
    machine_destroy(m);
}

/* ---- tags, SDM 1 8.1.7 ----------------------------------------------------------------------- */

TEST(tags_of_the_environment)
{
    static const struct {
        struct f80 value;
        unsigned tag;
    } values[] = {
        { { UINT64_C(1) << 63, 0x3fff }, 0 },
        { { 0, 0x8000 }, 1 },
        { { 1, 0 }, 2 },
        { { UINT64_C(1) << 63, 0x7fff }, 2 },
        { { UINT64_C(1) << 62, 0x3fff }, 2 }, /* an unnormal */
    };
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    unsigned tags = 0xffff;
    CHECK_EQ(RUN(m, "\xdb\xe3"), -1); /* fninit */
    for (unsigned n = 0; n < ARRAY_SIZE(values); n++) {
        cpu->fpu.physical[n] = values[n].value;
        cpu->fpu.empty &= (uint8_t) ~(1u << n);
        tags &= ~(3u << 2 * n);
        tags |= values[n].tag << 2 * n;
    }
    cpu->gpr[RBX] = 0x9000;
    CHECK_EQ(RUN(m, "\xd9\x33"), -1); /* fnstenv [ebx] */
    CHECK_EQ(peek16(m, 0x9008), tags);
    machine_destroy(m);
}

/* ---- SMM, SDM 3C 34.3 ------------------------------------------------------------------------ */

/* What RSM cannot load is a shutdown: here a PAE pointer with reserved bits. */
TEST(rsm_to_pointers_with_reserved_bits)
{
    struct cpu_machine *m = protected_machine();
    struct cpu *cpu = m->cpu;
    poke32(m, POINTERS, 0x11000 | 1);
    for (unsigned n = 0; n < 512; n++)
        poke32(m, 0x11000 + 8 * n, (uint32_t)n << 21 | 0x83);
    cpu->cr3 = POINTERS;
    cpu_write_cr4(cpu, CR4_PAE);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_PG);
    smm_enter(cpu);
    CHECK(cpu->smm);
    poke32(m, POINTERS, 0x11000 | 0x1e7);
    smm_leave(cpu);
    CHECK_EQ(m->shutdowns, 1);
    machine_destroy(m);
}
