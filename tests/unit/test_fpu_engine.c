// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// x87, MMX and SSE in guest code: where they may run, what they raise, and that nothing is lost when
// others run between.
#include "cpu_machine.h"

#include "cpu/block_cache.h"

enum { CODE = 0x5000, DATA = 0x40000 };

#define UD2    "\x0f\x0b"
#define FNINIT "\xdb\xe3"

static struct cpu_machine *m;
static struct cpu *cpu;

static void execute(void)
{
    const struct insn *i = exec_dispatch(cpu);
    while (i != NULL)
        i = i->fn(cpu, i);
}

/* Until the first exception; UD2 is the planned one. All state is in struct cpu then. */
static int run(const void *bytes, size_t length)
{
    memcpy(machine_at(m, CODE), bytes, length);
    block_cache_flush(cpu);
    cpu->eip = CODE;
    cpu->gpr[RBX] = DATA;
    int vector = RAISED(cpu, execute());
    fpu_sync(cpu);
    return vector;
}
#define RUN(bytes) run(bytes UD2, sizeof(bytes UD2) - 1)

static void begin(void)
{
    m = machine_create("max");
    machine_protect(m);
    cpu = m->cpu;
    cpu->attention = 0;
    cpu_write_cr4(cpu, CR4_OSFXSR | CR4_OSXMMEXCPT);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_NE);
    CHECK_EQ(RUN(FNINIT), EXC_UD);
    CHECK_EQ(cpu->fpu.control, 0x037f);
}

static void set_xmm(unsigned n, double low, double high)
{
    memcpy(&cpu->fpu.xmm[n].u64[0], &low, 8);
    memcpy(&cpu->fpu.xmm[n].u64[1], &high, 8);
}

static double xmm_low(unsigned n)
{
    double low;
    memcpy(&low, &cpu->fpu.xmm[n].u64[0], 8);
    return low;
}

/* ---- availability ---------------------------------------------------------------------------- */

/* What stands before the instruction in its block has happened, what stands behind it has not. */
static void check_refused(int vector)
{
    cpu->gpr[RAX] = cpu->gpr[RDX] = 0;
    CHECK_EQ(RUN("\xb8\x07\0\0\0\xf2\x0f\x58\xc1\xba\x09\0\0\0"), vector); /* addsd xmm0,xmm1 */
    CHECK_EQ(cpu->eip, vector == EXC_UD && cpu->gpr[RDX] ? CODE + 14 : CODE + 5);
    CHECK_EQ(cpu->gpr[RAX], 7);
}

TEST(not_available)
{
    begin();
    check_refused(EXC_UD); /* UD2 */
    CHECK_EQ(cpu->gpr[RDX], 9);
    cpu_write_cr0(cpu, cpu->cr0 | CR0_TS);
    check_refused(EXC_NM);
    CHECK_EQ(cpu->gpr[RDX], 0);
    CHECK_EQ(RUN("\xd9\xe8"), EXC_NM);
    CHECK_EQ(RUN("\x0f\xfc\xc1"), EXC_NM);
    cpu_write_cr0(cpu, (cpu->cr0 & ~CR0_TS) | CR0_EM);
    check_refused(EXC_UD);
    CHECK_EQ(cpu->gpr[RDX], 0);
    CHECK_EQ(RUN("\xd9\xe8"), EXC_NM);
    cpu_write_cr0(cpu, cpu->cr0 & ~CR0_EM);
    cpu_write_cr4(cpu, 0);
    check_refused(EXC_UD);
    CHECK_EQ(cpu->gpr[RDX], 0);
    CHECK_EQ(RUN("\xd9\xe8"), EXC_UD);
    CHECK_EQ(cpu->fpu.top, 7);
    machine_destroy(m);
}

/* CLTS opens it to the instruction behind it in the same block; MOV CR0 closes it. */
TEST(task_switched)
{
    begin();
    cpu_write_cr0(cpu, cpu->cr0 | CR0_TS);
    CHECK_EQ(RUN("\x0f\x06\xd9\xe8\xd9\xeb"), EXC_UD); /* clts; fld1; fldpi */
    CHECK_EQ(cpu->fpu.top, 6);
    /* fld1; mov eax,cr0; or al,8; mov cr0,eax; fld1 */
    CHECK_EQ(RUN("\xd9\xe8\x0f\x20\xc0\x0c\x08\x0f\x22\xc0\xd9\xe8"), EXC_NM);
    CHECK_EQ(cpu->fpu.top, 5);
    CHECK_EQ(cpu->eip, CODE + 10);
    machine_destroy(m);
}

