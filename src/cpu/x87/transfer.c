// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Loads, stores, exchanges, constants and conditional moves.
#include "cpu/handlers.h"
#include "cpu/simd/memory.h"
#include "cpu/x87/convert.h"
#include "cpu/x87/x87.h"

/* ---- loads ----------------------------------------------------------------------------------- */
EXEC(fld_sti)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    if (likely(!st_empty(cpu, i->rm)))
        x87_push(cpu, *st(cpu, i->rm));
    else if (x87_underflow(cpu)) {
        x87_move_top(cpu, -1);
        st_set(cpu, 0, x87_indefinite);
    }
    EXEC_NEXT;
}

/*
 * Exceptions count only if there is room. An unmasked signalling NaN is not loaded; a denormal
 * is, in any case.
 */
static void push_converted(struct cpu *cpu, struct f80 v, unsigned flags)
{
    if (x87_push_overflow(cpu))
        return;
    x87_result(cpu, (uint16_t)flags, X87_C1);
    if (x87_masked(cpu, flags & X87_IE)) {
        x87_move_top(cpu, -1);
        st_set(cpu, 0, v);
    }
}

OUT_OF_LINE void load_f32(struct cpu *cpu, const struct insn *i)
{
    unsigned flags;
    uint32_t offset = exec_ea(cpu, i);
    struct f80 v = f80_from_f32(exec_load32(cpu, i, i->seg, offset), &flags);
    x87_instruction_memory(cpu, i, offset);
    push_converted(cpu, v, flags);
}

OUT_OF_LINE void load_f64(struct cpu *cpu, const struct insn *i)
{
    unsigned flags;
    uint32_t offset = exec_ea(cpu, i);
    struct f80 v = f80_from_f64(exec_load64(cpu, i, i->seg, offset), &flags);
    x87_instruction_memory(cpu, i, offset);
    push_converted(cpu, v, flags);
}

EXEC(fld_m32)
{
    X87_BEGIN;
    load_f32(cpu, i);
    EXEC_NEXT;
}

EXEC(fld_m64)
{
    X87_BEGIN;
    load_f64(cpu, i);
    EXEC_NEXT;
}

#define LOAD(name, value)                       \
    EXEC(name)                                  \
    {                                           \
        X87_BEGIN;                              \
        uint32_t offset = exec_ea(cpu, i);      \
        struct f80 v = value;                   \
        x87_instruction_memory(cpu, i, offset); \
        x87_push(cpu, v);                       \
        EXEC_NEXT;                              \
    }
LOAD(fld_m80, exec_load_f80(cpu, i, i->seg, offset))
LOAD(fild_m16, f80_from_integer((int16_t)exec_load16(cpu, i, i->seg, offset)))
LOAD(fild_m32, f80_from_integer((int32_t)exec_load32(cpu, i, i->seg, offset)))
LOAD(fild_m64, f80_from_integer((int64_t)exec_load64(cpu, i, i->seg, offset)))

static struct f80 load_bcd(struct cpu *cpu, const struct insn *i, uint32_t offset)
{
    struct f80 image = exec_load_f80(cpu, i, i->seg, offset);
    return f80_from_bcd(image.significand, image.sign_exponent);
}
LOAD(fbld, load_bcd(cpu, i, offset))

/* Constants are rounded as RC says: to nearest, down, up, towards zero. SDM 2 "FLD1/..." */
struct constant {
    uint16_t exponent;
    uint64_t down; /* and to zero: all are positive */
    bool nearest_is_up;
};

static void push_constant(struct cpu *cpu, const struct constant *c)
{
    unsigned rounding = cpu->fpu.control >> 10 & 3;
    bool up = rounding == 2 || (rounding == 0 && c->nearest_is_up);
    x87_push(cpu, (struct f80){c->down + up, c->exponent});
}

#define CONSTANT(name, exponent, significand, nearest_is_up)                               \
    EXEC(name)                                                                             \
    {                                                                                      \
        static const struct constant c = {exponent, UINT64_C(significand), nearest_is_up}; \
        X87_BEGIN;                                                                         \
        x87_instruction(cpu, i);                                                           \
        push_constant(cpu, &c);                                                            \
        EXEC_NEXT;                                                                         \
    }
CONSTANT(fldl2t, 0x4000, 0xd49a784bcd1b8afe, false)
CONSTANT(fldl2e, 0x3fff, 0xb8aa3b295c17f0bb, true)
CONSTANT(fldpi, 0x4000, 0xc90fdaa22168c234, true)
CONSTANT(fldlg2, 0x3ffd, 0x9a209a84fbcff798, true)
CONSTANT(fldln2, 0x3ffe, 0xb17217f7d1cf79ab, true)

