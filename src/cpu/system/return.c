// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// RET far and IRET: real mode, same and outer privilege, virtual-8086 mode, task return.
#include "cpu/access.h"
#include "cpu/system/internal.h"

/* SDM 2 "RET", "IRET/IRETD". Everything is read and checked before the first change. */

/* The return CS: checks of a far return to privilege RPL. */
static void fetch_return_code(struct cpu *cpu, uint16_t selector, struct descriptor *d)
{
    if (selector_null(selector))
        cpu_raise_error(cpu, EXC_GP, 0);
    descriptor_fetch(cpu, selector, d, EXC_GP, 0);
    unsigned rpl = selector_rpl(selector), dpl = descriptor_dpl(d);
    if (!descriptor_is_code(d) || rpl < cpu->cpl ||
        (descriptor_is_conforming(d) ? dpl > rpl : dpl != rpl))
        raise_selector(cpu, EXC_GP, selector, 0);
    if (!descriptor_present(d))
        raise_selector(cpu, EXC_NP, selector, 0);
}

/* Go to an outer level: SS:ESP from the frame, less pop_bytes of parameters there too. */
static void return_outer(struct cpu *cpu, struct descriptor *code, uint32_t eip, struct stack *st,
                         unsigned size, unsigned pop_bytes)
{
    unsigned cpl = selector_rpl(code->selector);
    struct descriptor ss_descriptor;
    uint32_t esp = stack_pop(cpu, st, size);
    uint16_t ss_selector = (uint16_t)stack_pop(cpu, st, size);
    segment_fetch_stack(cpu, ss_selector, cpl, EXC_GP, 0, &ss_descriptor);
    far_check_offset(cpu, code, eip, 0);
    descriptor_set_accessed(cpu, code);
    descriptor_set_accessed(cpu, &ss_descriptor);

    struct segment cs = segment_from_descriptor(code->selector, code);
    struct segment ss = segment_from_descriptor(ss_selector, &ss_descriptor);
    segment_set_code(cpu, &cs, cpl);
    segment_set(cpu, SEG_SS, &ss);
    cpu_update_mode(cpu);
    cpu->eip = eip;
    /* A 16-bit SS takes SP only: the upper half of ESP is what the inner stack left there. */
    struct stack outer = { .mask = cpu->stack_mask,
                           .pointer = (esp + pop_bytes) & cpu->stack_mask };
    stack_commit(cpu, &outer);
    segment_drop_privileged(cpu);
}

static void return_same(struct cpu *cpu, struct descriptor *code, uint32_t eip, struct stack *st)
{
    far_check_offset(cpu, code, eip, 0);
    descriptor_set_accessed(cpu, code);
    struct segment cs = segment_from_descriptor(code->selector, code);
    segment_set_code(cpu, &cs, cpu->cpl);
    stack_commit(cpu, st);
    cpu_update_mode(cpu);
    cpu->eip = eip;
}

/* Real and virtual-8086 mode. */
static void return_simple(struct cpu *cpu, uint16_t selector, uint32_t eip, const struct stack *st)
{
    bool v86 = cpu_v86(cpu);
    if (eip > (v86 ? 0xffffu : cpu->seg[SEG_CS].limit))
        cpu_raise_error(cpu, EXC_GP, 0);
    if (v86) {
        cpu->seg[SEG_CS] = segment_v86(selector);
    } else {
        cpu->seg[SEG_CS].selector = selector;
        cpu->seg[SEG_CS].base = (uint32_t)selector << 4;
        segment_update_limits(&cpu->seg[SEG_CS]);
    }
    stack_commit(cpu, st);
    cpu_update_mode(cpu);
    cpu->eip = eip;
}

void far_return(struct cpu *cpu, unsigned operand_size, uint16_t pop_bytes)
{
    struct stack st = stack_current(cpu, 0);
    struct descriptor code;
    stack_check_read(cpu, &st, 2 * operand_size);
    uint32_t eip = stack_pop(cpu, &st, operand_size);
    uint16_t selector = (uint16_t)stack_pop(cpu, &st, operand_size);
    st.pointer = (st.pointer + pop_bytes) & st.mask;
    if (!cpu_protected(cpu) || cpu_v86(cpu)) {
        return_simple(cpu, selector, eip, &st);
        return;
    }
    fetch_return_code(cpu, selector, &code);
    if (selector_rpl(selector) > cpu->cpl)
        return_outer(cpu, &code, eip, &st, operand_size, pop_bytes);
    else
        return_same(cpu, &code, eip, &st);
}