/* ---- exceptions ------------------------------------------------------------------------------ */

TEST(unmasked_x87)
{
    begin();
    poke16(m, DATA, 0x037b); /* ZM = 0 */
    /* fldcw [ebx]; fld1; fldz; fdivp; inc eax; fnop */
    CHECK_EQ(RUN("\xd9\x2b\xd9\xe8\xd9\xee\xde\xf9\x40\xd9\xd0"), EXC_MF);
    CHECK_EQ(cpu->eip, CODE + 9);
    CHECK_EQ(cpu->fpu.status & 0x80ff, 0x8084);
    CHECK_EQ(RUN("\x9b"), EXC_MF);
    CHECK_EQ(RUN("\x0f\x77"), EXC_MF);
    set_xmm(0, 1, 0);
    CHECK_EQ(RUN("\xf2\x0f\x58\xc0"), EXC_UD); /* SSE does not mind */
    CHECK(xmm_low(0) == 2);
    CHECK_EQ(RUN("\xdb\xe2\xd9\xd0"), EXC_UD); /* fnclex; fnop */
    machine_destroy(m);
}

TEST(unmasked_sse)
{
    begin();
    set_xmm(0, 1, 0);
    set_xmm(1, 0, 0);
    poke32(m, DATA, 0x1f80 & ~0x200u);
    CHECK_EQ(RUN("\xf2\x0f\x5e\xc1\x0f\xae\x13"), EXC_UD); /* divsd; ldmxcsr [ebx] */
    CHECK_EQ(cpu->fpu.mxcsr, 0x1d80);
    CHECK_EQ(RUN("\x90\xf2\x0f\x5e\xc1"), EXC_UD); /* infinity / 0 is exact */
    set_xmm(0, 1, 0);
    CHECK_EQ(RUN("\x90\xf2\x0f\x5e\xc1"), EXC_XM);
    CHECK_EQ(cpu->eip, CODE + 1);
    CHECK(xmm_low(0) == 1);
    CHECK_EQ(cpu->fpu.mxcsr, 0x1d84);
    poke32(m, DATA, 0x11f80);
    CHECK_EQ(RUN("\x0f\xae\x13"), EXC_GP); /* reserved */
    CHECK_EQ(cpu->fpu.mxcsr, 0x1d84);
    machine_destroy(m);
}

/* 16 bytes that are not aligned: #GP(0), before anything has happened. */
TEST(misaligned)
{
    begin();
    set_xmm(0, 5, 0);
    CHECK_EQ(RUN("\x40\x66\x0f\x58\x43\x08"), EXC_GP); /* addpd xmm0,[ebx+8] */
    CHECK_EQ(cpu->pending.error, 0);
    CHECK_EQ(cpu->eip, CODE + 1);
    CHECK_EQ(RUN("\x66\x0f\x29\x43\x04"), EXC_GP);
    CHECK_EQ(RUN("\x66\x0f\x11\x43\x04"), EXC_UD); /* movupd */
    CHECK_EQ(peek32(m, DATA + 8), 0x40140000);
    /* Over the end of a page. */
    CHECK_EQ(RUN("\x0f\x11\x83\xf8\x0f\0\0\xdd\x83\xfc\x0f\0\0\xdb\xbb\xf9\x1f\0\0"), EXC_UD);
    CHECK_EQ(peek32(m, DATA + 0x0ffc), 0x40140000);
    CHECK_EQ(cpu->fpu.top, 0); /* fld qword, fstp tbyte */
    machine_destroy(m);
}

/* ---- the environment ------------------------------------------------------------------------- */

static const uint32_t environment[7] = { 0xffff0b7f, 0xffff1842, 0xffff3fff, 0x00123456,
                                         0x05a5001b, 0x00abcdef, 0xffff0023 };

