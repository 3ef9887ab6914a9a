// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// FPU state as a whole: status, tags, reset, and the two ways to report errors.
#include "cpu/x87/fpu.h"

#include "cpu/simd/simd.h"
#include "cpu/system.h"
#include "cpu/x87/x87.h"
#include "host/host.h"

uint16_t fpu_status(const struct cpu *cpu)
{
    return (uint16_t)(cpu->fpu.status | cpu->fpu.top << 11);
}

static unsigned tag_of(const struct f80 *v)
{
    unsigned exponent = v->sign_exponent & 0x7fff;
    if (exponent == 0 && v->significand == 0)
        return 1;
    if (exponent == 0 || exponent == 0x7fff || !(v->significand >> 63))
        return 2;
    return 0;
}

uint16_t fpu_tags(const struct cpu *cpu)
{
    unsigned tags = 0;
    for (unsigned n = 0; n < 8; n++)
        tags |= (cpu->fpu.empty >> n & 1 ? 3 : tag_of(&cpu->fpu.physical[n])) << (2 * n);
    return (uint16_t)tags;
}

/*
 * ES and B say whether an unmasked exception is flagged. When none is any more, FERR# and
 * IGNNE# go.
 */
static void update_summary(struct cpu *cpu)
{
    struct fpu *f = &cpu->fpu;
    f->status &= (uint16_t)~(X87_ES | X87_B);
    if (f->status & ~f->control & X87_EXCEPTIONS) {
        f->status |= X87_ES | X87_B;
        return;
    }
    f->ignne = false;
    if (f->ferr) {
        f->ferr = false;
        host_lock_acquire(cpu->bus.lock);
        cpu->bus.ferr(cpu->bus.opaque, false);
        host_lock_release(cpu->bus.lock);
    }
}

void fpu_set_control(struct cpu *cpu, uint16_t control)
{
    /* Bit 6 reads as one; 7 and 13-15 as zero. */
    cpu->fpu.control = (uint16_t)((control & 0x1f3f) | 0x40);
    update_summary(cpu);
}

void fpu_set_status(struct cpu *cpu, uint16_t status)
{
    cpu->fpu.top = status >> 11 & 7;
    cpu->fpu.status = status & (uint16_t)~(7 << 11);
    update_summary(cpu);
}

void fpu_set_tags(struct cpu *cpu, uint16_t tags)
{
    cpu->fpu.empty = 0;
    for (unsigned n = 0; n < 8; n++)
        cpu->fpu.empty |= (uint8_t)(((tags >> (2 * n) & 3) == 3) << n);
}

void fpu_initialize(struct cpu *cpu)
{
    struct fpu *f = &cpu->fpu;
    fpu_set_control(cpu, 0x037f);
    fpu_set_status(cpu, 0);
    f->empty = 0xff;
    f->opcode = 0;
    f->ip_selector = f->dp_selector = 0;
    f->ip = f->dp = 0;
}

/*
 * SDM 3A table 9-1: power-up and RESET# leave +0.0 everywhere and CW 0040H; INIT# changes
 * nothing here.
 */
void fpu_reset(struct cpu *cpu, bool init)
{
    struct fpu *f = &cpu->fpu;
    fpu_sync(cpu);
    if (init)
        return;
    __builtin_memset(f->physical, 0, sizeof f->physical);
    __builtin_memset(f->xmm, 0, sizeof f->xmm);
    f->control = 0x0040;
    f->status = 0;
    f->top = 0;
    f->empty = 0;
    f->opcode = 0;
    f->ip_selector = f->dp_selector = 0;
    f->ip = f->dp = 0;
    f->mxcsr = 0x1f80;
    f->ferr = f->ignne = false;
}

void fpu_clear_ferr(struct cpu *cpu)
{
    struct fpu *f = &cpu->fpu;
    f->ignne = f->status & X87_ES;
    if (!f->ferr)
        return;
    f->ferr = false;
    cpu->bus.ferr(cpu->bus.opaque, false);
}

/*
 * CR0.NE = 0 is the PC's way: FERR# becomes IRQ 13, and the processor stands before this
 * instruction until the interrupt is taken or IGNNE# lets it go on. SDM 3A 2.5 (NE), SDM 1 8.7.2.
 */
bool x87_wait_error(struct cpu *cpu, const struct insn *i)
{
    struct fpu *f = &cpu->fpu;
    if (!(f->status & X87_ES))
        return false;
    if (cpu->cr0 & CR0_NE)
        exec_raise(cpu, i, EXC_MF);
    if (f->ignne)
        return false;
    exec_sync(cpu, i);
    if (!f->ferr) {
        f->ferr = true;
        host_lock_acquire(cpu->bus.lock);
        cpu->bus.ferr(cpu->bus.opaque, true);
        host_lock_release(cpu->bus.lock);
    }
    return true;
}

void x87_available(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cr0 & (CR0_EM | CR0_TS))
        exec_raise(cpu, i, EXC_NM);
    fpu_sync(cpu);
}

bool x87_wait(struct cpu *cpu, const struct insn *i)
{
    x87_available(cpu, i);
    return x87_wait_error(cpu, i);
}

void sse_available(struct cpu *cpu, const struct insn *i)
{
    if ((cpu->cr0 & CR0_EM) || !(cpu->cr4 & CR4_OSFXSR))
        exec_raise(cpu, i, EXC_UD);
    if (cpu->cr0 & CR0_TS)
        exec_raise(cpu, i, EXC_NM);
    fpu_sync(cpu);
}

bool mmx_wait(struct cpu *cpu, const struct insn *i)
{
    if (cpu->cr0 & CR0_EM)
        exec_raise(cpu, i, EXC_UD);
    return x87_wait(cpu, i);
}

/*
 * While the state is live its masks are all set for the kind that is open: nothing that generated
 * code does clears one. So those in cpu->fpu are right, stale or not.
 */
void cpu_update_fpu_closed(struct cpu *cpu)
{
    struct jit_state *jit = &cpu->jit;
    const struct fpu *f = &cpu->fpu;
    bool live = jit->fpu_live;
    bool x87_off = cpu->cr0 & (CR0_EM | CR0_TS), sse_off = x87_off || !(cpu->cr4 & CR4_OSFXSR);
    jit->x87_held = x87_off || live;
    jit->sse_held = sse_off || live;
    jit->x87_closed =
        x87_off || !live || (f->status & X87_ES) || (~f->control & X87_EXCEPTIONS) != 0;
    jit->sse_closed = sse_off || !live || (~f->mxcsr & MXCSR_MASKS) != 0;
}