/* ---- IRET ------------------------------------------------------------------------------------ */

static void iret_simple(struct cpu *cpu, unsigned size)
{
    struct stack st = stack_current(cpu, 0);
    bool restricted = cpu_v86(cpu) && cpu_iopl(cpu) < 3;
    if (restricted && (size == 4 || !(cpu->cr4 & CR4_VME)))
        cpu_raise_error(cpu, EXC_GP, 0);
    stack_check_read(cpu, &st, 3 * size);
    uint32_t eip = stack_pop(cpu, &st, size);
    uint16_t selector = (uint16_t)stack_pop(cpu, &st, size);
    uint32_t flags = stack_pop(cpu, &st, size);
    uint32_t mask = eflags_writable(cpu, size) | (size == 4 ? EFLAGS_RF : 0);
    if (restricted) {
        flags = eflags_check_vme(cpu, flags, size);
        mask |= EFLAGS_VIF;
    }
    return_simple(cpu, selector, eip, &st);
    eflags_write(cpu, flags, mask);
}

/* A frame with VM set, at CPL 0: SDM 3A 20.2.2. */
static void iret_to_v86(struct cpu *cpu, uint32_t eip, uint16_t cs, uint32_t flags,
                        struct stack *st)
{
    static const uint8_t order[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
    uint16_t data[4];
    uint32_t esp = stack_pop(cpu, st, 4);
    uint16_t ss = (uint16_t)stack_pop(cpu, st, 4);
    for (unsigned n = 0; n < 4; n++)
        data[n] = (uint16_t)stack_pop(cpu, st, 4);
    if (eip > 0xffff)
        cpu_raise_error(cpu, EXC_GP, 0);
    for (unsigned n = 0; n < 4; n++)
        cpu->seg[order[n]] = segment_v86(data[n]);
    struct segment code = segment_v86(cs);
    segment_set_code(cpu, &code, 3);
    cpu->seg[SEG_SS] = segment_v86(ss);
    cpu->gpr[RSP] = esp;
    cpu->eip = eip;
    cpu_update_mode(cpu);
    eflags_write(cpu, flags, ~0u);
}

/* What IRET takes over from the image in protected mode; cpl is the privilege before. */
static uint32_t iret_mask(const struct cpu *cpu, unsigned size)
{
    uint32_t mask = eflags_writable(cpu, size);
    if (size == 4) {
        mask |= EFLAGS_RF;
        if (cpu->cpl == 0)
            mask |= EFLAGS_VIF | EFLAGS_VIP;
    }
    return mask;
}

static void iret_protected(struct cpu *cpu, unsigned size)
{
    struct stack st = stack_current(cpu, 0);
    struct descriptor code;
    stack_check_read(cpu, &st, 3 * size);
    uint32_t eip = stack_pop(cpu, &st, size);
    uint16_t selector = (uint16_t)stack_pop(cpu, &st, size);
    uint32_t flags = stack_pop(cpu, &st, size);
    if (size == 4 && (flags & EFLAGS_VM) && cpu->cpl == 0) {
        iret_to_v86(cpu, eip, selector, flags, &st);
        return;
    }
    uint32_t mask = iret_mask(cpu, size);
    fetch_return_code(cpu, selector, &code);
    if (selector_rpl(selector) > cpu->cpl)
        return_outer(cpu, &code, eip, &st, size, 0);
    else
        return_same(cpu, &code, eip, &st);
    eflags_write(cpu, flags, mask);
}

void interrupt_return(struct cpu *cpu, unsigned operand_size, uint32_t next_eip)
{
    /* NMIs are unblocked even if the IRET faults (SDM 3A 6.7.1), in SMM too (34.8). */
    if (cpu->nmi_masked) {
        cpu->nmi_masked = false;
        cpu_unlatch(cpu);
    }
    cpu_unlatch(cpu);
    if (!cpu_protected(cpu) || cpu_v86(cpu)) {
        iret_simple(cpu, operand_size);
        return;
    }
    if (cpu->eflags & EFLAGS_NT) {
        uint16_t link = (uint16_t)cpu_load_system(cpu, (uint32_t)cpu->seg[SEG_TR].base, 2);
        task_switch(cpu, link, TASK_SWITCH_IRET, next_eip, false, 0, 0);
        return;
    }
    iret_protected(cpu, operand_size);
}
