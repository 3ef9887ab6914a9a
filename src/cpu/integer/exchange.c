// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// XCHG XADD CMPXCHG CMPXCHG8B BSWAP: exchanges (SDM 1, 7.3.1.2).
#include "cpu/integer/alu.h"

/* XCHG with memory is locked with or without the prefix. */
#define XCHG(name, size)                                                                           \
    REG_HANDLER(name##_r, uint64_t v = RM(size); SET_RM(size, REG(size)); SET_REG(size, v))        \
    RMW_HANDLER_AT(name##_m, size, exec_ea(cpu, i), true, REG(size), SET_REG(size, value))
XCHG(xchg_eb_gb, 1)
XCHG(xchg_ev_gv_16, 2)
XCHG(xchg_ev_gv_32, 4)

REG_HANDLER(xchg_zv_rax_16, uint64_t v = REG(2); SET_REG(2, ACC(2)); SET_ACC(2, v))
REG_HANDLER(xchg_zv_rax_32, uint64_t v = REG(4); SET_REG(4, ACC(4)); SET_ACC(4, v))

/* The sum is written last: XADD EAX,EAX doubles. */
#define XADD(name, size)                                                                           \
    REG_HANDLER(name##_r, uint64_t v = RM(size), sum = alu_add(cpu, size, v, REG(size));           \
                SET_REG(size, v); SET_RM(size, sum))                                               \
    RMW_HANDLER(name##_m, size, alu_add(cpu, size, value, REG(size)), SET_REG(size, value))
XADD(xadd_eb_gb, 1)
XADD(xadd_ev_gv_16, 2)
XADD(xadd_ev_gv_32, 4)

/* The destination is written in either case, with its old value if the comparison failed. */
ALWAYS_INLINE uint64_t alu_cmpxchg(struct cpu *cpu, unsigned size, uint64_t dest, uint64_t acc,
                                   uint64_t source)
{
    alu_sub(cpu, size, acc, dest);
    return flag_zf(cpu) ? source : dest;
}

ALWAYS_INLINE void cmpxchg_commit(struct cpu *cpu, const struct insn *i, unsigned size,
                                  uint64_t dest)
{
    if (!flag_zf(cpu))
        SET_ACC(size, dest);
}

#define CMPXCHG(name, size)                                                                        \
    REG_HANDLER(name##_r, uint64_t v = RM(size);                                                   \
                SET_RM(size, alu_cmpxchg(cpu, size, v, ACC(size), REG(size)));                     \
                cmpxchg_commit(cpu, i, size, v))                                                   \
    RMW_HANDLER(name##_m, size, alu_cmpxchg(cpu, size, value, ACC(size), REG(size)),               \
                cmpxchg_commit(cpu, i, size, value))
CMPXCHG(cmpxchg_eb_gb, 1)
CMPXCHG(cmpxchg_ev_gv_16, 2)
CMPXCHG(cmpxchg_ev_gv_32, 4)

ALWAYS_INLINE uint64_t pair(const struct cpu *cpu, unsigned high, unsigned low)
{
    return (uint64_t)reg32(cpu, high) << 32 | reg32(cpu, low);
}

ALWAYS_INLINE uint64_t alu_cmpxchg8b(struct cpu *cpu, uint64_t dest)
{
    bool equal = dest == pair(cpu, RDX, RAX);
    alu_set_zf(cpu, equal);
    return equal ? pair(cpu, RCX, RBX) : dest;
}

ALWAYS_INLINE void cmpxchg8b_commit(struct cpu *cpu, uint64_t dest)
{
    if (flag_zf(cpu))
        return;
    set_reg32(cpu, RAX, (uint32_t)dest);
    set_reg32(cpu, RDX, (uint32_t)(dest >> 32));
}

RMW_HANDLER(cmpxchg8b_mq, 8, alu_cmpxchg8b(cpu, value), cmpxchg8b_commit(cpu, value))

/* With a 16-bit operand the result is undefined; processors clear the low half. */
REG_HANDLER(bswap_zv_16, SET_REG(2, 0))
REG_HANDLER(bswap_zv_32, SET_REG(4, __builtin_bswap32((uint32_t)REG(4))))
