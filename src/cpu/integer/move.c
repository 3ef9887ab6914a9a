// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOV CMOVcc MOVZX MOVSX CBW CWD LEA XLAT: data transfer and conversion (SDM 1, 7.3.1).
#include "cpu/integer/condition.h"
#include "cpu/integer/operand.h"

#define MOV_E(name, size, source)                                                                  \
    REG_HANDLER(name##_r, SET_RM(size, source))                                                    \
    STORE_HANDLER(name##_m, size, source)
MOV_E(mov_eb_gb, 1, REG(1))
MOV_E(mov_ev_gv_16, 2, REG(2))
MOV_E(mov_ev_gv_32, 4, REG(4))
MOV_E(mov_eb_ib, 1, IMM(1))
MOV_E(mov_ev_iz_16, 2, IMM(2))
MOV_E(mov_ev_iz_32, 4, IMM(4))

#define MOV_G(name, size)                                                                          \
    REG_HANDLER(name##_r, SET_REG(size, RM(size)))                                                 \
    LOAD_HANDLER(name##_m, size, SET_REG(size, value))
MOV_G(mov_gb_eb, 1)
MOV_G(mov_gv_ev_16, 2)
MOV_G(mov_gv_ev_32, 4)

REG_HANDLER(mov_zb_ib, SET_REG(1, IMM(1)))
REG_HANDLER(mov_zv_iv_16, SET_REG(2, IMM(2)))
REG_HANDLER(mov_zv_iv_32, SET_REG(4, IMM(4)))

/* Offset in the instruction, of the address size. */
LOAD_HANDLER(mov_al_ob, 1, SET_ACC(1, value))
LOAD_HANDLER(mov_rax_ov_16, 2, SET_ACC(2, value))
LOAD_HANDLER(mov_rax_ov_32, 4, SET_ACC(4, value))
STORE_HANDLER(mov_ob_al, 1, ACC(1))
STORE_HANDLER(mov_ov_rax_16, 2, ACC(2))
STORE_HANDLER(mov_ov_rax_32, 4, ACC(4))

/* The source is read, with its faults, whatever the condition says. */
#define CMOV(name, cc)                                                                             \
    REG_HANDLER(cmov##name##_gv_ev_16_r, if (condition_holds(cpu, cc)) SET_REG(2, RM(2)))          \
    REG_HANDLER(cmov##name##_gv_ev_32_r, SET_REG(4, condition_holds(cpu, cc) ? RM(4) : REG(4)))    \
    LOAD_HANDLER(cmov##name##_gv_ev_16_m, 2, if (condition_holds(cpu, cc)) SET_REG(2, value))      \
    LOAD_HANDLER(cmov##name##_gv_ev_32_m, 4, SET_REG(4, condition_holds(cpu, cc) ? value : REG(4)))
CONDITIONS(CMOV)

#define MOV_EXTEND(name, to, from)                                                                 \
    REG_HANDLER(movzx_##name##_r, SET_REG(to, RM(from)))                                           \
    LOAD_HANDLER(movzx_##name##_m, from, SET_REG(to, value))                                       \
    REG_HANDLER(movsx_##name##_r, SET_REG(to, (uint64_t)sign_extend(from, RM(from))))              \
    LOAD_HANDLER(movsx_##name##_m, from, SET_REG(to, (uint64_t)sign_extend(from, value)))
MOV_EXTEND(gv_eb_16, 2, 1)
MOV_EXTEND(gv_eb_32, 4, 1)
MOV_EXTEND(gv_ew_16, 2, 2)
MOV_EXTEND(gv_ew_32, 4, 2)

/* CBW CWDE, CWD CDQ. */
REG_HANDLER(cbw_16, set_reg16(cpu, RAX, (uint16_t)(int8_t)reg16(cpu, RAX)))
REG_HANDLER(cbw_32, set_reg32(cpu, RAX, (uint32_t)(int16_t)reg16(cpu, RAX)))
REG_HANDLER(cwd_16, set_reg16(cpu, RDX, (uint16_t)((int16_t)reg16(cpu, RAX) >> 15)))
REG_HANDLER(cwd_32, set_reg32(cpu, RDX, (uint32_t)((int32_t)reg32(cpu, RAX) >> 31)))

/* The effective address alone: no segment. */
REG_HANDLER(lea_gv_m_16, SET_REG(2, exec_ea(cpu, i)))
REG_HANDLER(lea_gv_m_32, SET_REG(4, exec_ea(cpu, i)))

ALWAYS_INLINE uint32_t xlat_ea(const struct cpu *cpu, const struct insn *i)
{
    return (reg32(cpu, RBX) + (uint8_t)reg32(cpu, RAX)) & i->addr_mask;
}
LOAD_HANDLER_AT(xlat, 1, xlat_ea(cpu, i), SET_ACC(1, value))
