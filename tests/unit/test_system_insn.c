// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System instructions as the guest meets them: bytes in memory, one step at a time.
#include "cpu_machine.h"

static void put(struct cpu_machine *m, uint32_t at, const char *bytes, size_t size)
{
    memory_write_bytes(m->memory, SPACE_MEMORY, at, bytes, size);
}
#define PUT(m, at, bytes) put(m, at, bytes, sizeof(bytes) - 1)

static void step(struct cpu_machine *m, unsigned count)
{
    while (count-- > 0)
        cpu_step(m->cpu);
}

/* SeaBIOS's way: real mode, LGDT, CR0, far jump, flat segments, back with big limits. */
TEST(protected_mode_and_back)
{
    struct cpu_machine *m = machine_create("max");
    struct cpu *cpu = m->cpu;
    set_descriptor(m, GDT, CODE0, 0, 0xfffff, 0x9b, 0xc);
    set_descriptor(m, GDT, DATA0, 0, 0xfffff, 0x93, 0xc);
    set_descriptor(m, GDT, CODE16, 0, 0xffff, 0x9b, 0);
    poke16(m, 0x600, GDT_LIMIT);
    poke32(m, 0x602, GDT);
    PUT(m, 0x7c00,
        "\xfa"                               /* cli */
        "\x2e\x66\x0f\x01\x16\x00\x06"       /* lgdtl cs:0x600 */
        "\x0f\x20\xc0"                       /* mov eax, cr0 */
        "\x66\x83\xc8\x01"                   /* or eax, 1 */
        "\x0f\x22\xc0"                       /* mov cr0, eax */
        "\x66\xea\x00\x7d\x00\x00\x08\x00"); /* ljmpl CODE0:7d00 */
    PUT(m, 0x7d00,
        "\xb8\x10\x00\x00\x00"                     /* mov eax, 10h */
        "\x8e\xd8"                                 /* mov ds, eax */
        "\x8e\xd0"                                 /* mov ss, eax */
        "\xc7\x05\x00\x00\x10\x00\x78\x56\x34\x12" /* mov dword [100000h], 12345678h */
        "\xea\x00\x7e\x00\x00\x38\x00");           /* ljmp CODE16:7e00 */
    PUT(m, 0x7e00,
        "\x0f\x20\xc0"                   /* mov eax, cr0 */
        "\x66\x83\xe0\xfe"               /* and eax, ~1 */
        "\x0f\x22\xc0"                   /* mov cr0, eax */
        "\xea\x0f\x7e\x00\x00"           /* ljmp 0:7e0f */
        "\x67\x66\xa1\x00\x00\x10\x00"); /* mov eax, [100000h] with DS's kept limit */
    far_jump(cpu, 0, 0x7c00, 2, 0);
    step(m, 6);
    CHECK_EQ(cpu->eip, 0x7d00);
    CHECK_EQ(cpu->mode, MODE_CS32);
    step(m, 5);
    CHECK_EQ(peek32(m, 0x100000), 0x12345678);
    CHECK_EQ(cpu->mode, 0);
    CHECK_EQ(cpu->stack_mask, 0xffffffff);
    step(m, 4);
    CHECK_EQ(cpu->seg[SEG_CS].selector, 0);
    *machine_at(m, 0x7e0f) = 0x67;
    PUT(m, 0x7e0f, "\x67\x66\xa1\x00\x00\x10\x00");
    step(m, 1);
    CHECK_EQ(cpu->gpr[RAX], 0x12345678);
    CHECK_EQ(cpu->eip, 0x7e16);
    machine_destroy(m);
}

static struct cpu_machine *flat(const char *bytes, size_t size)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    put(m, 0x5000, bytes, size);
    return m;
}
#define FLAT(bytes) flat(bytes, sizeof(bytes) - 1)

