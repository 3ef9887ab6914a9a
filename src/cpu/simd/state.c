// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// FXSAVE, FXRSTOR, XSAVE, XRSTOR.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"
#include "cpu/x87/fpu.h"

/*
 * SDM 1 table 10-2. In bytes; what lies between is reserved, and 416-511 are the software's. A
 * 32-bit processor has XMM0-7. XSAVE's legacy region is the same, with a header behind it (SDM 1
 * 13.4).
 */
enum {
    FX_CONTROL = 0,
    FX_STATUS = 2,
    FX_TAGS = 4,
    FX_OPCODE = 6,
    FX_IP = 8,
    FX_CS = 12,
    FX_DP = 16,
    FX_DS = 20,
    FX_MXCSR = 24,
    FX_MXCSR_MASK = 28,
    FX_ST = 32,
    FX_XMM = 160,
    FX_XMM_END = 288,
    FX_SIZE = 512,
    XSAVE_BV = 512,
    XSAVE_COMP_BV = 520,
    XSAVE_SIZE = 576,
};
enum { XSTATE_X87 = 1 << 0, XSTATE_SSE = 1 << 1, XSTATE_AVX = 1 << 2 };

static inline void put64(struct cpu *cpu, const struct insn *i, uint32_t offset, uint64_t v)
{
    exec_store64(cpu, i, i->seg, offset & i->addr_mask, v);
}
static inline uint64_t get64(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    return exec_load64(cpu, i, i->seg, offset & i->addr_mask);
}

static void save_x87(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    const struct fpu *f = &cpu->fpu;
    put64(cpu, i, offset + FX_CONTROL, f->control | (uint64_t)fpu_status(cpu) << 16 |
          (uint64_t)fpu_abridged_tags(cpu) << 32 | (uint64_t)f->opcode << 48);
    put64(cpu, i, offset + FX_IP, f->ip | (uint64_t)f->ip_selector << 32);
    put64(cpu, i, offset + FX_DP, f->dp | (uint64_t)f->dp_selector << 32);
    for (unsigned n = 0; n < 8; n++) {
        const struct f80 *v = st(cpu, n);
        put64(cpu, i, offset + FX_ST + 16 * n, v->significand);
        put64(cpu, i, offset + FX_ST + 16 * n + 8, v->sign_exponent);
    }
}

static void save_mxcsr(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    put64(cpu, i, offset + FX_MXCSR, cpu->fpu.mxcsr | (uint64_t)sse_mxcsr_mask(cpu) << 32);
}

static void save_xmm(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    for (unsigned n = 0; n < 8; n++) {
        put64(cpu, i, offset + FX_XMM + 16 * n, xmm(cpu, n)->u64[0]);
        put64(cpu, i, offset + FX_XMM + 16 * n + 8, xmm(cpu, n)->u64[1]);
    }
}

/* The whole image is read before anything changes. */
struct image {
    uint64_t word[FX_XMM_END / 8];
};

static void read_image(struct cpu *cpu, const struct insn *i, uint32_t offset, struct image *image)
{
    for (unsigned n = 0; n < ARRAY_SIZE(image->word); n++)
        image->word[n] = get64(cpu, i, offset + 8 * n);
}

static void restore_x87(struct cpu *cpu, const struct image *image)
{
    struct fpu *f = &cpu->fpu;
    uint64_t w = image->word[0];
    f->control = (uint16_t)((w & 0x1f3f) | 0x40);
    f->empty = (uint8_t)~(w >> 32);
    f->opcode = w >> 48 & 0x7ff;
    f->ip = (uint32_t)image->word[FX_IP / 8];
    f->ip_selector = (uint16_t)(image->word[FX_IP / 8] >> 32);
    f->dp = (uint32_t)image->word[FX_DP / 8];
    f->dp_selector = (uint16_t)(image->word[FX_DP / 8] >> 32);
    fpu_set_status(cpu, (uint16_t)(w >> 16));
    for (unsigned n = 0; n < 8; n++)
        *st(cpu, n) = (struct f80){image->word[FX_ST / 8 + 2 * n],
                                   (uint16_t)image->word[FX_ST / 8 + 2 * n + 1]};
}

static void restore_xmm(struct cpu *cpu, const struct image *image)
{
    for (unsigned n = 0; n < 8; n++) {
        xmm(cpu, n)->u64[0] = image->word[FX_XMM / 8 + 2 * n];
        xmm(cpu, n)->u64[1] = image->word[FX_XMM / 8 + 2 * n + 1];
    }
}

