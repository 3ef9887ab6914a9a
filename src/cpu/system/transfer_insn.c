// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// JMP CALL RET far, INT n INT1 INT3 INTO BOUND, IRET, RSM.
#include "cpu/access.h"
#include "cpu/handlers.h"
#include "cpu/system/internal.h"

/* ---- far transfers --------------------------------------------------------------------------- */

#define FAR_POINTER(name, function)                                                                \
    EXEC(exec_##name##_ap_16)                                                                      \
    {                                                                                              \
        exec_sync(cpu, i);                                                                         \
        function(cpu, insn_imm2(i), i->imm, 2, insn_next_eip(cpu, i));                             \
        EXEC_JUMP;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_ap_32)                                                                      \
    {                                                                                              \
        exec_sync(cpu, i);                                                                         \
        function(cpu, insn_imm2(i), i->imm, 4, insn_next_eip(cpu, i));                             \
        EXEC_JUMP;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_mp_16)                                                                      \
    {                                                                                              \
        uint32_t ea = exec_ea(cpu, i), offset = exec_load16(cpu, i, i->seg, ea);                   \
        uint16_t selector = exec_load16(cpu, i, i->seg, (ea + 2) & i->addr_mask);                  \
        exec_sync(cpu, i);                                                                         \
        function(cpu, selector, offset, 2, insn_next_eip(cpu, i));                                 \
        EXEC_JUMP;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_mp_32)                                                                      \
    {                                                                                              \
        uint32_t ea = exec_ea(cpu, i), offset = exec_load32(cpu, i, i->seg, ea);                   \
        uint16_t selector = exec_load16(cpu, i, i->seg, (ea + 4) & i->addr_mask);                  \
        exec_sync(cpu, i);                                                                         \
        function(cpu, selector, offset, 4, insn_next_eip(cpu, i));                                 \
        EXEC_JUMP;                                                                                 \
    }
FAR_POINTER(jmp_far, far_jump)
FAR_POINTER(call_far, far_call)

#define FAR_RETURN(name, pop)                                                                      \
    EXEC(exec_##name##_16)                                                                         \
    {                                                                                              \
        exec_sync(cpu, i);                                                                         \
        far_return(cpu, 2, (uint16_t)(pop));                                                       \
        EXEC_JUMP;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_32)                                                                         \
    {                                                                                              \
        exec_sync(cpu, i);                                                                         \
        far_return(cpu, 4, (uint16_t)(pop));                                                       \
        EXEC_JUMP;                                                                                 \
    }
FAR_RETURN(ret_far, 0)
FAR_RETURN(ret_far_iw, i->imm)

/* ---- interrupts ------------------------------------------------------------------------------ */

EXEC(exec_int)
{
    exec_sync(cpu, i);
    interrupt_deliver(cpu, i->imm & 0xff, INTERRUPT_SOFTWARE, 0, insn_next_eip(cpu, i));
    EXEC_JUMP;
}

EXEC(exec_int3)
{
    exec_sync(cpu, i);
    interrupt_deliver(cpu, EXC_BP, INTERRUPT_SOFTWARE_EXCEPTION, 0, insn_next_eip(cpu, i));
    EXEC_JUMP;
}

EXEC(exec_int1)
{
    exec_sync(cpu, i);
    interrupt_deliver(cpu, EXC_DB, INTERRUPT_ICEBP, 0, insn_next_eip(cpu, i));
    EXEC_JUMP;
}

EXEC(exec_into)
{
    exec_sync(cpu, i);
    if (flag_of(cpu))
        interrupt_deliver(cpu, EXC_OF, INTERRUPT_SOFTWARE_EXCEPTION, 0, insn_next_eip(cpu, i));
    else
        cpu->eip = insn_next_eip(cpu, i);
    EXEC_JUMP;
}

EXEC(exec_iret_16)
{
    exec_sync(cpu, i);
    interrupt_return(cpu, 2, insn_next_eip(cpu, i));
    EXEC_JUMP;
}

EXEC(exec_iret_32)
{
    exec_sync(cpu, i);
    interrupt_return(cpu, 4, insn_next_eip(cpu, i));
    EXEC_JUMP;
}

/* The bounds are signed; #BR is a fault. */
EXEC(exec_bound_16)
{
    uint32_t ea = exec_ea(cpu, i);
    int16_t index = (int16_t)reg16(cpu, i->reg);
    int16_t lower = (int16_t)exec_load16(cpu, i, i->seg, ea);
    int16_t upper = (int16_t)exec_load16(cpu, i, i->seg, (ea + 2) & i->addr_mask);
    if (index < lower || index > upper)
        exec_raise(cpu, i, EXC_BR);
    EXEC_NEXT;
}

EXEC(exec_bound_32)
{
    uint32_t ea = exec_ea(cpu, i);
    int32_t index = (int32_t)reg32(cpu, i->reg);
    int32_t lower = (int32_t)exec_load32(cpu, i, i->seg, ea);
    int32_t upper = (int32_t)exec_load32(cpu, i, i->seg, (ea + 4) & i->addr_mask);
    if (index < lower || index > upper)
        exec_raise(cpu, i, EXC_BR);
    EXEC_NEXT;
}

EXEC(exec_rsm)
{
    exec_sync(cpu, i);
    if (!cpu->smm)
        cpu_raise(cpu, EXC_UD);
    smm_leave(cpu);
    EXEC_JUMP;
}