EXEC(fld1)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_push(cpu, x87_one);
    EXEC_NEXT;
}

EXEC(fldz)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_push(cpu, x87_zero);
    EXEC_NEXT;
}

/* ---- stores ---------------------------------------------------------------------------------- */
/* FST ST(i): a copy, no exception but #IS. */
static bool copy_to(struct cpu *cpu, unsigned n)
{
    if (unlikely(st_empty(cpu, 0))) {
        if (!x87_underflow(cpu))
            return false;
        st_set(cpu, n, x87_indefinite);
        return true;
    }
    x87_clear_c1(cpu);
    st_set(cpu, n, *st(cpu, 0));
    return true;
}

EXEC(fst_sti)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    copy_to(cpu, i->rm);
    EXEC_NEXT;
}

EXEC(fstp_sti)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    if (copy_to(cpu, i->rm))
        x87_pop(cpu);
    EXEC_NEXT;
}

/* D9 D8+i is FSTP without stack fault: an empty ST(0) is just popped. */
EXEC(fstpnce)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_clear_c1(cpu);
    if (!st_empty(cpu, 0))
        st_set(cpu, i->rm, *st(cpu, 0));
    x87_pop(cpu);
    EXEC_NEXT;
}

/* What a conversion gave: its status, and whether there is anything to store. */
struct converted {
    uint64_t value;
    uint16_t high; /* of BCD */
    uint16_t status;
    bool store, underflow;
};

enum conversion { TO_F32, TO_F64, TO_S16, TO_S32, TO_S64, TO_BCD };

static uint16_t convert(uint32_t environment, const struct f80 *v, enum conversion to,
                        struct converted *c)
{
    uint16_t value16 = 0;
    uint32_t value32 = 0;
    uint8_t bcd[10] = {0};
    uint16_t status;
    switch (to) {
    case TO_F32: status = float_to_f32(environment, v, &value32); break;
    case TO_F64: return float_to_f64(environment, v, &c->value);
    case TO_S16: status = float_to_s16(environment, v, &value16); break;
    case TO_S32: status = float_to_s32(environment, v, &value32); break;
    case TO_S64: return float_to_s64(environment, v, &c->value);
    default:
        status = float_to_bcd(environment, v, bcd);
        c->value = load_le64(bcd);
        c->high = load_le16(bcd + 8);
        return status;
    }
    c->value = value32 | value16;
    return status;
}

/* The masked answers to an empty ST(0): NaN and integer indefinites. */
static uint64_t indefinite_image(enum conversion to)
{
    switch (to) {
    case TO_F32: return 0xffc00000;
    case TO_F64: return UINT64_C(0xfff8000000000000);
    case TO_S16: return 0x8000;
    case TO_S32: return 0x80000000;
    case TO_S64: return UINT64_C(1) << 63;
    default: return UINT64_C(0xc000000000000000);
    }
}

/*
 * An unmasked invalid operation stores nothing, nor an unmasked overflow or underflow of a
 * real: SDM 1 8.5.4, 8.5.5.
 */
static struct converted convert_st0(struct cpu *cpu, enum conversion to, uint32_t environment)
{
    struct converted c = {.high = 0xffff};
    unsigned stopping = X87_IE | X87_DE | X87_OE | X87_UE;
    c.underflow = st_empty(cpu, 0);
    if (unlikely(c.underflow)) {
        c.value = indefinite_image(to);
        c.store = x87_masked(cpu, X87_IE);
        return c;
    }
    c.status = convert(environment, st(cpu, 0), to, &c);
    c.store = x87_masked(cpu, c.status & stopping);
    return c;
}

/* Store first, for it may fault; then the flags, then the pop. */
OUT_OF_LINE void store_converted(struct cpu *cpu, const struct insn *i, enum conversion to,
                            uint32_t environment, bool pop)
{
    static const uint8_t sizes[] = {4, 8, 2, 4, 8, 10};
    uint32_t offset = exec_ea(cpu, i);
    struct converted c = convert_st0(cpu, to, environment);
    if (!c.store)
        exec_prepare_write(cpu, i, i->seg, offset, sizes[to]);
    else if (to == TO_BCD)
        exec_store_f80(cpu, i, i->seg, offset, (struct f80){c.value, c.high});
    else if (sizes[to] == 8)
        exec_store64(cpu, i, i->seg, offset, c.value);
    else if (sizes[to] == 4)
        exec_store32(cpu, i, i->seg, offset, (uint32_t)c.value);
    else
        exec_store16(cpu, i, i->seg, offset, (uint16_t)c.value);
    x87_instruction_memory(cpu, i, offset);
    if (c.underflow)
        x87_underflow(cpu);
    else
        x87_result(cpu, c.status, X87_C1);
    if (pop && c.store)
        x87_pop(cpu);
}