TEST(single_step)
{
    struct cpu_machine *m = FLAT("\x90\x90");
    struct cpu *cpu = m->cpu;
    eflags_write(cpu, EFLAGS_TF, EFLAGS_TF);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_DB * 16);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5001);
    CHECK_EQ(peek32(m, STACK0 - 4), EFLAGS_TF | 2); /* a trap: no RF */
    CHECK_EQ(cpu->dr[6] & 0xf00f, 0x4000);
    CHECK_EQ(cpu->eflags & EFLAGS_TF, 0);
    machine_destroy(m);
}

/* The trap of POPF that sets TF comes after the next instruction. */
TEST(single_step_from_popf)
{
    struct cpu_machine *m = FLAT("\x9d\x90\x90");
    struct cpu *cpu = m->cpu;
    cpu->gpr[RSP] = STACK0 - 4;
    poke32(m, STACK0 - 4, EFLAGS_TF | 2);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5001);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_DB * 16);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5002);
    machine_destroy(m);
}

TEST(mov_ss_holds_off_trap)
{
    struct cpu_machine *m = FLAT("\x8e\xd0\x90\x90");
    struct cpu *cpu = m->cpu;
    cpu->gpr[RAX] = DATA0;
    eflags_write(cpu, EFLAGS_TF, EFLAGS_TF);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5002);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_DB * 16);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5003);
    machine_destroy(m);
}

TEST(int3_and_user_gate)
{
    struct cpu_machine *m = FLAT("\xcc\xcd\x80");
    struct cpu *cpu = m->cpu;
    set_idt(m, 3, CODE0, 0x6030, 0xee);
    machine_user(m, 0x202);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6030);
    CHECK_EQ(peek32(m, STACK0 - 20), 0x5001);
    interrupt_return(cpu, 4, 0);
    step(m, 1); /* INT 80h: the gate's DPL is 0 */
    CHECK_EQ(cpu->eip, 0x6000 + EXC_GP * 16);
    CHECK_EQ(peek32(m, STACK0 - 24), 0x80 * 8 + 2);
    CHECK_EQ(peek32(m, STACK0 - 20), 0x5001);
    machine_destroy(m);
}

TEST(privileged_at_level_3)
{
    static const char insns[][4] = { "\xf4",     "\x0f\x20\xc0", "\x0f\x22\xd8", "\x0f\x06",
                                     "\x0f\x30", "\x0f\x32",     "\x0f\x01\x38", "\x0f\x23\xf8",
                                     "\xfa",     "\xfb",         "\x0f\x00\xd8", "\x0f\x01\xf0" };
    for (unsigned n = 0; n < ARRAY_SIZE(insns); n++) {
        struct cpu_machine *m = flat(insns[n], 3);
        machine_user(m, 0x202);
        step(m, 1);
        CHECK_EQ(m->cpu->eip, 0x6000 + EXC_GP * 16);
        CHECK_EQ(peek32(m, STACK0 - 20), 0x5000);
        machine_destroy(m);
    }
}

TEST(sysenter_and_sysexit)
{
    struct cpu_machine *m = FLAT("\x0f\x34");
    struct cpu *cpu = m->cpu;
    PUT(m, 0x7000, "\x0f\x35");
    machine_user(m, 0x202);
    step(m, 1); /* SYSENTER_CS is 0 */
    CHECK_EQ(cpu->eip, 0x6000 + EXC_GP * 16);
    machine_destroy(m);
    m = FLAT("\x0f\x34");
    cpu = m->cpu;
    PUT(m, 0x7000, "\x0f\x35");
    cpu->msr.sysenter_cs = CODE0;
    cpu->msr.sysenter_esp = 0x8800;
    cpu->msr.sysenter_eip = 0x7000;
    machine_user(m, 0x202);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x7000);
    CHECK_EQ(cpu->cpl, 0);
    CHECK_EQ(cpu->gpr[RSP], 0x8800);
    CHECK_EQ(cpu->eflags & EFLAGS_IF, 0);
    CHECK_EQ(cpu->seg[SEG_SS].selector, CODE0 + 8);
    cpu->gpr[RDX] = 0x5002;
    cpu->gpr[RCX] = 0x8f00;
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5002);
    CHECK_EQ(cpu->cpl, 3);
    CHECK_EQ(cpu->gpr[RSP], 0x8f00);
    CHECK_EQ(cpu->seg[SEG_CS].selector, CODE0 + 16 + 3);
    machine_destroy(m);
}

