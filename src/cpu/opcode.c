// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The opcode table: the rows of opcodes.inc as structures.
#include "cpu/insn.h"

#include "cpu/handlers.h"

enum {
    F_C = EFLAGS_CF,
    F_P = EFLAGS_PF,
    F_A = EFLAGS_AF,
    F_Z = EFLAGS_ZF,
    F_S = EFLAGS_SF,
    F_O = EFLAGS_OF,
    F_D = EFLAGS_DF,
    F_ALL = EFLAGS_ARITH,
    F_NOC = EFLAGS_ARITH & ~EFLAGS_CF,
};

enum { REG_0, REG_1, REG_2, REG_3, REG_4, REG_5, REG_6, REG_7 };
enum { RM_0, RM_1, RM_2, RM_3, RM_4, RM_5, RM_6, RM_7 };

/* Operands that exist in memory or in a register alone settle ModRM.mod. */
#define IS_MEMORY(op) (OPERAND_##op >= OPERAND_M && OPERAND_##op <= OPERAND_Ms)
#define IS_REGISTER(op)                                                                            \
    (OPERAND_##op == OPERAND_Nq || OPERAND_##op == OPERAND_Ux || OPERAND_##op == OPERAND_Uq ||     \
     OPERAND_##op == OPERAND_Rd)
#define ROW_MOD(mod, a, b, c)                                                                      \
    (MOD_##mod != MOD_ANY                                 ? MOD_##mod                              \
     : IS_MEMORY(a) || IS_MEMORY(b) || IS_MEMORY(c)       ? MOD_MEM                                \
     : IS_REGISTER(a) || IS_REGISTER(b) || IS_REGISTER(c) ? MOD_REG                                \
                                                          : MOD_ANY)

#define USES_MODRM(op)                                                                             \
    ((OPERAND_##op >= OPERAND_Eb && OPERAND_##op <= OPERAND_Ms) ||                                 \
     (OPERAND_##op >= OPERAND_Sw && OPERAND_##op <= OPERAND_Rd) ||                                 \
     (OPERAND_##op >= OPERAND_Pq && OPERAND_##op <= OPERAND_Ww))
#define ROW_MODRM(reg, mod, rm, a, b, c)                                                           \
    ((int)REG_##reg != REG_ANY || MOD_##mod != MOD_ANY || (int)RM_##rm != RM_ANY ||                \
     USES_MODRM(a) || USES_MODRM(b) || USES_MODRM(c))

/* [operand size 16, 32, 64][register, memory] */
#define H(f)                                                                                       \
    {                                                                                              \
        { f, f }, { f, f },                                                                        \
        {                                                                                          \
            f, f                                                                                   \
        }                                                                                          \
    }
#define H_RM(f)                                                                                    \
    {                                                                                              \
        { f##_r, f##_m }, { f##_r, f##_m },                                                        \
        {                                                                                          \
            f##_r, f##_m                                                                           \
        }                                                                                          \
    }
#define H_V(f)                                                                                     \
    {                                                                                              \
        { f##_16, f##_16 }, { f##_32, f##_32 },                                                    \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }
#define H_V_RM(f)                                                                                  \
    {                                                                                              \
        { f##_16_r, f##_16_m }, { f##_32_r, f##_32_m },                                            \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }
#define H_R(f)                                                                                     \
    {                                                                                              \
        { f, NULL }, { f, NULL },                                                                  \
        {                                                                                          \
            f, NULL                                                                                \
        }                                                                                          \
    }
#define H_M(f)                                                                                     \
    {                                                                                              \
        { NULL, f }, { NULL, f },                                                                  \
        {                                                                                          \
            NULL, f                                                                                \
        }                                                                                          \
    }
#define H_V_R(f)                                                                                   \
    {                                                                                              \
        { f##_16, NULL }, { f##_32, NULL },                                                        \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }
#define H_V_M(f)                                                                                   \
    {                                                                                              \
        { NULL, f##_16 }, { NULL, f##_32 },                                                        \
        {                                                                                          \
            NULL, NULL                                                                             \
        }                                                                                          \
    }

#define OP(map_, opcode_, prefix_, reg_, mod_, rm_, mnemonic_, op1, op2, op3, attr, reads, writes, \
           undef, feat, ...)                                                                       \
    {                                                                                              \
        .map = MAP_##map_,                                                                         \
        .opcode = opcode_,                                                                         \
        .prefix = PFX_##prefix_,                                                                   \
        .reg = REG_##reg_,                                                                         \
        .mod = ROW_MOD(mod_, op1, op2, op3),                                                       \
        .rm = RM_##rm_,                                                                            \
        .modrm = ROW_MODRM(reg_, mod_, rm_, op1, op2, op3),                                        \
        .mnemonic = mnemonic_,                                                                     \
        .operand = { OPERAND_##op1, OPERAND_##op2, OPERAND_##op3 },                                \
        .attributes = attr,                                                                        \
        .flags_read = reads,                                                                       \
        .flags_written = writes,                                                                   \
        .flags_undefined = undef,                                                                  \
        .feature = FEATURE_##feat,                                                                 \
        .handler = __VA_ARGS__,                                                                    \
    },

const struct opcode opcode_table[] = {
#include "cpu/opcodes.inc"
};

const unsigned opcode_count = ARRAY_SIZE(opcode_table);
