// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Jcc JMP CALL RET near, JCXZ, LOOP: control transfer within the segment (SDM 1, 7.3.8).
#include "cpu/dispatch.h"
#include "cpu/integer/condition.h"
#include "cpu/integer/stack.h"

#define JUMP_ON return dispatch_here(cpu)

/*
 * A 16-bit operand size cuts the target to 16 bits. A target beyond the limit of CS is #GP(0) of
 * the jump, before anything changes, not of the instruction there.
 */
ALWAYS_INLINE uint32_t check_target(struct cpu *cpu, const struct insn *i, unsigned size,
                                    uint64_t target)
{
    uint32_t eip = (uint32_t)truncate(size, target);
    if (unlikely(eip > cpu->seg[SEG_CS].limit))
        exec_raise_error(cpu, i, EXC_GP, 0);
    return eip;
}

ALWAYS_INLINE uint32_t relative_target(struct cpu *cpu, const struct insn *i, unsigned size)
{
    return check_target(cpu, i, size, insn_eip(cpu, i) + i->length + i->imm);
}

#define JUMP_HANDLER(name, ...)                                                                    \
    EXEC(name)                                                                                     \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        JUMP_ON;                                                                                   \
    }

#define JUMP_IF(name, size, condition)                                                             \
    EXEC(name)                                                                                     \
    {                                                                                              \
        if (condition)                                                                             \
            cpu->eip = relative_target(cpu, i, size);                                              \
        else                                                                                       \
            cpu->eip = insn_next_eip(cpu, i);                                                      \
        JUMP_ON;                                                                                   \
    }

/* A block goes on behind a conditional jump: what was counted at its entry and is jumped over did
 * not retire. */
ALWAYS_INLINE void leave_block(struct cpu *cpu, const struct insn *i, uint32_t target)
{
    cpu->eip = target;
    cpu->instructions -= cpu->block->count - 1 - (uint64_t)(i - cpu->block->insns);
}

#define BRANCH(name, size, condition)                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        if (!(condition))                                                                          \
            EXEC_NEXT;                                                                             \
        leave_block(cpu, i, relative_target(cpu, i, size));                                        \
        JUMP_ON;                                                                                   \
    }

#define JCC(name, cc)                                                                              \
    BRANCH(j##name##_16, 2, condition_holds(cpu, cc))                                              \
    BRANCH(j##name##_32, 4, condition_holds(cpu, cc))
CONDITIONS(JCC)

/* The count register is CX or ECX by the address size. */
JUMP_IF(jcxz_16, 2, (reg32(cpu, RCX) & i->addr_mask) == 0)
JUMP_IF(jcxz_32, 4, (reg32(cpu, RCX) & i->addr_mask) == 0)

/* ECX counts down when the target is known to be good. */
ALWAYS_INLINE void loop(struct cpu *cpu, const struct insn *i, unsigned size, bool condition)
{
    uint32_t count = reg32(cpu, RCX) - 1;
    if ((count & i->addr_mask) != 0 && condition)
        cpu->eip = relative_target(cpu, i, size);
    else
        cpu->eip = insn_next_eip(cpu, i);
    if (i->addr_mask == 0xffff)
        set_reg16(cpu, RCX, (uint16_t)count);
    else
        set_reg32(cpu, RCX, count);
}
JUMP_HANDLER(loop_16, loop(cpu, i, 2, true))
JUMP_HANDLER(loop_32, loop(cpu, i, 4, true))
JUMP_HANDLER(loope_16, loop(cpu, i, 2, flag_zf(cpu)))
JUMP_HANDLER(loope_32, loop(cpu, i, 4, flag_zf(cpu)))
JUMP_HANDLER(loopne_16, loop(cpu, i, 2, !flag_zf(cpu)))
JUMP_HANDLER(loopne_32, loop(cpu, i, 4, !flag_zf(cpu)))

JUMP_HANDLER(jmp_jz_16, cpu->eip = relative_target(cpu, i, 2))
JUMP_HANDLER(jmp_jz_32, cpu->eip = relative_target(cpu, i, 4))
#define JMP_E(suffix, size)                                                                        \
    JUMP_HANDLER(jmp_ev_##suffix##_r, cpu->eip = check_target(cpu, i, size, RM(size)))             \
    LOAD_TEMPLATE(jmp_ev_##suffix##_m, size, i->seg, exec_ea(cpu, i), JUMP_ON,                     \
                  cpu->eip = check_target(cpu, i, size, value))
JMP_E(16, 2)
JMP_E(32, 4)

/* The return address is pushed with the operand size. */
ALWAYS_INLINE void call(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t target)
{
    uint32_t esp = stack_below(cpu, size);
    store_operand(cpu, i, SEG_SS, esp, size, insn_next_eip(cpu, i));
    stack_set_pointer(cpu, esp);
    cpu->eip = target;
}

/* top: the host address of the new top of the stack. */
ALWAYS_INLINE void call_fast(struct cpu *cpu, const struct insn *i, unsigned size, uint32_t target,
                             void *top)
{
    store_le(top, size, insn_next_eip(cpu, i));
    stack_set_pointer(cpu, stack_below(cpu, size));
    cpu->eip = target;
}

#define CALL_HANDLER(name, size, target)                                                           \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        call(cpu, i, size, check_target(cpu, i, size, target));                                    \
        JUMP_ON;                                                                                   \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *top;                                                                                 \
        if (unlikely(!host_write(cpu, SEG_SS, stack_below(cpu, size), size, &top)))                \
            return name##_slow(cpu, i);                                                            \
        call_fast(cpu, i, size, check_target(cpu, i, size, target), top);                          \
        JUMP_ON;                                                                                   \
    }
CALL_HANDLER(call_jz_16, 2, relative_target(cpu, i, 2))
CALL_HANDLER(call_jz_32, 4, relative_target(cpu, i, 4))
CALL_HANDLER(call_ev_16_r, 2, RM(2))
CALL_HANDLER(call_ev_32_r, 4, RM(4))

#define CALL_MEMORY(name, size)                                                                    \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        uint64_t target = load_operand(cpu, i, i->seg, exec_ea(cpu, i), size);                     \
        call(cpu, i, size, check_target(cpu, i, size, target));                                    \
        JUMP_ON;                                                                                   \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *host, *top;                                                                          \
        if (unlikely(!host_read(cpu, i->seg, exec_ea(cpu, i), size, &host) ||                      \
                     !host_write(cpu, SEG_SS, stack_below(cpu, size), size, &top)))                \
            return name##_slow(cpu, i);                                                            \
        call_fast(cpu, i, size, check_target(cpu, i, size, load_le(host, size)), top);             \
        JUMP_ON;                                                                                   \
    }
CALL_MEMORY(call_ev_16_m, 2)
CALL_MEMORY(call_ev_32_m, 4)

#define RET(name, size, drop)                                                                      \
    LOAD_TEMPLATE(name, size, SEG_SS, stack_top(cpu), JUMP_ON,                                     \
                  cpu->eip = check_target(cpu, i, size, value);                                    \
                  stack_set_pointer(cpu, reg32(cpu, RSP) + size + (drop)))
RET(ret_16, 2, 0)
RET(ret_32, 4, 0)
RET(ret_iw_16, 2, i->imm)
RET(ret_iw_32, 4, i->imm)