TEST(debug_register_access)
{
    struct cpu_machine *m = FLAT("\x0f\x23\xc0\x0f\x21\xc0"); /* mov dr0, eax; mov eax, dr0 */
    struct cpu *cpu = m->cpu;
    cpu->dr[7] |= 1u << 13; /* GD */
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_DB * 16);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5000);
    CHECK_EQ(cpu->dr[6] & (1u << 13), 1u << 13);
    CHECK_EQ(cpu->dr[7] & (1u << 13), 0);
    machine_destroy(m);
}

TEST(instruction_breakpoint)
{
    struct cpu_machine *m = FLAT("\x90\x90\x90");
    struct cpu *cpu = m->cpu;
    PUT(m, 0x6010, "\xcf"); /* #DB handler: iret */
    cpu->dr[0] = 0x5001;
    cpu->dr[7] |= 2;
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5001);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6010);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5001);
    CHECK_EQ(peek32(m, STACK0 - 4) & EFLAGS_RF, 0);
    poke32(m, STACK0 - 4, peek32(m, STACK0 - 4) | EFLAGS_RF);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5001);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5002);
    CHECK_EQ(cpu->eflags & EFLAGS_RF, 0);
    machine_destroy(m);
}

TEST(data_breakpoint)
{
    struct cpu_machine *m = FLAT("\xa3\x00\xb0\x00\x00\x90"); /* mov [b000h], eax */
    struct cpu *cpu = m->cpu;
    cpu->gpr[RAX] = 0x77;
    cpu->dr[2] = 0xb000;
    cpu->dr[7] |= 1u << 5 | 0xdu << 24;
    debug_changed(cpu);
    step(m, 1);
    CHECK_EQ(peek32(m, 0xb000), 0x77);
    CHECK_EQ(cpu->eip, 0x6010);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5005);
    CHECK_EQ(cpu->dr[6] & 15, 4);
    machine_destroy(m);
}

/* Bits 19:16 are undefined (SDM 2 LAR); AMD's processors have the limit's there. */
TEST(lar_of_a_limit)
{
    struct cpu_machine *m = FLAT("\x0f\x02\xd8");
    m->cpu->gpr[RAX] = CODE0;
    step(m, 1);
    CHECK_EQ(m->cpu->gpr[RBX] & 0xffff00, 0xcf9b00);
    machine_destroy(m);
}

TEST(descriptor_queries)
{
    struct cpu_machine *m = FLAT("\x0f\x02\xd8\x0f\x03\xd8\x0f\x00\xe8\x0f\x00\xe0\x63\xc8");
    struct cpu *cpu = m->cpu;
    cpu->gpr[RAX] = DATA16;
    step(m, 2); /* lar ebx, eax; lsl ebx, eax */
    CHECK_EQ(cpu->gpr[RBX], 0xffff);
    CHECK(flag_zf(cpu));
    step(m, 1); /* verw ax */
    CHECK(flag_zf(cpu));
    cpu->gpr[RAX] = EXECUTE_ONLY;
    step(m, 1); /* verr ax */
    CHECK(!flag_zf(cpu));
    cpu->gpr[RCX] = 3;
    step(m, 1); /* arpl ax, cx */
    CHECK(flag_zf(cpu));
    CHECK_EQ(cpu->gpr[RAX], EXECUTE_ONLY | 3);
    machine_destroy(m);
}

TEST(push_pop_segments)
{
    struct cpu_machine *m =
        FLAT("\x1e\x07\x66\x06\x66\x17"); /* push ds; pop es; push16 es; pop16 ss */
    struct cpu *cpu = m->cpu;
    poke32(m, STACK0 - 4, 0xdeadbeef);
    step(m, 1);
    CHECK_EQ(peek32(m, STACK0 - 4), 0xdead0000 | DATA0); /* 16 bits are written */
    CHECK_EQ(cpu->gpr[RSP], STACK0 - 4);
    step(m, 3);
    CHECK_EQ(cpu->gpr[RSP], STACK0);
    CHECK_EQ(cpu->attention & ATTENTION_SHADOW, ATTENTION_SHADOW);
    machine_destroy(m);
}

