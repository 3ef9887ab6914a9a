// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// JMP and CALL far: real mode, code segments, and the way to call gates, task gates and TSSs.
#include "cpu/system/internal.h"

/*
 * SDM 2 "JMP", "CALL"; SDM 3A 5.8. All checks and pushes come before the first change of CS, EIP,
 * SS or ESP.
 */

void far_check_offset(struct cpu *cpu, const struct descriptor *code, uint32_t offset, unsigned ext)
{
    if (offset > descriptor_limit(code))
        cpu_raise_error(cpu, EXC_GP, ext);
}

/* A code segment reached without a gate, by JMP or CALL. */
static void check_direct_code(struct cpu *cpu, const struct descriptor *d)
{
    unsigned dpl = descriptor_dpl(d);
    bool allowed = descriptor_is_conforming(d)
                       ? dpl <= cpu->cpl
                       : selector_rpl(d->selector) <= cpu->cpl && dpl == cpu->cpl;
    if (!allowed)
        raise_selector(cpu, EXC_GP, d->selector, 0);
    if (!descriptor_present(d))
        raise_selector(cpu, EXC_NP, d->selector, 0);
}

static struct segment direct_code(const struct cpu *cpu, const struct descriptor *d)
{
    return segment_from_descriptor((uint16_t)((d->selector & ~SELECTOR_RPL) | cpu->cpl), d);
}

/* Task gates and TSSs: DPL against CPL and RPL, presence. */
static void check_system(struct cpu *cpu, const struct descriptor *d)
{
    unsigned dpl = descriptor_dpl(d);
    if (dpl < cpu->cpl || dpl < selector_rpl(d->selector))
        raise_selector(cpu, EXC_GP, d->selector, 0);
    switch (descriptor_type(d)) {
    case TYPE_TSS16:
    case TYPE_TSS32:
    case TYPE_CALL_GATE16:
    case TYPE_CALL_GATE32:
    case TYPE_TASK_GATE: break;
    default: raise_selector(cpu, EXC_GP, d->selector, 0);
    }
    if (!descriptor_present(d))
        raise_selector(cpu, EXC_NP, d->selector, 0);
}

static uint16_t task_selector(const struct descriptor *d)
{
    return descriptor_type(d) == TYPE_TASK_GATE ? gate_selector(d) : d->selector;
}

static bool is_call_gate(const struct descriptor *d)
{
    return descriptor_type(d) == TYPE_CALL_GATE16 || descriptor_type(d) == TYPE_CALL_GATE32;
}

/* Real and virtual-8086 mode. CS keeps its limit and attributes in real mode. */
static void load_code_simple(struct cpu *cpu, uint16_t selector)
{
    if (cpu_v86(cpu)) {
        cpu->seg[SEG_CS] = segment_v86(selector);
    } else {
        cpu->seg[SEG_CS].selector = selector;
        cpu->seg[SEG_CS].base = (uint32_t)selector << 4;
        segment_update_limits(&cpu->seg[SEG_CS]);
    }
    cpu_update_mode(cpu);
}

static void check_offset_simple(struct cpu *cpu, uint32_t offset)
{
    if (offset > (cpu_v86(cpu) ? 0xffffu : cpu->seg[SEG_CS].limit))
        cpu_raise_error(cpu, EXC_GP, 0);
}

static bool segmented(const struct cpu *cpu)
{
    return cpu_protected(cpu) && !cpu_v86(cpu);
}

void far_jump(struct cpu *cpu, uint16_t selector, uint32_t offset, unsigned operand_size,
              uint32_t next_eip)
{
    struct descriptor d;
    offset &= (uint32_t)size_mask(operand_size);
    if (!segmented(cpu)) {
        check_offset_simple(cpu, offset);
        load_code_simple(cpu, selector);
        cpu->eip = offset;
        return;
    }
    if (selector_null(selector))
        cpu_raise_error(cpu, EXC_GP, 0);
    descriptor_fetch(cpu, selector, &d, EXC_GP, 0);
    if (descriptor_is_code(&d)) {
        check_direct_code(cpu, &d);
        far_check_offset(cpu, &d, offset, 0);
        descriptor_set_accessed(cpu, &d);
        struct segment cs = direct_code(cpu, &d);
        segment_set_code(cpu, &cs, cpu->cpl);
        cpu_update_mode(cpu);
        cpu->eip = offset;
        return;
    }
    if (descriptor_is_segment(&d))
        raise_selector(cpu, EXC_GP, selector, 0);
    check_system(cpu, &d);
    if (is_call_gate(&d))
        gate_jump(cpu, &d);
    else
        task_switch(cpu, task_selector(&d), TASK_SWITCH_JUMP, next_eip, false, 0, 0);
}

void far_call(struct cpu *cpu, uint16_t selector, uint32_t offset, unsigned operand_size,
              uint32_t next_eip)
{
    struct descriptor d;
    offset &= (uint32_t)size_mask(operand_size);
    struct stack st = stack_current(cpu, 0);
    if (!segmented(cpu)) {
        stack_check_push(cpu, &st, operand_size, 2);
        check_offset_simple(cpu, offset);
        stack_push(cpu, &st, operand_size, cpu->seg[SEG_CS].selector);
        stack_push(cpu, &st, operand_size, next_eip);
        stack_commit(cpu, &st);
        load_code_simple(cpu, selector);
        cpu->eip = offset;
        return;
    }
    if (selector_null(selector))
        cpu_raise_error(cpu, EXC_GP, 0);
    descriptor_fetch(cpu, selector, &d, EXC_GP, 0);
    if (descriptor_is_code(&d)) {
        check_direct_code(cpu, &d);
        stack_check_push(cpu, &st, operand_size, 2);
        far_check_offset(cpu, &d, offset, 0);
        stack_push(cpu, &st, operand_size, cpu->seg[SEG_CS].selector);
        stack_push(cpu, &st, operand_size, next_eip);
        descriptor_set_accessed(cpu, &d);
        struct segment cs = direct_code(cpu, &d);
        stack_commit(cpu, &st);
        segment_set_code(cpu, &cs, cpu->cpl);
        cpu_update_mode(cpu);
        cpu->eip = offset;
        return;
    }
    if (descriptor_is_segment(&d))
        raise_selector(cpu, EXC_GP, selector, 0);
    check_system(cpu, &d);
    if (is_call_gate(&d))
        gate_call(cpu, &d, next_eip);
    else
        task_switch(cpu, task_selector(&d), TASK_SWITCH_CALL, next_eip, false, 0, 0);
}