static uint32_t image_mxcsr(const struct image *image)
{
    return (uint32_t)image->word[FX_MXCSR / 8];
}

/* Without CR4.OSFXSR the SSE part stays out. */
EXEC(fxsave)
{
    X87_BEGIN_NO_WAIT;
    uint32_t offset = exec_ea(cpu, i);
    exec_check_alignment(cpu, i, i->seg, offset, 16);
    exec_prepare_write(cpu, i, i->seg, offset, FX_SIZE);
    save_x87(cpu, i, offset);
    if (cpu->cr4 & CR4_OSFXSR) {
        save_mxcsr(cpu, i, offset);
        save_xmm(cpu, i, offset);
    }
    EXEC_NEXT;
}

OUT_OF_LINE void fxrstor_body(struct cpu *cpu, const struct insn *i)
{
    struct image image;
    uint32_t offset = exec_ea(cpu, i);
    exec_check_alignment(cpu, i, i->seg, offset, 16);
    exec_prepare_read(cpu, i, i->seg, offset, FX_SIZE);
    read_image(cpu, i, offset, &image);
    exec_sync(cpu, i);
    if (cpu->cr4 & CR4_OSFXSR) {
        sse_load_mxcsr(cpu, i, image_mxcsr(&image));
        restore_xmm(cpu, &image);
    }
    restore_x87(cpu, &image);
}

EXEC(fxrstor)
{
    X87_BEGIN_NO_WAIT;
    fxrstor_body(cpu, i);
    EXEC_NEXT;
}

/* ---- XSAVE: SDM 1 13.7, 13.8 ----------------------------------------------------------------- */
static void xsave_check(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    if (!(cpu->cr4 & CR4_OSXSAVE))
        exec_raise(cpu, i, EXC_UD);
    if (cpu->cr0 & CR0_TS)
        exec_raise(cpu, i, EXC_NM);
    exec_check_alignment(cpu, i, i->seg, offset, 64);
    fpu_sync(cpu);
}

static uint64_t requested(const struct cpu *cpu)
{
    return cpu->xcr0 & ((uint64_t)reg32(cpu, RDX) << 32 | reg32(cpu, RAX));
}

/* Every component counts as in use; XSTATE_BV of those not asked for stays. */
EXEC(xsave)
{
    uint32_t offset = exec_ea(cpu, i);
    xsave_check(cpu, i, offset);
    uint64_t components = requested(cpu);
    exec_prepare_write(cpu, i, i->seg, offset, XSAVE_SIZE);
    uint64_t in_use = get64(cpu, i, offset + XSAVE_BV);
    if (components & XSTATE_X87)
        save_x87(cpu, i, offset);
    if (components & (XSTATE_SSE | XSTATE_AVX))
        save_mxcsr(cpu, i, offset);
    if (components & XSTATE_SSE)
        save_xmm(cpu, i, offset);
    put64(cpu, i, offset + XSAVE_BV, in_use | components);
    EXEC_NEXT;
}

/*
 * Bits of XSTATE_BV outside XCR0, and anything in the rest of the header that the standard form
 * reserves, are #GP(0).
 */
static void check_header(struct cpu *cpu, const struct insn *i, uint32_t offset, uint64_t in_use)
{
    if ((in_use & ~cpu->xcr0) || get64(cpu, i, offset + XSAVE_COMP_BV) ||
        get64(cpu, i, offset + XSAVE_COMP_BV + 8))
        exec_raise_error(cpu, i, EXC_GP, 0);
}

OUT_OF_LINE void xrstor_body(struct cpu *cpu, const struct insn *i)
{
    static const struct image initial = {{0x037f}};
    struct image image;
    uint32_t offset = exec_ea(cpu, i);
    xsave_check(cpu, i, offset);
    uint64_t components = requested(cpu);
    exec_prepare_read(cpu, i, i->seg, offset, XSAVE_SIZE);
    uint64_t in_use = get64(cpu, i, offset + XSAVE_BV);
    check_header(cpu, i, offset, in_use);
    read_image(cpu, i, offset, &image);
    exec_sync(cpu, i);
    if (components & (XSTATE_SSE | XSTATE_AVX))
        sse_load_mxcsr(cpu, i, image_mxcsr(&image));
    if (components & XSTATE_SSE)
        restore_xmm(cpu, in_use & XSTATE_SSE ? &image : &initial);
    if (components & XSTATE_X87)
        restore_x87(cpu, in_use & XSTATE_X87 ? &image : &initial);
}

EXEC(xrstor)
{
    xrstor_body(cpu, i);
    EXEC_NEXT;
}
