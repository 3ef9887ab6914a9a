// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// FPU and SSE state: images in memory, availability, pending errors, alignment.
#include "unit.h"

#include <stdlib.h>

#include "cpu/access.h"
#include "cpu/system.h"
#include "cpu/x87/fpu.h"
#include "host/host.h"

/*
 * A processor with one page of memory at DATA; instructions are bytes that the decoder sees, at
 * 0x1000.
 */
#define DATA 0x00400000u
#define PAGE 4096u

static struct cpu *cpu;
static uint8_t *memory;
static int ferr_level, ferr_changes;

static void ferr(void *opaque, bool level)
{
    (void)opaque;
    ferr_level = level;
    ferr_changes++;
}

static const struct insn *stop(struct cpu *c, const struct insn *i)
{
    (void)c;
    return i;
}

static void start(void)
{
    if (cpu == NULL) {
        cpu = calloc(1, sizeof *cpu);
        memory = calloc(1, PAGE);
        cpu->bus.lock = host_lock_create();
    }
    struct host_lock *lock = cpu->bus.lock;
    memset(cpu, 0, sizeof *cpu);
    memset(memory, 0, PAGE);
    cpu->bus.lock = lock;
    cpu->bus.ferr = ferr;
    cpu->model.features[FEATURE_SSE2 / 64] |= 1ull << (FEATURE_SSE2 % 64);
    for (unsigned s = 0; s < SEG_COUNT; s++)
        cpu->seg[s] =
            (struct segment){.limit = 0xffffffff,
                             .attributes = ATTR_S | ATTR_P | ATTR_DB | ATTR_G | ATTR_WRITABLE,
                             .selector = (uint16_t)(8 * s + 8),
                             .read_max = INT64_MAX,
                             .write_max = INT64_MAX};
    cpu->cr0 = CR0_PE | CR0_NE | CR0_ET;
    cpu->cr4 = CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE;
    cpu->xcr0 = 3;
    cpu->eflags = EFLAGS_FIXED;
    cpu->mode = MODE_CS32;
    cpu->attention = ATTENTION_EXIT;
    cpu->block_eip = 0x1000;
    cpu->tlb = cpu->tlbs[0];
    *tlb_entry(cpu, DATA) =
        (struct tlb_entry){tlb_tag(DATA), tlb_tag(DATA), (uint64_t)(uintptr_t)memory - DATA};
    cpu->gpr[RBX] = DATA;
    fpu_reset(cpu, false);
    ferr_level = ferr_changes = 0;
}

/* The vector raised, or -1. Memory operands are [EBX] or [EBX+disp]. */
static int run(const char *bytes)
{
    struct insn insns[2] = {0};
    uint8_t padded[16] = {0};
    memcpy(padded, bytes, 8);
    CHECK(insn_decode(&insns[0], padded, sizeof padded, cpu->mode, NULL) > 0);
    insns[1].fn = stop;
    cpu_update_fpu_closed(cpu);
    cpu->eip = 0;
    if (__builtin_setjmp(cpu->jump) != 0)
        return cpu->pending.vector;
    insns[0].fn(cpu, &insns[0]);
    return -1;
}
#define RUN(bytes) run(bytes "\0\0\0\0\0\0\0")

#define FNINIT "\xdb\xe3"
#define FLD1 "\xd9\xe8"
#define FLDZ "\xd9\xee"
#define FNOP "\xd9\xd0"
#define FWAIT "\x9b"
#define FNCLEX "\xdb\xe2"
#define FDIV_ZERO "\xdc\xf9" /* fdiv st(1),st: ST(1) by ST(0) */
#define ADDPS "\x0f\x58\xc1"
#define PADDB "\x0f\xfc\xc1"
#define PADDB_XMM "\x66\x0f\xfc\xc1"