TEST(bound_and_into)
{
    struct cpu_machine *m = FLAT("\x62\x05\x00\xb0\x00\x00\xce"); /* bound eax, [b000h]; into */
    struct cpu *cpu = m->cpu;
    poke32(m, 0xb000, (uint32_t)-5);
    poke32(m, 0xb004, 5);
    cpu->gpr[RAX] = (uint32_t)-5;
    flags_change(cpu, EFLAGS_OF, EFLAGS_OF);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x5006);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_OF * 16);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5007);
    interrupt_return(cpu, 4, 0);
    cpu->eip = 0x5000;
    cpu->gpr[RAX] = 6;
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6000 + EXC_BR * 16);
    CHECK_EQ(peek32(m, STACK0 - 12), 0x5000);
    machine_destroy(m);
}

/* Found by a fuzzer: what was pending when a stopped machine was reset came behind the reset. */
TEST(reset_forgets_pending_events)
{
    struct cpu_machine *m = FLAT("\x90\x90");
    struct cpu *cpu = m->cpu;
    PUT(m, 0x38000, "\x90\x90");
    cpu_raise_smi(cpu);
    step(m, 1);
    cpu_raise_smi(cpu); /* latched, as the next ones are */
    cpu_raise_init(cpu);
    step(m, 1);
    CHECK(cpu->latched != 0);
    cpu_raise_nmi(cpu);
    cpu_reset(cpu, false);
    machine_protect(m);
    cpu->eip = 0x5000;
    step(m, 1);
    CHECK(!cpu->smm);
    CHECK_EQ(cpu->eip, 0x5001);
    machine_destroy(m);
}

/* It came by the next IRET, whatever that one returned from. */
TEST(init_forgets_a_latched_nmi)
{
    struct cpu_machine *m = FLAT("\x90\x90");
    struct cpu *cpu = m->cpu;
    PUT(m, 0x6020, "\x90\x90"); /* of NMI, which the next one waits for */
    cpu_raise_nmi(cpu);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6020);
    cpu_raise_nmi(cpu);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6021);
    cpu_raise_nmi(cpu); /* seen together with INIT */
    cpu_raise_init(cpu);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0xfff0);
    CHECK(!cpu->nmi_masked);
    machine_protect(m);
    PUT(m, 0x5000, "\xcf\x90"); /* iretd */
    cpu->gpr[RSP] = STACK0 - 12;
    poke32(m, STACK0 - 12, 0x5001);
    poke32(m, STACK0 - 8, CODE0);
    poke32(m, STACK0 - 4, EFLAGS_FIXED);
    step(m, 2);
    CHECK_EQ(cpu->eip, 0x5002);
    cpu_raise_nmi(cpu); /* one that comes afterwards is taken */
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6020);
    machine_destroy(m);
}

TEST(smi_and_rsm)
{
    struct cpu_machine *m = FLAT("\x90\x90");
    struct cpu *cpu = m->cpu;
    PUT(m, 0x38000, "\x0f\xaa");
    cpu_raise_smi(cpu);
    step(m, 1);
    CHECK(cpu->smm);
    CHECK_EQ(cpu->eip, 0x8000);
    cpu_raise_smi(cpu); /* masked until RSM */
    cpu_raise_nmi(cpu);
    step(m, 1);
    CHECK(!cpu->smm);
    CHECK_EQ(cpu->eip, 0x5000);
    step(m, 1);
    CHECK(cpu->smm);
    step(m, 1);
    CHECK(!cpu->smm);
    step(m, 1);
    CHECK_EQ(cpu->eip, 0x6020); /* the NMI */
    machine_destroy(m);
}

TEST(rsm_outside_smm)
{
    struct cpu_machine *m = FLAT("\x0f\xaa");
    step(m, 1);
    CHECK_EQ(m->cpu->eip, 0x6000 + EXC_UD * 16);
    machine_destroy(m);
}

