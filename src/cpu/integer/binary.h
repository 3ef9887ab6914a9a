// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The operand forms that the arithmetic and logical instructions share.
#ifndef CPU_INTEGER_BINARY_H
#define CPU_INTEGER_BINARY_H

#include "cpu/integer/alu.h"

/* Destination E, source an expression: <op>_<form>_r and _m. */
#define BINARY_E(name, op, size, source)                                                           \
    REG_HANDLER(name##_r, SET_RM(size, alu_##op(cpu, size, RM(size), source)))                     \
    RMW_HANDLER(name##_m, size, alu_##op(cpu, size, value, source), (void)0)

#define BINARY_G(name, op, size)                                                                   \
    REG_HANDLER(name##_r, SET_REG(size, alu_##op(cpu, size, REG(size), RM(size))))                 \
    LOAD_HANDLER(name##_m, size, SET_REG(size, alu_##op(cpu, size, REG(size), value)))

#define BINARY(op)                                                                                 \
    BINARY_E(op##_eb_gb, op, 1, REG(1))                                                            \
    BINARY_E(op##_ev_gv_16, op, 2, REG(2))                                                         \
    BINARY_E(op##_ev_gv_32, op, 4, REG(4))                                                         \
    BINARY_G(op##_gb_eb, op, 1)                                                                    \
    BINARY_G(op##_gv_ev_16, op, 2)                                                                 \
    BINARY_G(op##_gv_ev_32, op, 4)                                                                 \
    BINARY_E(op##_eb_ib, op, 1, IMM(1))                                                            \
    BINARY_E(op##_ev_iz_16, op, 2, IMM(2))                                                         \
    BINARY_E(op##_ev_iz_32, op, 4, IMM(4))                                                         \
    REG_HANDLER(op##_rax_iz_16, SET_ACC(2, alu_##op(cpu, 2, ACC(2), IMM(2))))                      \
    REG_HANDLER(op##_rax_iz_32, SET_ACC(4, alu_##op(cpu, 4, ACC(4), IMM(4))))

/* Flags only: CMP by subtraction, TEST by AND. */
#define COMPARE(name, op, size, a_reg, a_mem, b_reg, b_mem)                                        \
    REG_HANDLER(name##_r, alu_##op(cpu, size, a_reg, b_reg))                                       \
    LOAD_HANDLER(name##_m, size, alu_##op(cpu, size, a_mem, b_mem))

#define COMPARE_E_G(insn, op)                                                                      \
    COMPARE(insn##_eb_gb, op, 1, RM(1), value, REG(1), REG(1))                                     \
    COMPARE(insn##_ev_gv_16, op, 2, RM(2), value, REG(2), REG(2))                                  \
    COMPARE(insn##_ev_gv_32, op, 4, RM(4), value, REG(4), REG(4))

#define COMPARE_G_E(insn, op)                                                                      \
    COMPARE(insn##_gb_eb, op, 1, REG(1), REG(1), RM(1), value)                                     \
    COMPARE(insn##_gv_ev_16, op, 2, REG(2), REG(2), RM(2), value)                                  \
    COMPARE(insn##_gv_ev_32, op, 4, REG(4), REG(4), RM(4), value)

#define COMPARE_E_I(insn, op)                                                                      \
    COMPARE(insn##_eb_ib, op, 1, RM(1), value, IMM(1), IMM(1))                                     \
    COMPARE(insn##_ev_iz_16, op, 2, RM(2), value, IMM(2), IMM(2))                                  \
    COMPARE(insn##_ev_iz_32, op, 4, RM(4), value, IMM(4), IMM(4))                                  \
    REG_HANDLER(insn##_rax_iz_16, alu_##op(cpu, 2, ACC(2), IMM(2)))                                \
    REG_HANDLER(insn##_rax_iz_32, alu_##op(cpu, 4, ACC(4), IMM(4)))

#define UNARY_E(name, op, size)                                                                    \
    REG_HANDLER(name##_r, SET_RM(size, alu_##op(cpu, size, RM(size))))                             \
    RMW_HANDLER(name##_m, size, alu_##op(cpu, size, value), (void)0)

#define UNARY(op)                                                                                  \
    UNARY_E(op##_eb, op, 1)                                                                        \
    UNARY_E(op##_ev_16, op, 2)                                                                     \
    UNARY_E(op##_ev_32, op, 4)

#endif
