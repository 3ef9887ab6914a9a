// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest's x87, MMX and SSE state between struct fpu and the host's registers.
#include "cpu/simd/simd.h"
#include "cpu/x87/fpu.h"
#include "translator/internal.h"

/*
 * struct fpu begins as FXSAVE's image, so XMM registers never move in memory; the x87 registers are
 * turned between physical order and the image's stack order where TOP is not 0, which it is between
 * most programs' expressions.
 *
 * This file alone, of all that runs with the state live, has instructions of the FPU in it.
 */
_Static_assert(offsetof(struct fpu, image_head) == 0 && offsetof(struct fpu, physical) == 32 &&
                   offsetof(struct fpu, xmm) == 160 && offsetof(struct fpu, control) == 512,
               "SDM 1 table 10-2");

/* The image's head: FCW FSW FTW FOP; instruction and data pointers; MXCSR and its mask. */
enum { HEAD_CONTROL, HEAD_IP, HEAD_DP, HEAD_MXCSR };

/* registers[n] becomes what registers[n + by] was, mod 8. */
static void turn(struct f80 registers[8], unsigned by)
{
    struct f80 old[8];
    for (unsigned n = 0; n < 8; n++)
        old[n] = registers[n];
    for (unsigned n = 0; n < 8; n++)
        registers[n] = old[(n + by) & 7];
}

static void load(struct fpu *f)
{
    f->image_head[HEAD_CONTROL] = f->control | (uint64_t)(f->status | f->top << 11) << 16 |
                                  (uint64_t)(uint8_t)~f->empty << 32;
    f->image_head[HEAD_IP] = f->image_head[HEAD_DP] = 0;
    f->image_head[HEAD_MXCSR] = f->mxcsr & MXCSR_MASK;
    if (f->top != 0)
        turn(f->physical, f->top);
    __asm__ volatile("fxrstor64 %0" : : "m"(*f) : "memory");
}

/*
 * C's control words, and an empty stack. FNINIT costs as much as FXSAVE, but EMMS is a waiting
 * instruction: not while an unmasked exception is pending. Flags that stay behind are masked.
 */
static void back_to_c(uint16_t status)
{
    static const uint16_t control = 0x037f;
    static const uint32_t mxcsr = MXCSR_DEFAULT;
    if (unlikely(status & X87_ES))
        __asm__ volatile("fninit");
    else
        __asm__ volatile("emms\n\tfldcw %0" : : "m"(control));
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
}

static void store(struct fpu *f)
{
    __asm__ volatile("fxsave64 %0" : "=m"(*f) : : "memory");
    uint64_t head = f->image_head[HEAD_CONTROL];
    uint16_t status = (uint16_t)(head >> 16);
    back_to_c(status);
    f->control = (uint16_t)head;
    f->top = status >> 11 & 7;
    f->status = status & (uint16_t) ~(7 << 11);
    f->empty = (uint8_t) ~(head >> 32);
    f->mxcsr = (uint32_t)f->image_head[HEAD_MXCSR] & MXCSR_MASK;
    if (f->top != 0)
        turn(f->physical, 8 - f->top);
    /* Generated code's scratch registers are none of the guest's. */
    for (unsigned n = 8; n < ARRAY_SIZE(f->xmm); n++)
        f->xmm[n].u64[0] = f->xmm[n].u64[1] = 0;
}

void fpu_save(struct cpu *cpu)
{
    store(&cpu->fpu);
    cpu->jit.fpu_live = false;
    cpu_update_fpu_closed(cpu);
}

bool fpu_closed(const struct cpu *cpu, unsigned kinds)
{
    return (kinds & FPU_X87 && cpu->jit.x87_closed) || (kinds & FPU_SSE && cpu->jit.sse_closed);
}

/* The closed bytes depend on the state being live; so it is tried, before anything is moved. */
bool fpu_open(struct cpu *cpu, unsigned kinds)
{
    if (!fpu_closed(cpu, kinds))
        return true;
    if (cpu->jit.fpu_live)
        return false;
    cpu->jit.fpu_live = true;
    cpu_update_fpu_closed(cpu);
    if (!fpu_closed(cpu, kinds)) {
        load(&cpu->fpu);
        return true;
    }
    cpu->jit.fpu_live = false;
    cpu_update_fpu_closed(cpu);
    return false;
}