TEST(power_up)
{
    start();
    CHECK_EQ(cpu->fpu.control, 0x0040);
    CHECK_EQ(fpu_tags(cpu), 0x5555);
    CHECK_EQ(cpu->fpu.mxcsr, 0x1f80);
    CHECK_EQ(RUN(FNINIT), -1);
    CHECK_EQ(cpu->fpu.control, 0x037f);
    CHECK_EQ(fpu_status(cpu), 0);
    CHECK_EQ(fpu_tags(cpu), 0xffff);
    cpu->fpu.mxcsr = 0x1fa0;
    fpu_reset(cpu, true); /* INIT# leaves it */
    CHECK_EQ(cpu->fpu.control, 0x037f);
    CHECK_EQ(cpu->fpu.mxcsr, 0x1fa0);
}

/* SDM 3A table 2-2: EM and TS; WAIT heeds MP and TS. */
TEST(device_not_available)
{
    start();
    cpu->cr0 |= CR0_TS;
    CHECK_EQ(RUN(FLD1), EXC_NM);
    CHECK_EQ(RUN(FNINIT), EXC_NM);
    CHECK_EQ(RUN(FWAIT), -1);
    cpu->cr0 |= CR0_MP;
    CHECK_EQ(RUN(FWAIT), EXC_NM);
    CHECK_EQ(RUN(ADDPS), EXC_NM);
    CHECK_EQ(RUN(PADDB), EXC_NM);
    CHECK_EQ(RUN("\x0f\xae\x03"), EXC_NM); /* fxsave [ebx] */
    CHECK_EQ(RUN("\x0f\xae\xf0"), -1);     /* mfence */
    CHECK_EQ(RUN("\x0f\xc3\x03"), -1);     /* movnti [ebx],eax */
    cpu->cr0 = (cpu->cr0 & ~CR0_TS) | CR0_EM;
    CHECK_EQ(RUN(FLD1), EXC_NM);
    CHECK_EQ(RUN(FWAIT), -1);
    CHECK_EQ(RUN(ADDPS), EXC_UD);
    CHECK_EQ(RUN(PADDB), EXC_UD);
    cpu->cr0 &= ~CR0_EM;
    cpu->cr4 &= ~CR4_OSFXSR;
    CHECK_EQ(RUN(ADDPS), EXC_UD);
    CHECK_EQ(RUN(PADDB_XMM), EXC_UD);
    CHECK_EQ(RUN(PADDB), -1);
}

static void divide_by_zero(void)
{
    RUN(FNINIT);
    store_le16(memory, 0x037b); /* ZM = 0 */
    RUN("\xd9\x2b");            /* fldcw [ebx] */
    RUN(FLD1);
    RUN(FLDZ);
    CHECK_EQ(RUN(FDIV_ZERO), -1);
    CHECK_EQ(fpu_status(cpu) & 0x80ff, 0x8084);
}

TEST(pending_error)
{
    start();
    divide_by_zero();
    CHECK_EQ(cpu->fpu.physical[7].significand, 1ull << 63); /* ST(1) is still 1.0 */
    CHECK_EQ(RUN(FNOP), EXC_MF);
    CHECK_EQ(cpu->eip, 0x1000);
    CHECK_EQ(RUN(FWAIT), EXC_MF);
    CHECK_EQ(RUN(PADDB), EXC_MF);
    CHECK_EQ(RUN("\x0f\x77"), EXC_MF);     /* emms */
    CHECK_EQ(RUN(PADDB_XMM), -1);          /* XMM only */
    CHECK_EQ(RUN("\xdf\xe0"), -1);         /* fnstsw ax */
    CHECK_EQ(reg16(cpu, RAX), 0xb084);
    CHECK_EQ(RUN("\xd9\x33"), -1);         /* fnstenv [ebx] masks everything */
    CHECK_EQ(load_le16(memory + 4), 0xb084);
    CHECK_EQ(RUN(FNOP), -1);
    CHECK_EQ(RUN("\xd9\x23"), -1);         /* fldenv [ebx] brings it back */
    CHECK_EQ(RUN(FNOP), EXC_MF);
    CHECK_EQ(RUN(FNCLEX), -1);
    CHECK_EQ(fpu_status(cpu) & 0x80ff, 0);
    CHECK_EQ(RUN(FNOP), -1);
    CHECK_EQ(ferr_changes, 0);
}