TEST(undefined_forms)
{
    /*
     * mov cs, ax; mov ss-like /6; mov cr1; mov cr5; lldt in memory with LOCK; xgetbv without
     * OSXSAVE; monitor
     */
    static const char insns[][5] = { "\x8e\xc8",     "\x8e\xf0",         "\x0f\x20\xc8",
                                     "\x0f\x20\xe8", "\xf0\x0f\x00\x10", "\x0f\x01\xd0",
                                     "\x0f\x01\xc8", "\xc4\xc0",         "\x62\xc0" };
    for (unsigned n = 0; n < ARRAY_SIZE(insns); n++) {
        struct cpu_machine *m = flat(insns[n], 4);
        step(m, 1);
        CHECK_EQ(m->cpu->eip, 0x6000 + EXC_UD * 16);
        machine_destroy(m);
    }
}

/* ---- time ------------------------------------------------------------------------------------ */

static void count_expired(void *opaque)
{
    ++*(unsigned *)opaque;
}

/* The event loop may be late: nothing else runs timers here. */
TEST(rdtsc_runs_late_timers)
{
    struct cpu_machine *m = FLAT("\x0f\x31\x89\xc6\x0f\x31"); /* rdtsc; mov esi,eax; rdtsc */
    struct timer timer;
    unsigned expired = 0;
    timer_init(&timer, m->clock, count_expired, &expired);
    timer_set(&timer, clock_now(m->clock) + 3600 * NS_PER_SECOND);
    step(m, 1);
    CHECK_EQ(expired, 0);
    timer_set(&timer, clock_now(m->clock) - NS_PER_SECOND);
    step(m, 2);
    CHECK_EQ(expired, 1);
    CHECK_EQ(m->cpu->eip, 0x5006);
    uint32_t first = (uint32_t)m->cpu->gpr[RSI], second = (uint32_t)m->cpu->gpr[RAX];
    CHECK(second - first < UINT32_MAX / 2);
    machine_destroy(m);
}

/* ---- control registers, SDM 2 "LMSW", "XSETBV", "MONITOR", "RDPMC" ---------------------------- */

/* Loads the low four bits, and PE only upward. */
TEST(lmsw_and_smsw)
{
    struct cpu_machine *m = FLAT("\x0f\x01\xf0"         /* lmsw ax */
                                 "\x0f\x01\x33"         /* lmsw [ebx] */
                                 "\x0f\x01\xe1"         /* smsw ecx */
                                 "\x66\x0f\x01\xe2"     /* smsw dx */
                                 "\x0f\x01\x63\x04"     /* smsw [ebx+4] */
                                 "\x66\x0f\x01\x63\x08" /* smsw [ebx+8], with 66 */
                                 "\x0f\x06");           /* clts */
    struct cpu *cpu = m->cpu;
    uint32_t others = cpu->cr0 & ~0xfu;
    cpu->gpr[RAX] = 0xfff8; /* TS alone */
    cpu->gpr[RBX] = 0x9000;
    cpu->gpr[RDX] = 0xaaaaaaaa;
    poke32(m, 0x9000, 0xffffffff);
    poke32(m, 0x9004, 0xffffffff);
    poke32(m, 0x9008, 0xffffffff);
    step(m, 1);
    CHECK_EQ(cpu->cr0, others | CR0_TS | CR0_PE);
    step(m, 1);
    CHECK_EQ(cpu->cr0, others | 0xf);
    step(m, 4);
    CHECK_EQ(cpu->gpr[RCX], cpu->cr0);
    CHECK_EQ(cpu->gpr[RDX], 0xaaaa0000 | (cpu->cr0 & 0xffff));
    CHECK_EQ(peek32(m, 0x9004), 0xffff0000 | (cpu->cr0 & 0xffff)); /* 16 bits, whatever the size */
    CHECK_EQ(peek32(m, 0x9008), 0xffff0000 | (cpu->cr0 & 0xffff));
    step(m, 1);
    CHECK_EQ(cpu->cr0, others | 0x7);
    machine_destroy(m);
}

