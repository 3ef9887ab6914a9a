// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// BT BTS BTR BTC BSF BSR POPCNT SETcc: bit and byte instructions (SDM 1, 7.3.6).
#include "cpu/integer/alu.h"
#include "cpu/integer/condition.h"

/* CF is the bit; the undefined OF, SF, AF, PF stay, as ZF does by definition. */
ALWAYS_INLINE uint64_t alu_bt(struct cpu *cpu, unsigned size, uint64_t v, uint64_t index)
{
    flag_set_cf(cpu, bit(v, index & (8 * size - 1)));
    return v;
}

ALWAYS_INLINE uint64_t alu_bts(struct cpu *cpu, unsigned size, uint64_t v, uint64_t index)
{
    return alu_bt(cpu, size, v, index) | UINT64_C(1) << (index & (8 * size - 1));
}

ALWAYS_INLINE uint64_t alu_btr(struct cpu *cpu, unsigned size, uint64_t v, uint64_t index)
{
    return alu_bt(cpu, size, v, index) & ~(UINT64_C(1) << (index & (8 * size - 1)));
}

ALWAYS_INLINE uint64_t alu_btc(struct cpu *cpu, unsigned size, uint64_t v, uint64_t index)
{
    return alu_bt(cpu, size, v, index) ^ UINT64_C(1) << (index & (8 * size - 1));
}

/*
 * In memory a register index is signed and reaches the whole bit string: the operand that holds
 * the bit is accessed.
 */
ALWAYS_INLINE uint32_t bit_string_ea(const struct cpu *cpu, const struct insn *i, unsigned size)
{
    int64_t index = sign_extend(size, REG(size));
    int64_t operand = size == 2 ? index >> 4 : index >> 5;
    return (exec_ea(cpu, i) + (uint32_t)(operand * size)) & i->addr_mask;
}

#define BIT_TEST(suffix, size)                                                                     \
    REG_HANDLER(bt_ev_gv_##suffix##_r, alu_bt(cpu, size, RM(size), REG(size)))                     \
    LOAD_HANDLER_AT(bt_ev_gv_##suffix##_m, size, bit_string_ea(cpu, i, size),                      \
                    alu_bt(cpu, size, value, REG(size)))                                           \
    REG_HANDLER(bt_ev_ib_##suffix##_r, alu_bt(cpu, size, RM(size), i->imm))                        \
    LOAD_HANDLER(bt_ev_ib_##suffix##_m, size, alu_bt(cpu, size, value, i->imm))
BIT_TEST(16, 2)
BIT_TEST(32, 4)

#define BIT_CHANGE(op, suffix, size)                                                               \
    REG_HANDLER(op##_ev_gv_##suffix##_r, SET_RM(size, alu_##op(cpu, size, RM(size), REG(size))))   \
    RMW_HANDLER_AT(op##_ev_gv_##suffix##_m, size, bit_string_ea(cpu, i, size),                     \
                   (i->flags & INSN_LOCK) != 0, alu_##op(cpu, size, value, REG(size)), (void)0)    \
    REG_HANDLER(op##_ev_ib_##suffix##_r, SET_RM(size, alu_##op(cpu, size, RM(size), i->imm)))      \
    RMW_HANDLER(op##_ev_ib_##suffix##_m, size, alu_##op(cpu, size, value, i->imm), (void)0)
BIT_CHANGE(bts, 16, 2)
BIT_CHANGE(bts, 32, 4)
BIT_CHANGE(btr, 16, 2)
BIT_CHANGE(btr, 32, 4)
BIT_CHANGE(btc, 16, 2)
BIT_CHANGE(btc, 32, 4)

/*
 * A zero source sets ZF and leaves the destination, as processors do. The other flags are
 * undefined; they follow the source.
 */
ALWAYS_INLINE void bit_scan(struct cpu *cpu, const struct insn *i, unsigned size, uint64_t v,
                            bool reverse)
{
    flags_set_logic(cpu, size, v);
    if (v != 0)
        SET_REG(size, (uint64_t)(reverse ? 63 - __builtin_clzll(v) : __builtin_ctzll(v)));
}

/*
 * Sums of neighbouring fields of 1, 2 and 4 bits, then of the bytes: the compiler's own would
 * call its library.
 */
ALWAYS_INLINE uint32_t count_ones(uint32_t v)
{
    v -= (v >> 1) & 0x55555555;
    v = (v & 0x33333333) + ((v >> 2) & 0x33333333);
    v = (v + (v >> 4)) & 0x0f0f0f0f;
    return (v * 0x01010101) >> 24;
}

/* All flags but ZF are cleared: a result of 1 has odd parity and no sign. */
ALWAYS_INLINE void population_count(struct cpu *cpu, const struct insn *i, unsigned size,
                                    uint64_t v)
{
    cpu->cc_result = v != 0;
    cpu->cc_carry = v != 0 ? 0 : UINT64_C(1) << CC_PF_SHIFT;
    SET_REG(size, count_ones((uint32_t)v));
}

#define BIT_SCAN(suffix, size)                                                                     \
    REG_HANDLER(bsf_gv_ev_##suffix##_r, bit_scan(cpu, i, size, RM(size), false))                   \
    LOAD_HANDLER(bsf_gv_ev_##suffix##_m, size, bit_scan(cpu, i, size, value, false))               \
    REG_HANDLER(bsr_gv_ev_##suffix##_r, bit_scan(cpu, i, size, RM(size), true))                    \
    LOAD_HANDLER(bsr_gv_ev_##suffix##_m, size, bit_scan(cpu, i, size, value, true))                \
    REG_HANDLER(popcnt_gv_ev_##suffix##_r, population_count(cpu, i, size, RM(size)))               \
    LOAD_HANDLER(popcnt_gv_ev_##suffix##_m, size, population_count(cpu, i, size, value))
BIT_SCAN(16, 2)
BIT_SCAN(32, 4)

#define SETCC(name, cc)                                                                            \
    REG_HANDLER(set##name##_eb_r, SET_RM(1, condition_holds(cpu, cc)))                             \
    STORE_HANDLER(set##name##_eb_m, 1, condition_holds(cpu, cc))
CONDITIONS(SETCC)
