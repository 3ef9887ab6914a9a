// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Call gates: JMP and CALL through them, with stack switch and parameter copy.
#include "cpu/system/internal.h"

/* SDM 3A 5.8.3-5.8.5. The gate itself (DPL, presence) has been checked. */

static unsigned gate_size(const struct descriptor *gate)
{
    return descriptor_type(gate) & TYPE_32_BIT ? 4 : 2;
}

static void fetch_code(struct cpu *cpu, const struct descriptor *gate, struct descriptor *code)
{
    uint16_t selector = gate_selector(gate);
    if (selector_null(selector))
        cpu_raise_error(cpu, EXC_GP, 0);
    descriptor_fetch(cpu, selector, code, EXC_GP, 0);
    if (!descriptor_is_code(code) || descriptor_dpl(code) > cpu->cpl)
        raise_selector(cpu, EXC_GP, selector, 0);
}

static void enter(struct cpu *cpu, const struct descriptor *code, unsigned cpl, uint32_t offset)
{
    struct segment cs =
        segment_from_descriptor((uint16_t)((code->selector & ~SELECTOR_RPL) | cpl), code);
    segment_set_code(cpu, &cs, cpl);
    cpu_update_mode(cpu);
    cpu->eip = offset;
}

void gate_jump(struct cpu *cpu, const struct descriptor *gate)
{
    struct descriptor code;
    fetch_code(cpu, gate, &code);
    if (!descriptor_is_conforming(&code) && descriptor_dpl(&code) != cpu->cpl)
        raise_selector(cpu, EXC_GP, code.selector, 0);
    if (!descriptor_present(&code))
        raise_selector(cpu, EXC_NP, code.selector, 0);
    far_check_offset(cpu, &code, gate_offset(gate), 0);
    descriptor_set_accessed(cpu, &code);
    enter(cpu, &code, cpu->cpl, gate_offset(gate));
}

static void call_same(struct cpu *cpu, const struct descriptor *gate, struct descriptor *code,
                      uint32_t next_eip)
{
    unsigned size = gate_size(gate);
    struct stack st = stack_current(cpu, 0);
    stack_check_push(cpu, &st, size, 2);
    far_check_offset(cpu, code, gate_offset(gate), 0);
    stack_push(cpu, &st, size, cpu->seg[SEG_CS].selector);
    stack_push(cpu, &st, size, next_eip);
    descriptor_set_accessed(cpu, code);
    stack_commit(cpu, &st);
    enter(cpu, code, cpu->cpl, gate_offset(gate));
}

static void call_inner(struct cpu *cpu, const struct descriptor *gate, struct descriptor *code,
                       uint32_t next_eip)
{
    unsigned size = gate_size(gate), count = gate->high & 31, cpl = descriptor_dpl(code);
    uint16_t ss_selector;
    uint32_t esp, parameters[31];
    struct descriptor ss_descriptor;
    task_stack(cpu, cpl, &ss_selector, &esp, 0);
    segment_fetch_stack(cpu, ss_selector, cpl, EXC_TS, 0, &ss_descriptor);
    struct segment ss = segment_from_descriptor(ss_selector, &ss_descriptor);
    struct stack outer = stack_current(cpu, 0),
                 inner = stack_inner(&ss, esp, ss_selector & 0xfffcu);
    stack_check_push(cpu, &inner, size, count + 4);
    far_check_offset(cpu, code, gate_offset(gate), 0);
    for (unsigned n = 0; n < count; n++)
        parameters[n] = stack_pop(cpu, &outer, size);
    stack_push(cpu, &inner, size, cpu->seg[SEG_SS].selector);
    stack_push(cpu, &inner, size, (uint32_t)cpu->gpr[RSP]);
    for (unsigned n = count; n-- > 0;)
        stack_push(cpu, &inner, size, parameters[n]);
    stack_push(cpu, &inner, size, cpu->seg[SEG_CS].selector);
    stack_push(cpu, &inner, size, next_eip);
    descriptor_set_accessed(cpu, code);
    descriptor_set_accessed(cpu, &ss_descriptor);
    ss.attributes |= ATTR_ACCESSED;
    segment_set(cpu, SEG_SS, &ss);
    enter(cpu, code, cpl, gate_offset(gate));
    stack_commit(cpu, &inner);
}

void gate_call(struct cpu *cpu, const struct descriptor *gate, uint32_t next_eip)
{
    struct descriptor code;
    fetch_code(cpu, gate, &code);
    if (!descriptor_present(&code))
        raise_selector(cpu, EXC_NP, code.selector, 0);
    if (!descriptor_is_conforming(&code) && descriptor_dpl(&code) < cpu->cpl)
        call_inner(cpu, gate, &code, next_eip);
    else
        call_same(cpu, gate, &code, next_eip);
}
