// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Declarations of every instruction handler, made from the opcode list.
#ifndef CPU_HANDLERS_H
#define CPU_HANDLERS_H

#include "cpu/execute.h"

#define H(f) EXEC(f);
#define H_RM(f)                                                                                    \
    EXEC(f##_r);                                                                                   \
    EXEC(f##_m);
#define H_V(f)                                                                                     \
    EXEC(f##_16);                                                                                  \
    EXEC(f##_32);
#define H_V_RM(f)                                                                                  \
    EXEC(f##_16_r);                                                                                \
    EXEC(f##_16_m);                                                                                \
    EXEC(f##_32_r);                                                                                \
    EXEC(f##_32_m);
#define H_R(f) EXEC(f);
#define H_M(f) EXEC(f);
#define H_V_R(f)                                                                                   \
    EXEC(f##_16);                                                                                  \
    EXEC(f##_32);
#define H_V_M(f)                                                                                   \
    EXEC(f##_16);                                                                                  \
    EXEC(f##_32);
#define OP(map, opcode, prefix, reg, mod, rm, mnemonic, op1, op2, op3, attributes, reads, writes,  \
           undef, feature, handlers)                                                               \
    handlers
#include "cpu/opcodes.inc"
#undef OP
#undef H
#undef H_RM
#undef H_V
#undef H_V_RM
#undef H_R
#undef H_M
#undef H_V_R
#undef H_V_M

#endif