/* CR0.NE = 0: IRQ 13, then IGNNE# by the board until the error is cleared. */
TEST(ferr_and_ignne)
{
    start();
    cpu->cr0 &= ~CR0_NE;
    divide_by_zero();
    CHECK_EQ(ferr_level, 0);
    cpu->block_eip = 0x2000;
    CHECK_EQ(RUN(FNOP), -1); /* frozen: comes back to itself */
    CHECK_EQ(cpu->eip, 0x2000);
    CHECK_EQ(ferr_level, 1);
    RUN(FWAIT);
    CHECK_EQ(ferr_changes, 1);
    fpu_clear_ferr(cpu);
    CHECK_EQ(ferr_level, 0);
    CHECK(cpu->fpu.ignne);
    CHECK_EQ(RUN(FLD1), -1);
    CHECK_EQ(fpu_status(cpu) >> 11 & 7, 5); /* it was executed */
    CHECK_EQ(RUN(FNCLEX), -1);
    CHECK(!cpu->fpu.ignne);
    CHECK_EQ(ferr_level, 0);
}

static void fill(void)
{
    RUN(FNINIT);
    RUN("\xd9\xeb"); /* fldpi */
    RUN(FLDZ);
    RUN(FLD1);
    cpu->fpu.ip = 0x00123456;
    cpu->fpu.ip_selector = 0x1b;
    cpu->fpu.dp = 0x00abcdef;
    cpu->fpu.dp_selector = 0x23;
    cpu->fpu.opcode = 0x5a5;
}

/* SDM 1 figures 8-9 to 8-12. */
TEST(environment_formats)
{
    start();
    fill();
    CHECK_EQ(RUN("\xd9\x33"), -1);
    CHECK_EQ(load_le32(memory), 0xffff037f);
    CHECK_EQ(load_le32(memory + 4), 0xffff2800);
    CHECK_EQ(load_le32(memory + 8), 0xffff13ff);
    CHECK_EQ(load_le32(memory + 12), 0x00123456);
    CHECK_EQ(load_le32(memory + 16), 0x05a5001b);
    CHECK_EQ(load_le32(memory + 20), 0x00abcdef);
    CHECK_EQ(load_le32(memory + 24), 0xffff0023);
    fill();
    CHECK_EQ(RUN("\x66\xd9\x33"), -1);
    CHECK_EQ(load_le16(memory + 2), 0x2800);
    CHECK_EQ(load_le16(memory + 6), 0x3456);
    CHECK_EQ(load_le16(memory + 8), 0x001b);
    CHECK_EQ(load_le16(memory + 10), 0xcdef);
    CHECK_EQ(load_le16(memory + 12), 0x0023);
    cpu->cr0 &= ~CR0_PE;
    fill();
    CHECK_EQ(RUN("\xd9\x33"), -1);
    uint32_t ip = 0x1b0 + 0x123456, dp = 0x230 + 0xabcdef;
    CHECK_EQ(load_le16(memory + 12), ip & 0xffff);
    CHECK_EQ(load_le32(memory + 16), (ip >> 16 << 12) | 0x5a5);
    CHECK_EQ(load_le16(memory + 20), dp & 0xffff);
    CHECK_EQ(load_le32(memory + 24), dp >> 16 << 12);
    fill();
    CHECK_EQ(RUN("\x66\xd9\x33"), -1);
    CHECK_EQ(load_le16(memory + 8), (uint16_t)(ip >> 16 << 12 | 0x5a5));
    CHECK_EQ(load_le16(memory + 12), (uint16_t)(dp >> 16 << 12));
}

