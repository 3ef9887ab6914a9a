// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What string instructions share: index registers, runs of elements, the repeat loop.
#ifndef CPU_INTEGER_REPEAT_H
#define CPU_INTEGER_REPEAT_H

#include "cpu/integer/operand.h"

/* SI, DI and CX by the address size. */
ALWAYS_INLINE uint32_t string_offset(const struct cpu *cpu, const struct insn *i, unsigned r)
{
    return reg32(cpu, r) & i->addr_mask;
}

ALWAYS_INLINE void string_set(struct cpu *cpu, const struct insn *i, unsigned r, uint32_t v)
{
    if (i->addr_mask == 0xffff)
        set_reg16(cpu, r, (uint16_t)v);
    else
        set_reg32(cpu, r, v);
}

/* Past count elements, in the direction of DF. */
ALWAYS_INLINE void string_advance(struct cpu *cpu, const struct insn *i, unsigned r, unsigned size,
                                  uint32_t count)
{
    uint32_t bytes = count * size;
    string_set(cpu, i, r, reg32(cpu, r) + (cpu->eflags & EFLAGS_DF ? -bytes : bytes));
}

/*
 * How many elements from seg:offset upwards, at most count, lie in one page that the soft TLB
 * has, within the segment and below the wrap of the address size; *p is the first. 0: this one
 * goes the slow way.
 */
ALWAYS_INLINE uint32_t string_run(const struct cpu *cpu, const struct insn *i, unsigned seg,
                                  uint32_t offset, unsigned size, uint32_t count, bool write,
                                  uint8_t **p)
{
    const struct segment *s = &cpu->seg[seg];
    uint32_t linear = (uint32_t)s->base + offset;
    const struct tlb_entry *e = tlb_entry(cpu, linear);
    int64_t last = MIN(write ? s->write_max : s->read_max, (int64_t)i->addr_mask);
    if ((write ? e->write_tag : e->read_tag) != tlb_tag(linear) || last < (int64_t)offset)
        return 0;
    int64_t bytes = MIN((int64_t)(0x1000 - (linear & 0xfff)), last - (int64_t)offset + 1);
    *p = (uint8_t *)(uintptr_t)(e->host + linear);
    return MIN((uint32_t)bytes / size, count);
}

/*
 * MOVS, CMPS, STOS or SCAS (the even opcode) with its repeat and ECX not 0: as long as string_run()
 * finds its operands and nothing asks for attention. Whether it was done to its end.
 */
bool string_repeat(struct cpu *cpu, const struct insn *i, uint8_t opcode, unsigned size);

/*
 * A repeated string instruction. run: an expression of `count` (elements left) that does several
 * elements at once and gives their number, 0 for none; one: the statement for a single element;
 * more: whether to go on after an element but for the count. Index and count registers are right
 * after each element, so that a fault or an interrupt in the middle resumes there; when the
 * processor is asked for attention (an interrupt, a single step), one element is done and the
 * instruction left with EIP at itself.
 */
#define REP_HANDLER(name, run, one, more)                                                          \
    EXEC(name)                                                                                     \
    {                                                                                              \
        uint32_t count = string_offset(cpu, i, RCX);                                               \
        while (count != 0) {                                                                       \
            bool attention = __atomic_load_n(&cpu->attention, __ATOMIC_RELAXED) != 0;              \
            uint32_t done = attention ? 0 : (run);                                                 \
            if (done == 0) {                                                                       \
                one;                                                                               \
                done = 1;                                                                          \
            }                                                                                      \
            count -= done;                                                                         \
            string_set(cpu, i, RCX, reg32(cpu, RCX) - done);                                       \
            if (!(more))                                                                           \
                break;                                                                             \
            if (count != 0 && __atomic_load_n(&cpu->attention, __ATOMIC_RELAXED) != 0) {           \
                cpu->eip = insn_eip(cpu, i);                                                       \
                cpu->eflags |= EFLAGS_RF; /* what comes now pushes it set */                       \
                EXEC_JUMP;                                                                         \
            }                                                                                      \
        }                                                                                          \
        cpu->eip = insn_next_eip(cpu, i);                                                          \
        EXEC_JUMP;                                                                                 \
    }

#endif
