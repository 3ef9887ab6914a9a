// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// STC CLC CMC STD CLD LAHF SAHF SALC: flag control (SDM 1, 7.3.13).
#include "cpu/integer/operand.h"

REG_HANDLER(stc, flag_set_cf(cpu, true))
REG_HANDLER(clc, flag_set_cf(cpu, false))
REG_HANDLER(cmc, flag_set_cf(cpu, !flag_cf(cpu)))
REG_HANDLER(std, cpu->eflags |= EFLAGS_DF)
REG_HANDLER(cld, cpu->eflags &= ~EFLAGS_DF)

/* The low byte of EFLAGS but for OF, which is higher up. */
#define SAHF_FLAGS (EFLAGS_CF | EFLAGS_PF | EFLAGS_AF | EFLAGS_ZF | EFLAGS_SF)
REG_HANDLER(lahf, SET_ACC(2, (flags_get_arith(cpu) & SAHF_FLAGS) << 8 | EFLAGS_FIXED << 8 | ACC(1)))
REG_HANDLER(sahf, flags_change(cpu, SAHF_FLAGS, (uint32_t)ACC(2) >> 8))

/* D6, undocumented: AL all CF. */
REG_HANDLER(salc, SET_ACC(1, flag_cf(cpu) ? 0xff : 0))
