// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// FCOM, FUCOM, FCOMI, FTST, FXAM.
#include "cpu/handlers.h"
#include "cpu/x87/convert.h"
#include "cpu/x87/x87.h"

#define CONDITIONS (X87_C0 | X87_C2 | X87_C3)

typedef uint16_t comparison(uint32_t environment, const struct f80 *a, const struct f80 *b);

/*
 * The relation goes to C3 C2 C0 even if an exception is unmasked, but then there are no pops.
 * (SDM 2 says so of neither; processors do it.) So the host compares with everything masked.
 */
static uint32_t masked_environment(const struct cpu *cpu)
{
    return x87_environment(cpu) | X87_EXCEPTIONS;
}

static bool set_conditions(struct cpu *cpu, uint16_t status)
{
    return x87_result(cpu, status & (uint16_t)~X87_C1, CONDITIONS | X87_C1);
}

/* An empty register: unordered, masked or not; but unmasked there are no pops. */
static bool set_unordered(struct cpu *cpu)
{
    cpu->fpu.status |= CONDITIONS;
    return x87_underflow(cpu);
}

OUT_OF_LINE bool compare(struct cpu *cpu, const struct insn *i, comparison *compare_fn, unsigned n)
{
    x87_instruction(cpu, i);
    if (unlikely(st_either_empty(cpu, n)))
        return set_unordered(cpu);
    return set_conditions(cpu, compare_fn(masked_environment(cpu), st(cpu, 0), st(cpu, n)));
}

static void pop_times(struct cpu *cpu, unsigned times)
{
    while (times--)
        x87_pop(cpu);
}

#define COMPARE(name, how, n, pops)  \
    EXEC(name)                       \
    {                                \
        X87_BEGIN;                   \
        if (compare(cpu, i, how, n)) \
            pop_times(cpu, pops);    \
        EXEC_NEXT;                   \
    }
COMPARE(fcom_sti, float_compare, i->rm, 0)
COMPARE(fcomp_sti, float_compare, i->rm, 1)
COMPARE(fcompp, float_compare, 1, 2)
COMPARE(fucom_sti, float_compare_quiet, i->rm, 0)
COMPARE(fucomp_sti, float_compare_quiet, i->rm, 1)
COMPARE(fucompp, float_compare_quiet, 1, 2)

/* With a memory operand. */
OUT_OF_LINE bool compare_f32(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = exec_ea(cpu, i);
    uint32_t b = exec_load32(cpu, i, i->seg, offset);
    x87_instruction_memory(cpu, i, offset);
    if (st_empty(cpu, 0))
        return set_unordered(cpu);
    return set_conditions(cpu, float_compare_f32(masked_environment(cpu), st(cpu, 0), b));
}

OUT_OF_LINE bool compare_f64(struct cpu *cpu, const struct insn *i)
{
    uint32_t offset = exec_ea(cpu, i);
    uint64_t b = exec_load64(cpu, i, i->seg, offset);
    x87_instruction_memory(cpu, i, offset);
    if (st_empty(cpu, 0))
        return set_unordered(cpu);
    return set_conditions(cpu, float_compare_f64(masked_environment(cpu), st(cpu, 0), b));
}

OUT_OF_LINE bool compare_integer(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t offset = exec_ea(cpu, i);
    int32_t v = size == 2 ? (int16_t)exec_load16(cpu, i, i->seg, offset)
                          : (int32_t)exec_load32(cpu, i, i->seg, offset);
    struct f80 b = f80_from_integer(v);
    x87_instruction_memory(cpu, i, offset);
    if (st_empty(cpu, 0))
        return set_unordered(cpu);
    return set_conditions(cpu, float_compare(masked_environment(cpu), st(cpu, 0), &b));
}

#define COMPARE_MEMORY(name, compared, pops) \
    EXEC(name)                               \
    {                                        \
        X87_BEGIN;                           \
        if (compared)                        \
            pop_times(cpu, pops);            \
        EXEC_NEXT;                           \
    }
COMPARE_MEMORY(fcom_m32, compare_f32(cpu, i), 0)
COMPARE_MEMORY(fcomp_m32, compare_f32(cpu, i), 1)
COMPARE_MEMORY(fcom_m64, compare_f64(cpu, i), 0)
COMPARE_MEMORY(fcomp_m64, compare_f64(cpu, i), 1)
COMPARE_MEMORY(ficom_m16, compare_integer(cpu, i, 2), 0)
COMPARE_MEMORY(ficomp_m16, compare_integer(cpu, i, 2), 1)
COMPARE_MEMORY(ficom_m32, compare_integer(cpu, i, 4), 0)
COMPARE_MEMORY(ficomp_m32, compare_integer(cpu, i, 4), 1)

EXEC(ftst)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    if (st_empty(cpu, 0))
        set_unordered(cpu);
    else
        set_conditions(cpu, float_compare(masked_environment(cpu), st(cpu, 0), &x87_zero));
    EXEC_NEXT;
}

/* FCOMI, FUCOMI: the relation goes to ZF PF CF; OF SF AF become 0; C3 C2 C0 stay. */
OUT_OF_LINE bool compare_flags(struct cpu *cpu, const struct insn *i, comparison *compare_fn)
{
    uint16_t status;
    bool done;
    x87_instruction(cpu, i);
    if (unlikely(st_either_empty(cpu, i->rm))) {
        status = CONDITIONS;
        done = x87_underflow(cpu);
    } else {
        status = compare_fn(masked_environment(cpu), st(cpu, 0), st(cpu, i->rm));
        x87_clear_c1(cpu);
        done = x87_result(cpu, status, 0);
    }
    flags_set_all(cpu, (status & X87_C3 ? EFLAGS_ZF : 0) | (status & X87_C2 ? EFLAGS_PF : 0) |
                           (status & X87_C0 ? EFLAGS_CF : 0));
    return done;
}

#define COMPARE_FLAGS(name, how, pops)  \
    EXEC(name)                          \
    {                                   \
        X87_BEGIN;                      \
        if (compare_flags(cpu, i, how)) \
            pop_times(cpu, pops);       \
        EXEC_NEXT;                      \
    }
COMPARE_FLAGS(fcomi, float_compare, 0)
COMPARE_FLAGS(fcomip, float_compare, 1)
COMPARE_FLAGS(fucomi, float_compare_quiet, 0)
COMPARE_FLAGS(fucomip, float_compare_quiet, 1)

/* C3 C2 C0 by class, C1 the sign, even of an empty register. SDM 2 "FXAM" */
EXEC(fxam)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    const struct f80 *v = st(cpu, 0);
    unsigned exponent = v->sign_exponent & 0x7fff, class;
    bool integer = v->significand >> 63;
    if (st_empty(cpu, 0))
        class = X87_C3 | X87_C0;
    else if (exponent == 0)
        class = v->significand == 0 ? X87_C3 : X87_C3 | X87_C2;
    else if (!integer)
        class = 0; /* an unsupported format */
    else if (exponent == 0x7fff)
        class = v->significand << 1 == 0 ? X87_C2 | X87_C0 : X87_C0;
    else
        class = X87_C2;
    unsigned sign = v->sign_exponent >> 15 ? X87_C1 : 0;
    cpu->fpu.status = (uint16_t)((cpu->fpu.status & ~(CONDITIONS | X87_C1)) | class | sign);
    EXEC_NEXT;
}
