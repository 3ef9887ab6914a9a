// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Shifts, double shifts and rotates (SDM 1, 7.3.5).
#include "cpu/integer/alu.h"

/*
 * The count is taken modulo 32. A count of 0 changes no flag. OF is defined for a count of 1
 * only; for others it is what the same rule gives, as processors do. AF is undefined and
 * cleared.
 */
#define TOP(size, v) bit(v, 8 * (size)-1)

ALWAYS_INLINE uint64_t alu_shl(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    if (count == 0)
        return a;
    uint64_t last = a << (count - 1), r = truncate(size, last << 1);
    bool cf = TOP(size, last);
    alu_set_flags(cpu, size, r, cf, cf ^ TOP(size, r), false);
    return r;
}

ALWAYS_INLINE uint64_t alu_shr(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    if (count == 0)
        return a;
    uint64_t last = a >> (count - 1), r = last >> 1;
    alu_set_flags(cpu, size, r, last & 1, TOP(size, r << 1), false);
    return r;
}

ALWAYS_INLINE uint64_t alu_sar(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    if (count == 0)
        return a;
    int64_t last = sign_extend(size, a) >> (count - 1);
    uint64_t r = truncate(size, (uint64_t)(last >> 1));
    alu_set_flags(cpu, size, r, last & 1, false, false);
    return r;
}

ALWAYS_INLINE uint64_t alu_rol(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    unsigned width = 8 * size, n = count & (width - 1);
    if (count == 0)
        return a;
    uint64_t r = truncate(size, a << n | a >> (width - n));
    alu_set_cf_of(cpu, r & 1, (r & 1) ^ TOP(size, r));
    return r;
}

ALWAYS_INLINE uint64_t alu_ror(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    unsigned width = 8 * size, n = count & (width - 1);
    if (count == 0)
        return a;
    uint64_t r = truncate(size, a >> n | a << (width - n));
    alu_set_cf_of(cpu, TOP(size, r), TOP(size, r) ^ TOP(size, r << 1));
    return r;
}

/* Rotation of the value with CF on top of it: 9, 17 or 33 bits. */
ALWAYS_INLINE uint64_t rotate_with_carry(struct cpu *cpu, unsigned size, uint64_t a, unsigned left,
                                         bool *cf)
{
    unsigned width = 8 * size + 1;
    uint64_t v = a | (uint64_t)flag_cf(cpu) << (8 * size);
    if (left)
        v = v << left | v >> (width - left);
    *cf = bit(v, 8 * size);
    return truncate(size, v);
}

ALWAYS_INLINE uint64_t alu_rcl(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    bool cf;
    if (count == 0)
        return a;
    uint64_t r = rotate_with_carry(cpu, size, a, count % (8 * size + 1), &cf);
    alu_set_cf_of(cpu, cf, cf ^ TOP(size, r));
    return r;
}

ALWAYS_INLINE uint64_t alu_rcr(struct cpu *cpu, unsigned size, uint64_t a, unsigned count)
{
    bool cf;
    unsigned n = count % (8 * size + 1);
    if (count == 0)
        return a;
    uint64_t r = rotate_with_carry(cpu, size, a, n ? 8 * size + 1 - n : 0, &cf);
    alu_set_cf_of(cpu, cf, TOP(size, r) ^ TOP(size, r << 1));
    return r;
}

#define SHIFT_E(name, op, size, count)                                                             \
    REG_HANDLER(name##_r, SET_RM(size, alu_##op(cpu, size, RM(size), count)))                      \
    RMW_HANDLER(name##_m, size, alu_##op(cpu, size, value, count), (void)0)

#define SHIFT(op)                                                                                  \
    SHIFT_E(op##_eb_1, op, 1, 1)                                                                   \
    SHIFT_E(op##_ev_1_16, op, 2, 1)                                                                \
    SHIFT_E(op##_ev_1_32, op, 4, 1)                                                                \
    SHIFT_E(op##_eb_ib, op, 1, i->imm & 31)                                                        \
    SHIFT_E(op##_ev_ib_16, op, 2, i->imm & 31)                                                     \
    SHIFT_E(op##_ev_ib_32, op, 4, i->imm & 31)                                                     \
    SHIFT_E(op##_eb_cl, op, 1, reg32(cpu, RCX) & 31)                                               \
    SHIFT_E(op##_ev_cl_16, op, 2, reg32(cpu, RCX) & 31)                                            \
    SHIFT_E(op##_ev_cl_32, op, 4, reg32(cpu, RCX) & 31)
SHIFT(shl)
SHIFT(shr)
SHIFT(sar)
SHIFT(rol)
SHIFT(ror)
SHIFT(rcl)
SHIFT(rcr)

/*
 * Sixteen bits by more than 16 is undefined; the destination's own bits follow the source's
 * (P6).
 */
ALWAYS_INLINE uint64_t alu_shld(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b,
                                unsigned count)
{
    if (count == 0)
        return a;
    uint64_t last =
        size == 2 ? (a << 32 | b << 16 | a) << (count - 1) : (a << 32 | b) << (count - 1);
    uint64_t r = truncate(size, last << 1 >> 32);
    bool cf = bit(last, size == 2 ? 47 : 63);
    alu_set_flags(cpu, size, r, cf, cf ^ TOP(size, r), false);
    return r;
}

ALWAYS_INLINE uint64_t alu_shrd(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b,
                                unsigned count)
{
    if (count == 0)
        return a;
    uint64_t last = (size == 2 ? a << 32 | b << 16 | a : b << 32 | a) >> (count - 1);
    uint64_t r = truncate(size, last >> 1);
    alu_set_flags(cpu, size, r, last & 1, TOP(size, r) ^ TOP(size, r << 1), false);
    return r;
}

#define SHIFT_DOUBLE_E(name, op, size, count)                                                      \
    REG_HANDLER(name##_r, SET_RM(size, alu_##op(cpu, size, RM(size), REG(size), count)))           \
    RMW_HANDLER(name##_m, size, alu_##op(cpu, size, value, REG(size), count), (void)0)

#define SHIFT_DOUBLE(op)                                                                           \
    SHIFT_DOUBLE_E(op##_ev_gv_ib_16, op, 2, i->imm & 31)                                           \
    SHIFT_DOUBLE_E(op##_ev_gv_ib_32, op, 4, i->imm & 31)                                           \
    SHIFT_DOUBLE_E(op##_ev_gv_cl_16, op, 2, reg32(cpu, RCX) & 31)                                  \
    SHIFT_DOUBLE_E(op##_ev_gv_cl_32, op, 4, reg32(cpu, RCX) & 31)
SHIFT_DOUBLE(shld)
SHIFT_DOUBLE(shrd)
