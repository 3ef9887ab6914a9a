// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// FADD FMUL FSUB FSUBR FDIV FDIVR in all forms, and the one-operand arithmetic.
#include "cpu/handlers.h"
#include "cpu/x87/convert.h"
#include "cpu/x87/x87.h"

/* ST(a) = ST(a) op ST(b). True if it was done (and a pop may follow). */
OUT_OF_LINE bool arithmetic(struct cpu *cpu, float_binary *op, unsigned a, unsigned b)
{
    if (unlikely(st_either_empty(cpu, a | b))) {
        if (!x87_underflow(cpu))
            return false;
        st_set(cpu, a, x87_indefinite);
        return true;
    }
    return x87_result(cpu, op(x87_environment(cpu), st(cpu, a), st(cpu, b)), X87_C1);
}

/* ST(0) = ST(0) op memory. */
static bool memory_underflow(struct cpu *cpu)
{
    if (likely(!st_empty(cpu, 0)))
        return false;
    if (x87_underflow(cpu))
        st_set(cpu, 0, x87_indefinite);
    return true;
}

OUT_OF_LINE void arithmetic_f32(struct cpu *cpu, const struct insn *i, float_binary_f32 *op)
{
    uint32_t offset = exec_ea(cpu, i);
    uint32_t b = exec_load32(cpu, i, i->seg, offset);
    x87_instruction_memory(cpu, i, offset);
    if (!memory_underflow(cpu))
        x87_result(cpu, op(x87_environment(cpu), st(cpu, 0), b), X87_C1);
}

OUT_OF_LINE void arithmetic_f64(struct cpu *cpu, const struct insn *i, float_binary_f64 *op)
{
    uint32_t offset = exec_ea(cpu, i);
    uint64_t b = exec_load64(cpu, i, i->seg, offset);
    x87_instruction_memory(cpu, i, offset);
    if (!memory_underflow(cpu))
        x87_result(cpu, op(x87_environment(cpu), st(cpu, 0), b), X87_C1);
}

/* Integers become reals exactly. */
OUT_OF_LINE void arithmetic_integer(struct cpu *cpu, const struct insn *i, float_binary *op,
                               unsigned size)
{
    uint32_t offset = exec_ea(cpu, i);
    int32_t v = size == 2 ? (int16_t)exec_load16(cpu, i, i->seg, offset)
                          : (int32_t)exec_load32(cpu, i, i->seg, offset);
    struct f80 b = f80_from_integer(v);
    x87_instruction_memory(cpu, i, offset);
    if (!memory_underflow(cpu))
        x87_result(cpu, op(x87_environment(cpu), st(cpu, 0), &b), X87_C1);
}

