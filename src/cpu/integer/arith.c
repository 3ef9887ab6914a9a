// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// ADD ADC SUB SBB CMP INC DEC NEG: binary arithmetic (SDM 1, 7.3.2).
#include "cpu/integer/binary.h"

BINARY(add)
BINARY(adc)
BINARY(sub)
BINARY(sbb)
COMPARE_E_G(cmp, sub)
COMPARE_G_E(cmp, sub)
COMPARE_E_I(cmp, sub)

UNARY(inc)
UNARY(dec)
UNARY(neg)

/* The one-byte forms 40-4F. */
REG_HANDLER(inc_zv_16, SET_REG(2, alu_inc(cpu, 2, REG(2))))
REG_HANDLER(inc_zv_32, SET_REG(4, alu_inc(cpu, 4, REG(4))))
REG_HANDLER(dec_zv_16, SET_REG(2, alu_dec(cpu, 2, REG(2))))
REG_HANDLER(dec_zv_32, SET_REG(4, alu_dec(cpu, 4, REG(4))))
