// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Control registers, MSRs, CPUID, debug registers (SDM 3A chapters 2 and 11, 3B 17, 4).
#include "cpu_machine.h"

TEST(cr0_checks)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_write_cr0(cpu, CR0_PG));
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_write_cr0(cpu, CR0_NW));
    CHECK_NO_RAISE(cpu, cpu_write_cr0(cpu, 0));
    CHECK_EQ(cpu->cr0, CR0_ET);
    CHECK_NO_RAISE(cpu, cpu_write_cr0(cpu, CR0_PE | 0x00020000)); /* reserved bits stay 0 */
    CHECK_EQ(cpu->cr0, CR0_ET | CR0_PE);
    machine_destroy(m);
}

TEST(cr4_by_model)
{
    struct cpu_machine *m = machine_create("pentium");
    struct cpu *cpu = m->cpu;
    CHECK_RAISES(cpu, EXC_GP, 0, cpu_write_cr4(cpu, CR4_PAE));
    CHECK_NO_RAISE(cpu, cpu_write_cr4(cpu, CR4_PSE | CR4_VME));
    machine_destroy(m);
    m = machine_create("max");
    CHECK_NO_RAISE(m->cpu, cpu_write_cr4(m->cpu, CR4_PAE | CR4_OSFXSR | CR4_OSXSAVE));
    CHECK_RAISES(m->cpu, EXC_GP, 0, cpu_write_cr4(m->cpu, 1u << 20)); /* SMEP is not there */
    machine_destroy(m);
}

TEST(msr_checks)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    uint64_t v;
    CHECK(msr_read(cpu, 0x1b, &v));
    CHECK_EQ(v, 0xfee00900);
    CHECK(!msr_write(cpu, 0x1b, UINT64_C(1) << 36));
    CHECK(msr_read(cpu, 0x277, &v));
    CHECK_EQ(v, UINT64_C(0x0007040600070406));
    CHECK(!msr_write(cpu, 0x277, 2)); /* no such type */
    CHECK(msr_write(cpu, 0x277, UINT64_C(0x0007040600070401)));
    CHECK(!msr_write(cpu, 0xfe, 0)); /* read-only */
    CHECK(msr_write(cpu, 0x201, UINT64_C(0xf80000800)));
    CHECK(!msr_write(cpu, 0x201, UINT64_C(0x1000000800)));
    CHECK(!msr_write(cpu, 0xc0000080, 0x100)); /* no long mode */
    CHECK(msr_write(cpu, 0xc0000080, EFER_NXE));
    CHECK(!msr_read(cpu, 0x12345, &v));
    CHECK(msr_read(cpu, 0x10a, &v));
    CHECK_EQ(v & 1, 1);
    CHECK(msr_write(cpu, 0x10, 0));
    CHECK(msr_read(cpu, 0x10, &v));
    CHECK(v < 1000000000);
    machine_destroy(m);
    m = machine_create("pentium3");
    CHECK(!msr_read(m->cpu, 0xc0000080, &v));
    CHECK(!msr_read(m->cpu, 0x10a, &v));
    machine_destroy(m);
}

TEST(cpuid_by_model)
{
    struct cpu_model model;
    uint32_t r[4];
    struct error err;
    CHECK(cpu_model_parse(&model, "core2duo", &err));
    cpu_model_cpuid(&model, 0, 0, r);
    CHECK_EQ(r[0], 10);
    CHECK_EQ(r[1], 0x756e6547); /* Genu ineI ntel */
    CHECK_EQ(r[3], 0x49656e69);
    CHECK_EQ(r[2], 0x6c65746e);
    cpu_model_cpuid(&model, 1, 0, r);
    CHECK_EQ(r[0], 0x6fb);
    CHECK_EQ(r[2] & (1u << 31), 0);
    CHECK_EQ(r[3] & 0x0f80a979, 0x0f80a979 & 0x0f80a979);
    cpu_model_cpuid(&model, 0x80000001, 0, r);
    CHECK_EQ(r[3], 1u << 20);
    CHECK(cpu_model_parse(&model, "max,-sse4.2,+monitor,nx=off", &err));
    cpu_model_cpuid(&model, 1, 0, r);
    CHECK_EQ(r[2] & (1u << 20), 0);
    CHECK_EQ(r[2] & (1u << 3), 1u << 3);
    cpu_model_cpuid(&model, 0x80000001, 0, r);
    CHECK_EQ(r[3], 0);
    cpu_model_cpuid(&model, 0x40000000, 0, r);
    CHECK_EQ(r[1], 0x74626d62);
    CHECK(!cpu_model_parse(&model, "core3", &err));
    CHECK(!cpu_model_parse(&model, "max,+sse9", &err));
    CHECK(cpu_model_parse(&model, "486", &err));
    CHECK(!cpu_model_has(&model, FEATURE_TSC));
    CHECK(cpu_model_parse(&model, "pentium", &err));
    cpu_model_cpuid(&model, 0x80000000, 0, r);
    CHECK_EQ(r[0], 0x543); /* out of range: the highest basic leaf */
}

TEST(breakpoints)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu->eip = 0x5000;
    cpu->dr[0] = 0x5000;
    cpu->dr[7] = 0x401;
    CHECK(debug_any_execute(cpu));
    CHECK_EQ(RAISED(cpu, debug_check_execute(cpu)), EXC_DB);
    CHECK_EQ(cpu->dr[6] & 15, 1);
    cpu->eflags |= EFLAGS_RF;
    CHECK_NO_RAISE(cpu, debug_check_execute(cpu));
    /* Four bytes at 9000, write. */
    cpu->dr[1] = 0x9002;
    cpu->dr[7] = 0x400 | 4 | 0xd << 20;
    cpu->trap_pending = false;
    CHECK(debug_watches_page(cpu, 0x9000));
    CHECK(!debug_watches_page(cpu, 0xa000));
    debug_check_data(cpu, 0x9003, 1, false);
    CHECK(!cpu->trap_pending);
    debug_check_data(cpu, 0x8fff, 1, true);
    CHECK(!cpu->trap_pending);
    debug_check_data(cpu, 0x8ffe, 4, true);
    CHECK(cpu->trap_pending);
    CHECK_EQ(cpu->dr[6] & 15, 2);
    machine_destroy(m);
}

TEST(debugger_points)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    enum debug_kind kind;
    uint32_t linear;
    machine_protect(m);
    CHECK(cpu_debug_insert(cpu, DEBUG_EXECUTE, 0x5000, 1));
    CHECK(debug_check_execute(cpu));
    CHECK(cpu_debug_hit(cpu, &kind, &linear));
    CHECK_EQ(linear, 0x5000);
    CHECK(!cpu_debug_remove(cpu, DEBUG_WRITE, 0x5000, 1));
    CHECK(cpu_debug_remove(cpu, DEBUG_EXECUTE, 0x5000, 1));
    CHECK(!debug_any_execute(cpu));
    machine_destroy(m);
}