/* What one instruction raises; -1: nothing. */
static int raises(struct cpu_machine *m, const char *bytes, size_t size)
{
    struct cpu *cpu = m->cpu;
    uint64_t eip = cpu->eip = 0x5000;
    put(m, 0x5000, bytes, size);
    cpu_step(cpu);
    return cpu->eip == eip + size ? -1 : (int)(cpu->eip - 0x6000) / 16;
}
#define RAISES(m, bytes) raises(m, bytes, sizeof(bytes) - 1)

TEST(xsetbv_takes_what_there_is)
{
    static const char code[] = "\x0f\x01\xd1", get[] = "\x0f\x01\xd0";
    struct cpu_machine *m = FLAT("");
    struct cpu *cpu = m->cpu;
    CHECK_EQ(RAISES(m, code), EXC_UD); /* CR4.OSXSAVE is clear */
    CHECK_EQ(RAISES(m, get), EXC_UD);
    cpu->cr4 |= CR4_OSXSAVE;
    cpu->gpr[RDX] = cpu->gpr[RCX] = 0;
    static const uint8_t wrong[] = { 0, 2, 5, 7 }; /* without x87; with what is not there */
    for (unsigned n = 0; n < ARRAY_SIZE(wrong); n++) {
        cpu->gpr[RAX] = wrong[n];
        CHECK_EQ(RAISES(m, code), EXC_GP);
    }
    cpu->gpr[RAX] = 3;
    cpu->gpr[RCX] = 1;
    CHECK_EQ(RAISES(m, code), EXC_GP);
    CHECK_EQ(RAISES(m, get), EXC_GP);
    cpu->gpr[RCX] = 0;
    CHECK_EQ(RAISES(m, code), -1);
    CHECK_EQ(cpu->xcr0, 3);
    cpu->gpr[RAX] = 0;
    CHECK_EQ(RAISES(m, get), -1);
    CHECK_EQ(cpu->gpr[RAX], 3);
    machine_destroy(m);
}

TEST(monitor_and_mwait)
{
    static const char monitor[] = "\x0f\x01\xc8", mwait[] = "\x0f\x01\xc9";
    struct cpu_machine *m = machine_create("max,+monitor");
    struct cpu *cpu = m->cpu;
    machine_protect(m);
    cpu->gpr[RAX] = 0x9000;
    cpu->gpr[RCX] = cpu->gpr[RDX] = 0;
    CHECK_EQ(RAISES(m, monitor), -1);
    CHECK_EQ(RAISES(m, mwait), -1);
    CHECK(!cpu->halted);
    cpu->gpr[RCX] = 1;
    CHECK_EQ(RAISES(m, monitor), EXC_GP);
    CHECK_EQ(RAISES(m, mwait), -1);
    cpu->gpr[RCX] = 2;
    CHECK_EQ(RAISES(m, mwait), EXC_GP);
    cpu->gpr[RCX] = 0;
    machine_user(m, 0x202);
    CHECK_EQ(RAISES(m, monitor), EXC_UD);
    machine_user(m, 0x202);
    CHECK_EQ(RAISES(m, mwait), EXC_UD);
    machine_destroy(m);
}

/* No counters: each index is out of range. */
TEST(rdpmc)
{
    struct cpu_machine *m = FLAT("");
    m->cpu->gpr[RCX] = 0;
    CHECK_EQ(RAISES(m, "\x0f\x33"), EXC_GP);
    machine_destroy(m);
}

/* The 8087's FENI and FDISI and the 80287's FSETPM do nothing. SDM 1 8.1.10, 3B 22.18.9 */
TEST(control_instructions_of_old_coprocessors)
{
    struct cpu_machine *m = FLAT("");
    uint16_t control = m->cpu->fpu.control;
    CHECK_EQ(RAISES(m, "\xdb\xe0"), -1);
    CHECK_EQ(RAISES(m, "\xdb\xe1"), -1);
    CHECK_EQ(RAISES(m, "\xdb\xe4"), -1);
    CHECK_EQ(m->cpu->fpu.control, control);
    machine_destroy(m);
}