static void save_and_restore(const char *save, const char *restore, unsigned size)
{
    start();
    fill();
    struct f80 pi = cpu->fpu.physical[7];
    memset(memory, 0xa5, PAGE);
    CHECK_EQ(run(save), -1);
    CHECK_EQ(memory[size], 0xa5);
    CHECK_EQ(fpu_tags(cpu), 0xffff); /* FNINIT */
    CHECK_EQ(fpu_status(cpu), 0);
    CHECK_EQ(cpu->fpu.ip, 0);
    memset(cpu->fpu.physical, 0, sizeof cpu->fpu.physical);
    CHECK_EQ(run(restore), -1);
    CHECK_EQ(fpu_status(cpu), 0x2800);
    CHECK_EQ(fpu_tags(cpu), 0x13ff);
    CHECK_EQ(cpu->fpu.physical[7].significand, pi.significand);
    CHECK_EQ(cpu->fpu.physical[7].sign_exponent, pi.sign_exponent);
    CHECK_EQ(cpu->fpu.ip_selector, 0x1b);
    CHECK_EQ(cpu->fpu.dp, size == 108 ? 0xabcdef : 0xcdef);
}

TEST(fnsave_frstor)
{
    save_and_restore("\xdd\x33\0\0\0\0\0\0", "\xdd\x23\0\0\0\0\0\0", 108);
    save_and_restore("\x66\xdd\x33\0\0\0\0\0", "\x66\xdd\x23\0\0\0\0\0", 94);
}

TEST(instruction_pointers)
{
    start();
    RUN(FNINIT);
    cpu->block_eip = 0x3000;
    CHECK_EQ(RUN("\xd9\x43\x10"), -1); /* fld dword [ebx+10h] */
    CHECK_EQ(cpu->fpu.ip, 0x3000);
    CHECK_EQ(cpu->fpu.ip_selector, cpu->seg[SEG_CS].selector);
    CHECK_EQ(cpu->fpu.dp, DATA + 0x10);
    CHECK_EQ(cpu->fpu.dp_selector, cpu->seg[SEG_DS].selector);
    CHECK_EQ(cpu->fpu.opcode, 0x143);
    cpu->block_eip = 0x4000;
    CHECK_EQ(RUN("\xdf\xe0"), -1); /* control instructions leave them */
    CHECK_EQ(RUN("\xd9\x3b"), -1);
    CHECK_EQ(cpu->fpu.ip, 0x3000);
    CHECK_EQ(RUN(FLD1), -1);
    CHECK_EQ(cpu->fpu.ip, 0x4000);
    CHECK_EQ(cpu->fpu.opcode, 0x1e8);
    CHECK_EQ(cpu->fpu.dp, DATA + 0x10);
}

/* SDM 1 table 10-2. */
TEST(fxsave_fxrstor)
{
    start();
    fill();
    cpu->fpu.mxcsr = 0x9fc0;
    for (unsigned n = 0; n < 8; n++)
        cpu->fpu.xmm[n].u64[0] = 0x1111111111111111u * n, cpu->fpu.xmm[n].u64[1] = n;
    memset(memory, 0xa5, PAGE);
    CHECK_EQ(RUN("\x0f\xae\x43\x08"), EXC_GP); /* 16-byte alignment */
    CHECK_EQ(RUN("\x0f\xae\x03"), -1);
    CHECK_EQ(load_le16(memory), 0x037f);
    CHECK_EQ(load_le16(memory + 2), 0x2800);
    CHECK_EQ(memory[4], 0xe0);
    CHECK_EQ(load_le16(memory + 6), 0x5a5);
    CHECK_EQ(load_le32(memory + 8), 0x00123456);
    CHECK_EQ(load_le16(memory + 12), 0x1b);
    CHECK_EQ(load_le32(memory + 16), 0x00abcdef);
    CHECK_EQ(load_le32(memory + 24), 0x9fc0);
    CHECK_EQ(load_le32(memory + 28), 0xffff);
    CHECK_EQ(load_le64(memory + 32), 1ull << 63); /* ST(0) = 1.0 */
    CHECK_EQ(load_le16(memory + 40), 0x3fff);
    CHECK_EQ(load_le64(memory + 160 + 7 * 16), 0x7777777777777777u);
    CHECK_EQ(memory[288], 0xa5);
    fpu_reset(cpu, false);
    CHECK_EQ(RUN("\x0f\xae\x0b"), -1);
    CHECK_EQ(fpu_tags(cpu), 0x13ff);
    CHECK_EQ(cpu->fpu.mxcsr, 0x9fc0);
    CHECK_EQ(cpu->fpu.xmm[7].u64[1], 7);
    memory[26] = 1; /* a reserved bit of MXCSR */
    fpu_reset(cpu, false);
    CHECK_EQ(RUN("\x0f\xae\x0b"), EXC_GP);
    CHECK_EQ(cpu->fpu.control, 0x0040);
    CHECK_EQ(cpu->fpu.xmm[7].u64[1], 0);
}