/* What FLDENV loads FNSTENV stores, pointers too; between them the host's own would come. */
TEST(environment_round_trip)
{
    begin();
    memcpy(machine_at(m, DATA), environment, sizeof environment);
    CHECK_EQ(RUN("\xd9\xe8\xd9\x23\xd9\x73\x40\xdd\x7b\x60\xd9\x7b\x64"), EXC_UD);
    for (unsigned n = 0; n < 7; n++)
        CHECK_EQ(peek32(m, DATA + 0x40 + 4 * n), environment[n]);
    CHECK_EQ(peek16(m, DATA + 0x60), 0x1842);
    CHECK_EQ(peek16(m, DATA + 0x64), 0x0b7f);
    CHECK_EQ(cpu->fpu.top, 3);
    CHECK_EQ(cpu->fpu.empty, 0x7f);
    CHECK_EQ(cpu->fpu.ip, 0x00123456);
    CHECK_EQ(cpu->fpu.opcode, 0x5a5);
    CHECK_EQ(cpu->fpu.dp_selector, 0x23);
    /* The form of 16 bits. */
    CHECK_EQ(RUN("\x66\xd9\x73\x40"), EXC_UD);
    CHECK_EQ(peek16(m, DATA + 0x42), 0x1842);
    CHECK_EQ(peek16(m, DATA + 0x46), 0x3456);
    machine_destroy(m);
}

/* A bit of the opcode beyond its eleven, ES without a cause: neither arrives. */
TEST(environment_cleaned)
{
    begin();
    memcpy(machine_at(m, DATA), environment, sizeof environment);
    poke32(m, DATA + 4, 0xffff98c2);
    poke32(m, DATA + 16, 0xffff001b);
    CHECK_EQ(RUN("\xd9\x23\xd9\x73\x40\xd9\xd0"), EXC_UD);
    CHECK_EQ(peek32(m, DATA + 0x44), 0xffff1842);
    CHECK_EQ(peek32(m, DATA + 0x50), 0x07ff001b);
    machine_destroy(m);
}

TEST(environment_unmasks)
{
    begin();
    memcpy(machine_at(m, DATA), environment, sizeof environment);
    poke32(m, DATA, 0xffff037e);
    poke32(m, DATA + 4, 0xffff0001);
    CHECK_EQ(RUN("\xd9\x23\x40\xd9\xd0"), EXC_MF); /* fldenv; inc eax; fnop */
    CHECK_EQ(cpu->eip, CODE + 3);
    CHECK_EQ(cpu->fpu.status & 0x80ff, 0x8081);
    machine_destroy(m);
}

/* Outside protected mode code of 32 bits stores the real form. */
TEST(environment_real_mode)
{
    begin();
    memcpy(machine_at(m, DATA), environment, sizeof environment);
    CHECK_EQ(RUN("\xd9\x23"), EXC_UD);
    cpu_write_cr0(cpu, cpu->cr0 & ~CR0_PE);
    CHECK_EQ(cpu->mode, MODE_CS32);
    CHECK_EQ(RUN("\xd9\x73\x40"), EXC_UD);
    CHECK_EQ(peek16(m, DATA + 0x4c), (0x1b0 + 0x123456) & 0xffff);
    machine_destroy(m);
}

/* ---- loops ----------------------------------------------------------------------------------- */

/* The block jumps to itself; then with a port in it, whose chip may use every register. */
TEST(loops)
{
    begin();
    set_xmm(0, 0, 0);
    set_xmm(1, 0.5, 0);
    cpu->gpr[RCX] = 100000;
    CHECK_EQ(RUN("\xf2\x0f\x58\xc1\x49\x75\xf9"), EXC_UD); /* addsd; dec ecx; jnz */
    CHECK(xmm_low(0) == 50000);
    set_xmm(0, 0, 0);
    cpu->gpr[RCX] = 1000;
    CHECK_EQ(RUN("\xf2\x0f\x58\xc1\xe6\x80\xf2\x0f\x58\xc1\x49\x75\xf3"), EXC_UD);
    CHECK(xmm_low(0) == 1000);
    machine_destroy(m);
}

/* A call between two instructions: what it calls leaves the FPU closed. */
TEST(calls)
{
    begin();
    cpu->gpr[RCX] = 100;
    set_xmm(0, 0, 0);
    set_xmm(1, 0.5, 0);
    /* 0: addsd; call 14; addsd; dec ecx; jnz 0; ud2; 14: out 80h,al; ret */
    CHECK_EQ(RUN("\xf2\x0f\x58\xc1\xe8\x09\0\0\0\xf2\x0f\x58\xc1\x49\x75\xf0" UD2 "\xe6\x80\xc3"),
             EXC_UD);
    CHECK_EQ(cpu->gpr[RCX], 0);
    CHECK(xmm_low(0) == 100);
    machine_destroy(m);
}
