// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What x87 handlers are made of: the register stack, its faults, the results' flags.
#ifndef CPU_X87_X87_H
#define CPU_X87_X87_H

#include "cpu/access.h"
#include "cpu/execute.h"
#include "cpu/x87/fpu.h"

static inline uint32_t x87_environment(const struct cpu *cpu)
{
    return float_environment(cpu->fpu.control, cpu->fpu.status);
}

/*
 * Does something stand before an x87 instruction: #NM, a pending unmasked exception, or that the
 * state is in the host's registers?
 */
static inline bool x87_blocked(const struct cpu *cpu)
{
    return cpu->jit.x87_held || (cpu->fpu.status & X87_ES);
}
/* Raise #NM; bring the state into cpu->fpu. */
void x87_available(struct cpu *cpu, const struct insn *i);
/*
 * The same, and raise #MF; true: the processor is frozen until an interrupt or IGNNE# (CR0.NE = 0);
 * false: go on.
 */
bool x87_wait(struct cpu *cpu, const struct insn *i);
/* A pending exception alone. */
bool x87_wait_error(struct cpu *cpu, const struct insn *i);

/*
 * Opens a waiting x87 instruction, and a non-waiting one (FN..). A frozen processor goes to the
 * run loop and comes back here.
 */
#define X87_BEGIN                                       \
    if (unlikely(x87_blocked(cpu)) && x87_wait(cpu, i)) \
        return NULL
#define X87_BEGIN_NO_WAIT            \
    if (unlikely(cpu->jit.x87_held)) \
        x87_available(cpu, i)

/*
 * Instruction and operand pointers of a non-control instruction (SDM 1 8.1.8), after its operand
 * is fetched. The decoder leaves FOP (the low three bits of the first opcode byte and ModRM) in
 * imm.
 */
static inline void x87_instruction(struct cpu *cpu, const struct insn *i)
{
    cpu->fpu.ip = insn_eip(cpu, i);
    cpu->fpu.ip_selector = cpu->seg[SEG_CS].selector;
    cpu->fpu.opcode = (uint16_t)i->imm;
}
static inline void x87_instruction_memory(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    x87_instruction(cpu, i);
    cpu->fpu.dp = offset;
    cpu->fpu.dp_selector = cpu->seg[i->seg].selector;
}

/* ---- the stack ------------------------------------------------------------------------------- */
static inline struct f80 *st(struct cpu *cpu, unsigned n)
{
    return &cpu->fpu.physical[(cpu->fpu.top + n) & 7];
}
static inline bool st_empty(const struct cpu *cpu, unsigned n)
{
    return cpu->fpu.empty >> ((cpu->fpu.top + n) & 7) & 1;
}
static inline void st_free(struct cpu *cpu, unsigned n)
{
    cpu->fpu.empty |= (uint8_t)(1 << ((cpu->fpu.top + n) & 7));
}
static inline void st_set(struct cpu *cpu, unsigned n, struct f80 v)
{
    *st(cpu, n) = v;
    cpu->fpu.empty &= (uint8_t)~(1 << ((cpu->fpu.top + n) & 7));
}
static inline void x87_pop(struct cpu *cpu)
{
    st_free(cpu, 0);
    cpu->fpu.top = (cpu->fpu.top + 1) & 7;
}
static inline void x87_move_top(struct cpu *cpu, int by)
{
    cpu->fpu.top = (uint8_t)(cpu->fpu.top + by) & 7;
}

/* The QNaN real indefinite, SDM 1 4.2.2: the masked answer to invalid operations. */
static const struct f80 x87_indefinite = {UINT64_C(0xc000000000000000), 0xffff};
static const struct f80 x87_zero = {0, 0};
static const struct f80 x87_one = {UINT64_C(1) << 63, 0x3fff};

/* ---- exceptions ------------------------------------------------------------------------------ */
static inline bool x87_masked(const struct cpu *cpu, unsigned flags)
{
    return !(flags & ~cpu->fpu.control & X87_EXCEPTIONS);
}
/* Record flags; one that is unmasked becomes pending. */
static inline void x87_flags(struct cpu *cpu, unsigned flags)
{
    cpu->fpu.status |= (uint16_t)flags;
    if (unlikely(!x87_masked(cpu, flags)))
        cpu->fpu.status |= X87_ES | X87_B;
}
static inline void x87_clear_c1(struct cpu *cpu)
{
    cpu->fpu.status &= (uint16_t)~X87_C1;
}
/*
 * Take flags and the condition bits in mask from an operation's status. False if an unmasked
 * IE, DE or ZE stopped it.
 */
static inline bool x87_result(struct cpu *cpu, uint16_t status, unsigned conditions)
{
    cpu->fpu.status = (uint16_t)((cpu->fpu.status & ~conditions) | (status & conditions));
    x87_flags(cpu, status & X87_EXCEPTIONS);
    return x87_masked(cpu, status & (X87_IE | X87_DE | X87_ZE));
}
/* Stack underflow and overflow (#IS), SDM 1 8.5.1.1. True if masked: the indefinite goes on. */
static inline bool x87_underflow(struct cpu *cpu)
{
    x87_clear_c1(cpu);
    x87_flags(cpu, X87_IE | X87_SF);
    return x87_masked(cpu, X87_IE);
}
static inline bool x87_overflow(struct cpu *cpu)
{
    x87_flags(cpu, X87_IE | X87_SF | X87_C1);
    return x87_masked(cpu, X87_IE);
}

/* Is there no room for a push? Then raise #IS, and push the indefinite if masked. */
static inline bool x87_push_overflow(struct cpu *cpu)
{
    if (likely(st_empty(cpu, 7)))
        return false;
    if (x87_overflow(cpu)) {
        x87_move_top(cpu, -1);
        st_set(cpu, 0, x87_indefinite);
    }
    return true;
}
static inline void x87_push(struct cpu *cpu, struct f80 v)
{
    if (x87_push_overflow(cpu))
        return;
    x87_clear_c1(cpu);
    x87_move_top(cpu, -1);
    st_set(cpu, 0, v);
}

/* a st_empty() of ST(0) or ST(n): #IS. */
static inline bool st_either_empty(const struct cpu *cpu, unsigned n)
{
    return st_empty(cpu, 0) || st_empty(cpu, n);
}

#endif