TEST(xsave_xrstor)
{
    start();
    fill();
    cpu->fpu.xmm[3].u64[0] = 0x1234;
    cpu->gpr[RAX] = 3, cpu->gpr[RDX] = 0;
    CHECK_EQ(RUN("\x0f\xae\x63\x10"), EXC_GP); /* 64-byte alignment */
    CHECK_EQ(RUN("\x0f\xae\x23"), -1);
    CHECK_EQ(load_le64(memory + 512), 3);
    CHECK_EQ(load_le64(memory + 160 + 48), 0x1234);
    /* A component that XSTATE_BV lacks becomes initial; MXCSR comes from memory all the same. */
    store_le64(memory + 512, 1);
    store_le32(memory + 24, 0x1fa0);
    cpu->fpu.mxcsr = 0x1f80;
    CHECK_EQ(RUN("\x0f\xae\x2b"), -1);
    CHECK_EQ(cpu->fpu.xmm[3].u64[0], 0);
    CHECK_EQ(cpu->fpu.mxcsr, 0x1fa0);
    CHECK_EQ(fpu_tags(cpu), 0x13ff);
    store_le64(memory + 512, 2);
    CHECK_EQ(RUN("\x0f\xae\x2b"), -1);
    CHECK_EQ(fpu_tags(cpu), 0xffff);
    CHECK_EQ(cpu->fpu.control, 0x037f);
    CHECK_EQ(cpu->fpu.xmm[3].u64[0], 0x1234);
    store_le64(memory + 512, 4); /* not in XCR0 */
    CHECK_EQ(RUN("\x0f\xae\x2b"), EXC_GP);
    store_le64(memory + 512, 3);
    store_le64(memory + 520, 1ull << 63); /* compacted */
    CHECK_EQ(RUN("\x0f\xae\x2b"), EXC_GP);
    cpu->cr4 &= ~CR4_OSXSAVE;
    CHECK_EQ(RUN("\x0f\xae\x2b"), EXC_UD);
}

TEST(mxcsr)
{
    start();
    store_le32(memory, 0xffbf);
    CHECK_EQ(RUN("\x0f\xae\x13"), -1);
    CHECK_EQ(cpu->fpu.mxcsr, 0xffbf);
    CHECK_EQ(RUN("\x0f\xae\x5b\x04"), -1);
    CHECK_EQ(load_le32(memory + 4), 0xffbf);
    store_le32(memory, 0x10000);
    CHECK_EQ(RUN("\x0f\xae\x13"), EXC_GP);
    CHECK_EQ(cpu->fpu.mxcsr, 0xffbf);
}