#define STORE(name, to, pop)                                    \
    EXEC(name)                                                  \
    {                                                           \
        X87_BEGIN;                                              \
        store_converted(cpu, i, to, x87_environment(cpu), pop); \
        EXEC_NEXT;                                              \
    }
STORE(fst_m32, TO_F32, false)
STORE(fstp_m32, TO_F32, true)
STORE(fst_m64, TO_F64, false)
STORE(fstp_m64, TO_F64, true)
STORE(fist_m16, TO_S16, false)
STORE(fistp_m16, TO_S16, true)
STORE(fist_m32, TO_S32, false)
STORE(fistp_m32, TO_S32, true)
STORE(fistp_m64, TO_S64, true)
STORE(fbstp, TO_BCD, true)

/* FISTTP: FISTP with rounding towards zero whatever RC says. */
#define STORE_TRUNCATED(name, to)                                         \
    EXEC(name)                                                            \
    {                                                                     \
        X87_BEGIN;                                                        \
        store_converted(cpu, i, to, x87_environment(cpu) | 0x0c00, true); \
        EXEC_NEXT;                                                        \
    }
STORE_TRUNCATED(fisttp_m16, TO_S16)
STORE_TRUNCATED(fisttp_m32, TO_S32)
STORE_TRUNCATED(fisttp_m64, TO_S64)

EXEC(fstp_m80)
{
    X87_BEGIN;
    uint32_t offset = exec_ea(cpu, i);
    bool underflow = st_empty(cpu, 0);
    bool stored = !underflow || x87_masked(cpu, X87_IE);
    if (stored)
        exec_store_f80(cpu, i, i->seg, offset, underflow ? x87_indefinite : *st(cpu, 0));
    x87_instruction_memory(cpu, i, offset);
    if (underflow)
        x87_underflow(cpu);
    else
        x87_clear_c1(cpu);
    if (stored)
        x87_pop(cpu);
    EXEC_NEXT;
}

/* ---- register to register -------------------------------------------------------------------- */
EXEC(fxch)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    bool go_on = true;
    if (unlikely(st_either_empty(cpu, i->rm))) {
        go_on = x87_underflow(cpu);
        if (go_on && st_empty(cpu, 0))
            st_set(cpu, 0, x87_indefinite);
        if (go_on && st_empty(cpu, i->rm))
            st_set(cpu, i->rm, x87_indefinite);
    } else {
        x87_clear_c1(cpu);
    }
    if (go_on) {
        struct f80 v = *st(cpu, 0);
        *st(cpu, 0) = *st(cpu, i->rm);
        *st(cpu, i->rm) = v;
    }
    EXEC_NEXT;
}

/* FCMOVcc: conditions B E BE U and their negations (SDM 2 "FCMOVcc"). */
static void conditional_move(struct cpu *cpu, const struct insn *i, bool condition)
{
    x87_instruction(cpu, i);
    if (unlikely(st_either_empty(cpu, i->rm))) {
        if (x87_underflow(cpu))
            st_set(cpu, 0, x87_indefinite);
        return;
    }
    if (condition)
        *st(cpu, 0) = *st(cpu, i->rm);
}

#define FCMOV(name, condition)               \
    EXEC(name)                               \
    {                                        \
        X87_BEGIN;                           \
        conditional_move(cpu, i, condition); \
        EXEC_NEXT;                           \
    }
FCMOV(fcmovb, flag_cf(cpu))
FCMOV(fcmove, flag_zf(cpu))
FCMOV(fcmovbe, flag_cf(cpu) || flag_zf(cpu))
FCMOV(fcmovu, flag_pf(cpu))
FCMOV(fcmovnb, !flag_cf(cpu))
FCMOV(fcmovne, !flag_zf(cpu))
FCMOV(fcmovnbe, !flag_cf(cpu) && !flag_zf(cpu))
FCMOV(fcmovnu, !flag_pf(cpu))
