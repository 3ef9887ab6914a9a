// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// PUSH POP PUSHA POPA ENTER LEAVE (SDM 1, 6.2 and 6.5).
#include "cpu/integer/stack.h"

#define PUSH_REG(name, size, v)                                                                    \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        uint32_t esp = stack_below(cpu, size);                                                     \
        exec_store_slow(cpu, i, SEG_SS, esp, size, truncate(size, v));                             \
        stack_set_pointer(cpu, esp);                                                               \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *host;                                                                                \
        uint32_t esp = stack_below(cpu, size);                                                     \
        if (unlikely(!host_write(cpu, SEG_SS, esp, size, &host)))                                  \
            return name##_slow(cpu, i);                                                            \
        store_le(host, size, v);                                                                   \
        stack_set_pointer(cpu, esp);                                                               \
        EXEC_NEXT;                                                                                 \
    }
PUSH_REG(push_zv_16, 2, REG(2))
PUSH_REG(push_zv_32, 4, REG(4))
PUSH_REG(push_iz_16, 2, IMM(2))
PUSH_REG(push_iz_32, 4, IMM(4))
PUSH_REG(push_ev_16_r, 2, RM(2))
PUSH_REG(push_ev_32_r, 4, RM(4))

#define PUSH_MEMORY(name, size)                                                                    \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        uint64_t value = load_operand(cpu, i, i->seg, exec_ea(cpu, i), size);                      \
        uint32_t esp = stack_below(cpu, size);                                                     \
        store_operand(cpu, i, SEG_SS, esp, size, value);                                           \
        stack_set_pointer(cpu, esp);                                                               \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *host, *top;                                                                          \
        uint32_t esp = stack_below(cpu, size);                                                     \
        if (unlikely(!host_read(cpu, i->seg, exec_ea(cpu, i), size, &host) ||                      \
                     !host_write(cpu, SEG_SS, esp, size, &top)))                                   \
            return name##_slow(cpu, i);                                                            \
        store_le(top, size, load_le(host, size));                                                  \
        stack_set_pointer(cpu, esp);                                                               \
        EXEC_NEXT;                                                                                 \
    }
PUSH_MEMORY(push_ev_16_m, 2)
PUSH_MEMORY(push_ev_32_m, 4)

/* POP ESP: the increment comes first and is overwritten. */
#define POP_REG(name, size, set)                                                                   \
    LOAD_TEMPLATE(name, size, SEG_SS, stack_top(cpu), EXEC_NEXT,                                   \
                  stack_set_pointer(cpu, reg32(cpu, RSP) + size);                                  \
                  set)
POP_REG(pop_zv_16, 2, SET_REG(2, value))
POP_REG(pop_zv_32, 4, SET_REG(4, value))
POP_REG(pop_ev_16_r, 2, SET_RM(2, value))
POP_REG(pop_ev_32_r, 4, SET_RM(4, value))

/* A destination addressed through ESP sees it incremented; a fault in the store leaves it. */
ALWAYS_INLINE void pop_memory(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint64_t value = load_operand(cpu, i, SEG_SS, stack_top(cpu), size), old = cpu->gpr[RSP];
    stack_set_pointer(cpu, (uint32_t)old + size);
    uint64_t new = cpu->gpr[RSP];
    uint32_t ea = exec_ea(cpu, i);
    cpu->gpr[RSP] = old;
    store_operand(cpu, i, i->seg, ea, size, value);
    cpu->gpr[RSP] = new;
}
REG_HANDLER(pop_ev_16_m, pop_memory(cpu, i, 2))
REG_HANDLER(pop_ev_32_m, pop_memory(cpu, i, 4))

/*
 * Each slot may wrap in a 16-bit stack or lie on another page: all are probed before the first
 * is written.
 */
ALWAYS_INLINE void push_all(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t esp = reg32(cpu, RSP);
    for (unsigned n = 1; n <= 8; n++)
        probe_write(cpu, i, SEG_SS, (esp - n * size) & cpu->stack_mask, size);
    for (unsigned n = 0; n < 8; n++)
        store_operand(cpu, i, SEG_SS, (esp - (n + 1) * size) & cpu->stack_mask, size,
                      get_reg(cpu, i, n, size));
    stack_set_pointer(cpu, esp - 8 * size);
}
REG_HANDLER(pusha_16, push_all(cpu, i, 2))
REG_HANDLER(pusha_32, push_all(cpu, i, 4))

/* EDI, at the lowest address, comes first, which tells where a fault is. The saved ESP is read, too,
 * as silicon does, and forgotten. */
ALWAYS_INLINE void pop_all(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t esp = reg32(cpu, RSP);
    uint64_t values[8];
    for (unsigned n = 8; n-- > 0;)
        values[n] = load_operand(cpu, i, SEG_SS, (esp + (7 - n) * size) & cpu->stack_mask, size);
    for (unsigned n = 0; n < 8; n++)
        if (n != RSP)
            set_reg(cpu, i, n, size, values[n]);
    stack_set_pointer(cpu, esp + 8 * size);
}
REG_HANDLER(popa_16, pop_all(cpu, i, 2))
REG_HANDLER(popa_32, pop_all(cpu, i, 4))

/*
 * SDM 2, "ENTER". EBP and ESP change when all frame pointers are written and the new top of the
 * stack was found writable. ESP and the walk along the display go by the stack's size; what is
 * pushed, and EBP or BP, by the operand's.
 */
ALWAYS_INLINE void enter(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint32_t mask = cpu->stack_mask, esp = reg32(cpu, RSP), ebp = reg32(cpu, RBP), frame;
    unsigned level = insn_imm2(i) & 31;
    frame = (esp & ~mask) | ((esp - size) & mask);
    esp -= size;
    store_operand(cpu, i, SEG_SS, esp & mask, size, ebp);
    for (unsigned n = 1; n < level; n++) {
        ebp -= size;
        uint64_t pointer = load_operand(cpu, i, SEG_SS, ebp & mask, size);
        esp -= size;
        store_operand(cpu, i, SEG_SS, esp & mask, size, pointer);
    }
    if (level) {
        esp -= size;
        store_operand(cpu, i, SEG_SS, esp & mask, size, frame);
    }
    esp -= (uint16_t)i->imm;
    probe_write(cpu, i, SEG_SS, esp & mask, size);
    set_reg(cpu, i, RBP, size, frame);
    stack_set_pointer(cpu, esp);
}
REG_HANDLER(enter_16, enter(cpu, i, 2))
REG_HANDLER(enter_32, enter(cpu, i, 4))

#define LEAVE(name, size)                                                                          \
    LOAD_TEMPLATE(name, size, SEG_SS, reg32(cpu, RBP) & cpu->stack_mask, EXEC_NEXT,                \
                  stack_set_pointer(cpu, reg32(cpu, RBP) + size);                                  \
                  set_reg(cpu, i, RBP, size, value))
LEAVE(leave_16, 2)
LEAVE(leave_32, 4)
