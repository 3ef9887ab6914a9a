// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What MMX and SSE handlers are made of: availability, operands, floating-point exceptions.
#ifndef CPU_SIMD_SIMD_H
#define CPU_SIMD_SIMD_H

#include "cpu/execute.h"
#include "cpu/simd/memory.h"
#include "cpu/x87/x87.h"

/* MXCSR, SDM 1 10.2.3. */
#define MXCSR_MASK 0xffffu /* what any model has; sse_mxcsr_mask() is this one's */
#define MXCSR_MASKS_SHIFT 7
#define MXCSR_MASKS 0x1f80u
#define MXCSR_DAZ (1u << 6)
#define MXCSR_OM (1u << 10)
#define MXCSR_UM (1u << 11)
#define MXCSR_FTZ (1u << 15)
#define MXCSR_RC_SHIFT 13
#define MXCSR_DEFAULT 0x1f80u
enum { MXCSR_IE = 1, MXCSR_DE = 2, MXCSR_ZE = 4, MXCSR_OE = 8, MXCSR_UE = 16, MXCSR_PE = 32 };

/*
 * SSE: #UD if CR0.EM or not CR4.OSFXSR, #NM if CR0.TS (SDM 3A 13.1.3); else bring the state into
 * cpu->fpu.
 */
void sse_available(struct cpu *cpu, const struct insn *i);
/* The bits of MXCSR that this model has; loading others is #GP(0). Without SSE2 there is no DAZ: SDM 1
 * 11.6.6 */
static inline uint32_t sse_mxcsr_mask(const struct cpu *cpu)
{
    return cpu_model_has(&cpu->model, FEATURE_SSE2) ? MXCSR_MASK : MXCSR_MASK & ~MXCSR_DAZ;
}
static inline void sse_check(struct cpu *cpu, const struct insn *i)
{
    if (unlikely(cpu->jit.sse_held))
        sse_available(cpu, i);
}
#define SSE_BEGIN sse_check(cpu, i)

/*
 * MMX: #UD if CR0.EM, #NM if TS, #MF (or the freeze) for a pending x87 exception. Then TOP
 * becomes 0 and every tag valid - after the memory operand is there. SDM 1 9.5, 9.6; SDM 3A 12.
 */
bool mmx_wait(struct cpu *cpu, const struct insn *i);
#define MMX_BEGIN                                       \
    if (unlikely(x87_blocked(cpu)) && mmx_wait(cpu, i)) \
        return NULL
static inline void mmx_enter(struct cpu *cpu)
{
    cpu->fpu.top = 0;
    cpu->fpu.empty = 0;
}

static inline uint64_t mm(const struct cpu *cpu, unsigned n)
{
    return cpu->fpu.physical[n & 7].significand;
}
/* A write to MMn sets sign and exponent of the register it is part of to ones. */
static inline void set_mm(struct cpu *cpu, unsigned n, uint64_t v)
{
    cpu->fpu.physical[n & 7] = (struct f80){v, 0xffff};
}
static inline union vector *xmm(struct cpu *cpu, unsigned n)
{
    return &cpu->fpu.xmm[n];
}

/* Where a source operand comes from. */
typedef union vector load_function(struct cpu *cpu, const struct insn *i);
static inline union vector load_register(struct cpu *cpu, const struct insn *i)
{
    return *xmm(cpu, i->rm);
}
/* A 16-byte memory operand that has to be aligned. */
static inline union vector load_aligned(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = exec_ea(cpu, i);
    exec_check_alignment(cpu, i, i->seg, offset, 16);
    return exec_load128(cpu, i, i->seg, offset);
}
static inline void store_aligned(struct cpu *cpu, const struct insn *i, union vector v)
{
    uint32_t offset = exec_ea(cpu, i);
    exec_check_alignment(cpu, i, i->seg, offset, 16);
    exec_store128(cpu, i, i->seg, offset, v);
}
static inline union vector load_low64(struct cpu *cpu, const struct insn *i)
{
    return (union vector){.u64 = {exec_load64(cpu, i, i->seg, exec_ea(cpu, i)), 0}};
}
static inline union vector load_low32(struct cpu *cpu, const struct insn *i)
{
    return (union vector){.u32 = {exec_load32(cpu, i, i->seg, exec_ea(cpu, i)), 0, 0, 0}};
}

/*
 * Enter flags raised by an operation into MXCSR. If one is unmasked, #XM (#UD without
 * CR4.OSXMMEXCPT): returns only if all are masked. An unmasked IE, DE or ZE of any lane keeps OE,
 * UE and PE of all from being raised: SDM 1 11.5.3.
 */
void sse_exceptions(struct cpu *cpu, const struct insn *i, uint32_t flags);
void sse_load_mxcsr(struct cpu *cpu, const struct insn *i, uint32_t value);

#endif