#define ARITHMETIC(op)                             \
    EXEC(f##op##_st0_sti)                          \
    {                                              \
        X87_BEGIN;                                 \
        x87_instruction(cpu, i);                   \
        arithmetic(cpu, float_##op, 0, i->rm);     \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(f##op##_sti_st0)                          \
    {                                              \
        X87_BEGIN;                                 \
        x87_instruction(cpu, i);                   \
        arithmetic(cpu, float_##op, i->rm, 0);     \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(f##op##p_sti_st0)                         \
    {                                              \
        X87_BEGIN;                                 \
        x87_instruction(cpu, i);                   \
        if (arithmetic(cpu, float_##op, i->rm, 0)) \
            x87_pop(cpu);                          \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(f##op##_m32)                              \
    {                                              \
        X87_BEGIN;                                 \
        arithmetic_f32(cpu, i, float_##op##_f32);  \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(f##op##_m64)                              \
    {                                              \
        X87_BEGIN;                                 \
        arithmetic_f64(cpu, i, float_##op##_f64);  \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(fi##op##_m16)                             \
    {                                              \
        X87_BEGIN;                                 \
        arithmetic_integer(cpu, i, float_##op, 2); \
        EXEC_NEXT;                                 \
    }                                              \
    EXEC(fi##op##_m32)                             \
    {                                              \
        X87_BEGIN;                                 \
        arithmetic_integer(cpu, i, float_##op, 4); \
        EXEC_NEXT;                                 \
    }
FLOAT_ARITHMETIC(ARITHMETIC)

/* C2, where it says "incomplete", is clear after a stack fault. */
static bool complete_underflow(struct cpu *cpu, unsigned conditions)
{
    cpu->fpu.status &= (uint16_t)~(conditions & X87_C2);
    return x87_underflow(cpu);
}

static bool complete_overflow(struct cpu *cpu, unsigned conditions)
{
    cpu->fpu.status &= (uint16_t)~(conditions & X87_C2);
    return x87_overflow(cpu);
}

/* ST(0) = op ST(0); conditions: which of C0-C3 the instruction defines. */
OUT_OF_LINE void unary(struct cpu *cpu, float_unary *op, unsigned conditions)
{
    if (likely(!st_empty(cpu, 0)))
        x87_result(cpu, op(x87_environment(cpu), st(cpu, 0)), conditions);
    else if (complete_underflow(cpu, conditions))
        st_set(cpu, 0, x87_indefinite);
}

#define UNARY(name, op, conditions) \
    EXEC(name)                      \
    {                               \
        X87_BEGIN;                  \
        x87_instruction(cpu, i);    \
        unary(cpu, op, conditions); \
        EXEC_NEXT;                  \
    }
UNARY(fsqrt, float_sqrt, X87_C1)
UNARY(frndint, float_round, X87_C1)
UNARY(f2xm1, float_2xm1, X87_C1)
UNARY(fsin, float_sin, X87_C1 | X87_C2)
UNARY(fcos, float_cos, X87_C1 | X87_C2)

/* ST(0) by ST(1). */
OUT_OF_LINE void binary_st1(struct cpu *cpu, float_binary *op, unsigned conditions)
{
    if (likely(!st_either_empty(cpu, 1))) {
        uint16_t status = op(x87_environment(cpu), st(cpu, 0), st(cpu, 1));
        /* A NaN, an invalid operation or an unmasked denormal leaves the quotient bits alone. */
        bool quotient = !(status & X87_IE) && x87_masked(cpu, status & X87_DE) &&
                        (st(cpu, 0)->sign_exponent & 0x7fff) != 0x7fff;
        x87_result(cpu, status, quotient ? conditions : conditions & (X87_C1 | X87_C2));
    } else if (complete_underflow(cpu, conditions))
        st_set(cpu, 0, x87_indefinite);
}

#define BINARY_ST1(name, op, conditions) \
    EXEC(name)                           \
    {                                    \
        X87_BEGIN;                       \
        x87_instruction(cpu, i);         \
        binary_st1(cpu, op, conditions); \
        EXEC_NEXT;                       \
    }
BINARY_ST1(fscale, float_scale, X87_C1)
BINARY_ST1(fprem, float_prem, X87_C0 | X87_C1 | X87_C2 | X87_C3)
BINARY_ST1(fprem1, float_prem1, X87_C0 | X87_C1 | X87_C2 | X87_C3)

/* ST(1) = f(ST(1), ST(0)), pop. */
#define INTO_ST1(name, op)             \
    EXEC(name)                         \
    {                                  \
        X87_BEGIN;                     \
        x87_instruction(cpu, i);       \
        if (arithmetic(cpu, op, 1, 0)) \
            x87_pop(cpu);              \
        EXEC_NEXT;                     \
    }
INTO_ST1(fyl2x, float_yl2x)
INTO_ST1(fyl2xp1, float_yl2xp1)
INTO_ST1(fpatan, float_patan)

/* ST(0) is replaced and a second result pushed. */
OUT_OF_LINE void unary_push(struct cpu *cpu, float_unary2 *op, unsigned conditions)
{
    struct f80 pushed;
    bool underflow = st_empty(cpu, 0);
    if (unlikely(underflow || !st_empty(cpu, 7))) {
        if (underflow ? complete_underflow(cpu, conditions) : complete_overflow(cpu, conditions)) {
            st_set(cpu, 0, x87_indefinite);
            x87_move_top(cpu, -1);
            st_set(cpu, 0, x87_indefinite);
        }
        return;
    }
    uint16_t status = op(x87_environment(cpu), st(cpu, 0), &pushed);
    if (!x87_result(cpu, status, conditions) || (status & conditions & X87_C2))
        return;
    x87_move_top(cpu, -1);
    st_set(cpu, 0, pushed);
}

#define UNARY_PUSH(name, op, conditions) \
    EXEC(name)                           \
    {                                    \
        X87_BEGIN;                       \
        x87_instruction(cpu, i);         \
        unary_push(cpu, op, conditions); \
        EXEC_NEXT;                       \
    }
UNARY_PUSH(fptan, float_ptan, X87_C1 | X87_C2)
UNARY_PUSH(fsincos, float_sincos, X87_C1 | X87_C2)
UNARY_PUSH(fxtract, float_xtract, X87_C1)

/* FABS, FCHS: the sign alone, whatever the value; no exception but #IS. */
static void change_sign(struct cpu *cpu, uint16_t keep, uint16_t flip)
{
    if (st_empty(cpu, 0)) {
        if (x87_underflow(cpu))
            st_set(cpu, 0, x87_indefinite);
        return;
    }
    x87_clear_c1(cpu);
    st(cpu, 0)->sign_exponent = (uint16_t)((st(cpu, 0)->sign_exponent & keep) ^ flip);
}

EXEC(fabs_st0)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    change_sign(cpu, 0x7fff, 0);
    EXEC_NEXT;
}

EXEC(fchs_st0)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    change_sign(cpu, 0xffff, 0x8000);
    EXEC_NEXT;
}