/* 1.0 / 0 with ZM = 0. */
TEST(simd_exception)
{
    start();
    cpu->fpu.mxcsr = 0x1d80;
    cpu->fpu.xmm[0].u32[0] = 0x3f800000;
    CHECK_EQ(RUN("\xf3\x0f\x5e\xc1"), EXC_XM); /* divss xmm0,xmm1 */
    CHECK_EQ(cpu->fpu.xmm[0].u32[0], 0x3f800000);
    CHECK_EQ(cpu->fpu.mxcsr, 0x1d84);
    cpu->cr4 &= ~CR4_OSXMMEXCPT;
    CHECK_EQ(RUN("\xf3\x0f\x5e\xc1"), EXC_UD);
    /* A sticky flag alone raises nothing. */
    cpu->fpu.xmm[1].u32[0] = 0x40000000;
    CHECK_EQ(RUN("\xf3\x0f\x5e\xc1"), -1);
    CHECK_EQ(cpu->fpu.xmm[0].u32[0], 0x3f000000);
}

TEST(alignment)
{
    start();
    CHECK_EQ(RUN("\x0f\x28\x43\x08"), EXC_GP);     /* movaps xmm0,[ebx+8] */
    CHECK_EQ(RUN("\x0f\x29\x43\x04"), EXC_GP);     /* movaps [ebx+4],xmm0 */
    CHECK_EQ(RUN("\x0f\x58\x43\x08"), EXC_GP);     /* addps xmm0,[ebx+8] */
    CHECK_EQ(RUN("\x66\x0f\xfc\x43\x01"), EXC_GP); /* paddb xmm0,[ebx+1] */
    CHECK_EQ(RUN("\x0f\x10\x43\x01"), -1);         /* movups */
    CHECK_EQ(RUN("\xf3\x0f\x58\x43\x01"), -1);     /* addss */
    CHECK_EQ(RUN("\xf2\x0f\xf0\x43\x01"), -1);     /* lddqu */
    CHECK_EQ(RUN("\x0f\xfc\x43\x01"), -1);         /* paddb mm0,[ebx+1] */
}

TEST(mmx_aliasing)
{
    start();
    fill();
    store_le64(memory, 0x0102030405060708u);
    CHECK_EQ(RUN("\x0f\x6f\x13"), -1); /* movq mm2,[ebx] */
    CHECK_EQ(cpu->fpu.physical[2].significand, 0x0102030405060708u);
    CHECK_EQ(cpu->fpu.physical[2].sign_exponent, 0xffff);
    CHECK_EQ(fpu_status(cpu) >> 11 & 7, 0);
    CHECK_EQ(cpu->fpu.empty, 0);
    CHECK_EQ(RUN("\x0f\x77"), -1);
    CHECK_EQ(fpu_tags(cpu), 0xffff);
    CHECK_EQ(cpu->fpu.physical[2].significand, 0x0102030405060708u);
}

/* The eight by 64 register forms that no processor has. */
TEST(undefined_x87_encodings)
{
    static const struct {
        uint8_t opcode, first, last;
    } undefined[] = {{0xd9, 0xd1, 0xd7}, {0xd9, 0xe2, 0xe3}, {0xd9, 0xe6, 0xe7}, {0xd9, 0xef, 0xef},
                     {0xda, 0xe0, 0xe8}, {0xda, 0xea, 0xff}, {0xdb, 0xe5, 0xe7}, {0xdb, 0xf8, 0xff},
                     {0xdd, 0xf0, 0xff}, {0xde, 0xd8, 0xd8}, {0xde, 0xda, 0xdf}, {0xdf, 0xe1, 0xe7},
                     {0xdf, 0xf8, 0xff}};
    for (unsigned opcode = 0xd8; opcode <= 0xdf; opcode++) {
        for (unsigned modrm = 0xc0; modrm <= 0xff; modrm++) {
            bool defined = true;
            for (unsigned n = 0; n < ARRAY_SIZE(undefined); n++) {
                if (undefined[n].opcode == opcode && undefined[n].first <= modrm &&
                    modrm <= undefined[n].last)
                    defined = false;
            }
            uint8_t bytes[15] = {(uint8_t)opcode, (uint8_t)modrm};
            struct insn insn;
            CHECK_EQ(insn_decode(&insn, bytes, sizeof bytes, MODE_CS32, NULL) == 2, defined);
        }
    }
}
