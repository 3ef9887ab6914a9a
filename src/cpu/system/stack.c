// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A stack being read or built before anything is committed: far transfers and interrupts.
#include "cpu/system/stack.h"

#include "cpu/access.h"
#include "cpu/system/descriptor.h"

struct stack stack_current(const struct cpu *cpu, uint32_t error)
{
    return (struct stack){
        .ss = cpu->seg[SEG_SS],
        .pointer = (uint32_t)cpu->gpr[RSP] & cpu->stack_mask,
        .mask = cpu->stack_mask,
        .error = error,
        .user = cpu->cpl == 3,
    };
}

struct stack stack_inner(const struct segment *ss, uint32_t esp, uint32_t error)
{
    uint32_t mask = ss->attributes & ATTR_DB ? 0xffffffffu : 0xffffu;
    return (struct stack){
        .ss = *ss, .pointer = esp & mask, .mask = mask, .error = error, .user = false
    };
}

static uint32_t checked_linear(struct cpu *cpu, const struct stack *st, uint32_t offset,
                               unsigned size, bool write)
{
    if (unlikely(!segment_allows(&st->ss, offset, size, write)))
        cpu_raise_error(cpu, EXC_SS, st->error);
    return (uint32_t)st->ss.base + offset;
}

void stack_push(struct cpu *cpu, struct stack *st, unsigned size, uint32_t value)
{
    uint32_t offset = (st->pointer - size) & st->mask;
    uint32_t linear = checked_linear(cpu, st, offset, size, true);
    if (st->user) {
        cpu_check_alignment(cpu, linear, size);
        cpu_store_linear(cpu, linear, size, value & size_mask(size));
    } else {
        cpu_store_system(cpu, linear, size, value & size_mask(size));
    }
    st->pointer = offset;
}

uint32_t stack_pop(struct cpu *cpu, struct stack *st, unsigned size)
{
    uint32_t linear = checked_linear(cpu, st, st->pointer, size, false);
    uint64_t value;
    if (st->user) {
        cpu_check_alignment(cpu, linear, size);
        value = cpu_load_linear(cpu, linear, size);
    } else {
        value = cpu_load_system(cpu, linear, size);
    }
    st->pointer = (st->pointer + size) & st->mask;
    return (uint32_t)value;
}

void stack_check_read(struct cpu *cpu, const struct stack *st, unsigned bytes)
{
    for (unsigned n = 0; n < bytes; n += 2)
        checked_linear(cpu, st, (st->pointer + n) & st->mask, 2, false);
}

void stack_check_push(struct cpu *cpu, const struct stack *st, unsigned size, unsigned count)
{
    for (unsigned n = 1; n <= count; n++)
        checked_linear(cpu, st, (st->pointer - n * size) & st->mask, size, true);
}

void stack_commit(struct cpu *cpu, const struct stack *st)
{
    if (st->mask == 0xffffffffu)
        cpu->gpr[RSP] = st->pointer;
    else
        set_reg16(cpu, RSP, (uint16_t)st->pointer);
}
