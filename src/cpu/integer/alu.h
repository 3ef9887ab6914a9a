// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The binary operations on two operands with their flags; size in bytes is a constant.
#ifndef CPU_INTEGER_ALU_H
#define CPU_INTEGER_ALU_H

#include "cpu/integer/operand.h"

ALWAYS_INLINE uint64_t alu_add(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    uint64_t r = truncate(size, a + b);
    flags_set_add(cpu, size, a, b, r);
    return r;
}

ALWAYS_INLINE uint64_t alu_adc(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    uint64_t r = truncate(size, a + b + flag_cf(cpu));
    flags_set_add(cpu, size, a, b, r);
    return r;
}

ALWAYS_INLINE uint64_t alu_sub(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    uint64_t r = truncate(size, a - b);
    flags_set_sub(cpu, size, a, b, r);
    return r;
}

ALWAYS_INLINE uint64_t alu_sbb(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    uint64_t r = truncate(size, a - b - flag_cf(cpu));
    flags_set_sub(cpu, size, a, b, r);
    return r;
}

/* AF is undefined after the logical ones; it is cleared. */
ALWAYS_INLINE uint64_t alu_and(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    flags_set_logic(cpu, size, a & b);
    return a & b;
}

ALWAYS_INLINE uint64_t alu_or(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    flags_set_logic(cpu, size, a | b);
    return a | b;
}

ALWAYS_INLINE uint64_t alu_xor(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    flags_set_logic(cpu, size, a ^ b);
    return a ^ b;
}

/*
 * INC and DEC leave CF: the new carry out of the top is exchanged for the old one, and bit 62
 * with it, so that OF stays.
 */
ALWAYS_INLINE void alu_keep_cf(struct cpu *cpu, uint64_t old_carry)
{
    uint64_t change = (cpu->cc_carry ^ old_carry) & UINT64_C(1) << CC_CF_BIT;
    cpu->cc_carry ^= change | change >> 1;
}

ALWAYS_INLINE uint64_t alu_inc(struct cpu *cpu, unsigned size, uint64_t a)
{
    uint64_t old_carry = cpu->cc_carry, r = alu_add(cpu, size, a, 1);
    alu_keep_cf(cpu, old_carry);
    return r;
}

ALWAYS_INLINE uint64_t alu_dec(struct cpu *cpu, unsigned size, uint64_t a)
{
    uint64_t old_carry = cpu->cc_carry, r = alu_sub(cpu, size, a, 1);
    alu_keep_cf(cpu, old_carry);
    return r;
}

ALWAYS_INLINE uint64_t alu_neg(struct cpu *cpu, unsigned size, uint64_t a)
{
    return alu_sub(cpu, size, 0, a);
}

/* A result with explicit CF, OF and AF: shifts, multiplications, decimal adjustment. */
ALWAYS_INLINE void alu_set_flags(struct cpu *cpu, unsigned size, uint64_t r, bool cf, bool of,
                                 bool af)
{
    cpu->cc_result = (uint64_t)sign_extend(size, r);
    cpu->cc_carry = (uint64_t)cf << 63 | (uint64_t)(cf ^ of) << 62 | (uint64_t)af << 3;
}

/* CF and OF alone: rotates. */
ALWAYS_INLINE void alu_set_cf_of(struct cpu *cpu, bool cf, bool of)
{
    cpu->cc_carry =
        (cpu->cc_carry & ~(UINT64_C(3) << 62)) | (uint64_t)cf << 63 | (uint64_t)(cf ^ of) << 62;
}

/* ZF alone: CMPXCHG8B. SF and PF are carried over into the words that spoil them (flags.h). */
ALWAYS_INLINE void alu_set_zf(struct cpu *cpu, bool zf)
{
    flags_change(cpu, EFLAGS_ZF, zf ? EFLAGS_ZF : 0);
}

#endif
