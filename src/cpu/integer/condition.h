// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The sixteen conditions of Jcc, SETcc and CMOVcc (SDM 1 appendix B).
#ifndef CPU_INTEGER_CONDITION_H
#define CPU_INTEGER_CONDITION_H

#include "cpu/flags.h"

#define CONDITIONS(X)                                                                              \
    X(o, 0) X(no, 1) X(b, 2) X(nb, 3) X(z, 4) X(nz, 5) X(be, 6) X(nbe, 7)                          \
    X(s, 8) X(ns, 9) X(p, 10) X(np, 11) X(l, 12) X(nl, 13) X(le, 14) X(nle, 15)

/*
 * flags_condition() for a constant cc. Each flag of flags.h is brought to bit 63, so that one
 * compare with 0 asks for it and SF != OF is an exclusive-or.
 */
static inline __attribute__((always_inline)) bool condition_holds(const struct cpu *cpu,
                                                                  unsigned cc)
{
    uint64_t carry = cpu->cc_carry, sf = cpu->cc_result ^ carry << (63 - CC_SF_BIT);
    uint64_t of = carry ^ carry << 1;
    bool v, zf = cpu->cc_result == 0;
    switch (cc >> 1) {
    case 0: v = (int64_t)of < 0; break;
    case 1: v = (int64_t)carry < 0; break;
    case 2: v = zf; break;
    case 3: v = zf || (int64_t)carry < 0; break;
    case 4: v = (int64_t)sf < 0; break;
    case 5: v = flag_pf(cpu); break;
    case 6: v = (int64_t)(sf ^ of) < 0; break;
    default: v = zf || (int64_t)(sf ^ of) < 0; break;
    }
    return v ^ (cc & 1);
}

#endif
