// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MUL IMUL DIV IDIV (SDM 1, 7.3.2).
#include "cpu/integer/alu.h"

/* The accumulator pair: AX, DX:AX, EDX:EAX. */
ALWAYS_INLINE void set_pair(struct cpu *cpu, const struct insn *i, unsigned size, uint64_t v)
{
    if (size == 1) {
        set_reg16(cpu, RAX, (uint16_t)v);
    } else {
        SET_ACC(size, v);
        set_reg(cpu, i, RDX, size, v >> (8 * size));
    }
}

ALWAYS_INLINE uint64_t get_pair(const struct cpu *cpu, const struct insn *i, unsigned size)
{
    if (size == 1)
        return reg16(cpu, RAX);
    return get_reg(cpu, i, RDX, size) << (8 * size) | ACC(size);
}

/*
 * CF = OF = the high half says something; SF, ZF, PF are undefined and follow the low half, AF
 * is cleared.
 */
ALWAYS_INLINE void multiply_unsigned(struct cpu *cpu, const struct insn *i, unsigned size,
                                     uint64_t b)
{
    uint64_t r = ACC(size) * b;
    bool over = r >> (8 * size);
    alu_set_flags(cpu, size, r, over, over, false);
    set_pair(cpu, i, size, r);
}

ALWAYS_INLINE int64_t multiply_signed(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b)
{
    int64_t r = sign_extend(size, a) * sign_extend(size, b);
    bool over = r != sign_extend(size, (uint64_t)r);
    alu_set_flags(cpu, size, (uint64_t)r, over, over, false);
    return r;
}

#define MUL(name, size)                                                                            \
    REG_HANDLER(mul_##name##_r, multiply_unsigned(cpu, i, size, RM(size)))                         \
    LOAD_HANDLER(mul_##name##_m, size, multiply_unsigned(cpu, i, size, value))                     \
    REG_HANDLER(imul_##name##_r,                                                                   \
                set_pair(cpu, i, size, (uint64_t)multiply_signed(cpu, size, ACC(size), RM(size)))) \
    LOAD_HANDLER(imul_##name##_m, size,                                                            \
                 set_pair(cpu, i, size, (uint64_t)multiply_signed(cpu, size, ACC(size), value)))
MUL(eb, 1)
MUL(ev_16, 2)
MUL(ev_32, 4)

#define IMUL(suffix, size)                                                                         \
    REG_HANDLER(imul_gv_ev_##suffix##_r,                                                           \
                SET_REG(size, (uint64_t)multiply_signed(cpu, size, REG(size), RM(size))))          \
    LOAD_HANDLER(imul_gv_ev_##suffix##_m, size,                                                    \
                 SET_REG(size, (uint64_t)multiply_signed(cpu, size, REG(size), value)))            \
    REG_HANDLER(imul_gv_ev_iz_##suffix##_r,                                                        \
                SET_REG(size, (uint64_t)multiply_signed(cpu, size, RM(size), IMM(size))))          \
    LOAD_HANDLER(imul_gv_ev_iz_##suffix##_m, size,                                                 \
                 SET_REG(size, (uint64_t)multiply_signed(cpu, size, value, IMM(size))))
IMUL(16, 2)
IMUL(32, 4)

/*
 * #DE for a zero divisor and for a quotient that does not fit. Division leaves all flags
 * undefined; they are kept.
 */
ALWAYS_INLINE void set_quotient(struct cpu *cpu, const struct insn *i, unsigned size,
                                uint64_t quotient, uint64_t remainder)
{
    set_pair(cpu, i, size, truncate(size, remainder) << (8 * size) | truncate(size, quotient));
}

ALWAYS_INLINE void divide_unsigned(struct cpu *cpu, const struct insn *i, unsigned size,
                                   uint64_t divisor)
{
    uint64_t dividend = get_pair(cpu, i, size);
    if (unlikely(dividend >> (8 * size) >= divisor))
        exec_raise(cpu, i, EXC_DE);
    if (size == 4 && likely(dividend >> 32 == 0))
        set_quotient(cpu, i, size, (uint32_t)dividend / (uint32_t)divisor,
                     (uint32_t)dividend % (uint32_t)divisor);
    else
        set_quotient(cpu, i, size, dividend / divisor, dividend % divisor);
}

ALWAYS_INLINE void divide_signed(struct cpu *cpu, const struct insn *i, unsigned size,
                                 uint64_t value)
{
    int64_t dividend = sign_extend(2 * size, get_pair(cpu, i, size));
    int64_t divisor = sign_extend(size, value);
    if (unlikely(divisor == 0 || (divisor == -1 && dividend == INT64_MIN)))
        exec_raise(cpu, i, EXC_DE);
    int64_t quotient = dividend / divisor;
    if (unlikely(quotient != sign_extend(size, (uint64_t)quotient)))
        exec_raise(cpu, i, EXC_DE);
    set_quotient(cpu, i, size, (uint64_t)quotient, (uint64_t)(dividend % divisor));
}

#define DIV(name, size)                                                                            \
    REG_HANDLER(div_##name##_r, divide_unsigned(cpu, i, size, RM(size)))                           \
    LOAD_HANDLER(div_##name##_m, size, divide_unsigned(cpu, i, size, value))                       \
    REG_HANDLER(idiv_##name##_r, divide_signed(cpu, i, size, RM(size)))                            \
    LOAD_HANDLER(idiv_##name##_m, size, divide_signed(cpu, i, size, value))
DIV(eb, 1)
DIV(ev_16, 2)
DIV(ev_32, 4)
