// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Delivery of interrupts and exceptions through the IVT or the IDT.
#include "cpu/access.h"
#include "cpu/system/internal.h"

/*
 * SDM 2 "INT n"; SDM 3A 6.12-6.13, 20.3. Everything is checked and pushed before the first register
 * changes.
 */

struct delivery {
    unsigned vector;
    enum interrupt_kind kind;
    uint32_t error, eip, eflags; /* as pushed */
    unsigned ext;                /* bit 0 of error codes raised meanwhile */
    bool push_error;
};

static bool software(enum interrupt_kind kind)
{
    return kind == INTERRUPT_SOFTWARE || kind == INTERRUPT_SOFTWARE_EXCEPTION;
}

/* SDM 3A table 6-1. */
static bool has_error_code(unsigned vector)
{
    return vector == EXC_DF || (vector >= EXC_TS && vector <= EXC_PF) || vector == EXC_AC;
}

static uint32_t idt_error(const struct delivery *d)
{
    return d->vector * 8 + 2 + d->ext;
}

/* ---- real mode and VME ----------------------------------------------------------------------- */

static void push_frame16(struct cpu *cpu, struct stack *st, uint16_t flags, uint32_t eip)
{
    stack_check_push(cpu, st, 2, 3);
    stack_push(cpu, st, 2, flags);
    stack_push(cpu, st, 2, cpu->seg[SEG_CS].selector);
    stack_push(cpu, st, 2, eip);
}

static void deliver_real(struct cpu *cpu, const struct delivery *d)
{
    if (d->vector * 4 + 3 > cpu->idtr.limit)
        cpu_raise_error(cpu, EXC_GP, idt_error(d));
    uint32_t entry = (uint32_t)cpu_load_system(cpu, (uint32_t)cpu->idtr.base + d->vector * 4, 4);
    struct stack st = stack_current(cpu, d->ext);
    push_frame16(cpu, &st, (uint16_t)d->eflags, d->eip);
    stack_commit(cpu, &st);
    segment_load(cpu, SEG_CS, (uint16_t)(entry >> 16));
    cpu->eip = entry & 0xffff;
    eflags_write(cpu, 0, EFLAGS_IF | EFLAGS_TF | EFLAGS_RF | EFLAGS_AC);
    cpu_update_mode(cpu);
}

/*
 * The TSS's interrupt redirection bitmap lies in the 32 bytes below the I/O bitmap. SDM 3A 20.3.3
 */
static bool redirected_to_8086(struct cpu *cpu, unsigned vector)
{
    const struct segment *tr = &cpu->seg[SEG_TR];
    if (!(tr->attributes & ATTR_P) || !(tr->attributes & TYPE_32_BIT) || tr->limit < 0x67)
        cpu_raise_error(cpu, EXC_GP, 0);
    uint32_t offset =
        (uint32_t)cpu_load_system(cpu, (uint32_t)tr->base + 0x66, 2) - 32 + vector / 8;
    if (offset > tr->limit)
        cpu_raise_error(cpu, EXC_GP, 0);
    return !((cpu_load_system(cpu, (uint32_t)tr->base + offset, 1) >> (vector & 7)) & 1);
}

/*
 * INT n in virtual-8086 mode to the 8086 program's own handler: methods 5 (IOPL 3) and 6 (IOPL < 3,
 * virtual IF).
 */
static void deliver_vme(struct cpu *cpu, const struct delivery *d)
{
    uint32_t entry = (uint32_t)cpu_load_linear(cpu, d->vector * 4, 4);
    uint32_t flags = d->eflags;
    bool virtual = cpu_iopl(cpu) < 3;
    if (virtual)
        flags = (flags & ~EFLAGS_IF) | EFLAGS_IOPL | (flags & EFLAGS_VIF ? EFLAGS_IF : 0);
    struct stack st = stack_current(cpu, 0);
    push_frame16(cpu, &st, (uint16_t)flags, d->eip);
    stack_commit(cpu, &st);
    cpu->seg[SEG_CS] = segment_v86((uint16_t)(entry >> 16));
    cpu->eip = entry & 0xffff;
    eflags_write(cpu, 0, EFLAGS_TF | EFLAGS_RF | (virtual ? EFLAGS_VIF : EFLAGS_IF));
    cpu_update_mode(cpu);
}

/* ---- protected mode -------------------------------------------------------------------------- */

static void fetch_gate(struct cpu *cpu, const struct delivery *d, struct descriptor *gate)
{
    if (d->vector * 8 + 7 > cpu->idtr.limit)
        cpu_raise_error(cpu, EXC_GP, idt_error(d));
    uint32_t address = (uint32_t)cpu->idtr.base + d->vector * 8;
    uint64_t value = cpu_load_system(cpu, address, 8);
    *gate = (struct descriptor){ address, 0, (uint32_t)value, (uint32_t)(value >> 32) };
    unsigned type = descriptor_is_segment(gate) ? 0 : descriptor_type(gate);
    switch (type) {
    case TYPE_TASK_GATE:
    case TYPE_INTERRUPT_GATE16:
    case TYPE_TRAP_GATE16:
    case TYPE_INTERRUPT_GATE32:
    case TYPE_TRAP_GATE32: break;
    default: cpu_raise_error(cpu, EXC_GP, idt_error(d));
    }
    if (software(d->kind) && descriptor_dpl(gate) < cpu->cpl)
        cpu_raise_error(cpu, EXC_GP, idt_error(d));
    if (!descriptor_present(gate))
        cpu_raise_error(cpu, EXC_NP, idt_error(d));
}

static void fetch_handler(struct cpu *cpu, const struct delivery *d, uint16_t selector,
                          struct descriptor *code)
{
    if (selector_null(selector))
        cpu_raise_error(cpu, EXC_GP, d->ext);
    descriptor_fetch(cpu, selector, code, EXC_GP, d->ext);
    if (!descriptor_is_code(code) || descriptor_dpl(code) > cpu->cpl)
        raise_selector(cpu, EXC_GP, selector, d->ext);
    if (!descriptor_present(code))
        raise_selector(cpu, EXC_NP, selector, d->ext);
    /* From virtual-8086 mode only to a non-conforming segment of level 0. */
    if (cpu_v86(cpu) && (descriptor_is_conforming(code) || descriptor_dpl(code) != 0))
        raise_selector(cpu, EXC_GP, selector, d->ext);
}

static void push_common(struct cpu *cpu, const struct delivery *d, struct stack *st, unsigned size)
{
    stack_push(cpu, st, size, d->eflags);
    stack_push(cpu, st, size, cpu->seg[SEG_CS].selector);
    stack_push(cpu, st, size, d->eip);
    if (d->push_error)
        stack_push(cpu, st, size, d->error);
}

/* What is common to both ways: CS:EIP and the flags that every gate clears. */
static void enter_handler(struct cpu *cpu, const struct descriptor *gate,
                          const struct descriptor *code, unsigned cpl)
{
    struct segment cs =
        segment_from_descriptor((uint16_t)((code->selector & ~SELECTOR_RPL) | cpl), code);
    unsigned type = descriptor_type(gate) & ~TYPE_32_BIT;
    segment_set_code(cpu, &cs, cpl);
    cpu->eip = gate_offset(gate);
    eflags_write(cpu, 0,
                 EFLAGS_TF | EFLAGS_NT | EFLAGS_VM | EFLAGS_RF |
                     (type == TYPE_INTERRUPT_GATE16 ? EFLAGS_IF : 0));
    cpu_update_mode(cpu);
}

static void deliver_inner(struct cpu *cpu, const struct delivery *d, const struct descriptor *gate,
                          struct descriptor *code)
{
    unsigned size = descriptor_type(gate) & TYPE_32_BIT ? 4 : 2, cpl = descriptor_dpl(code);
    bool v86 = cpu_v86(cpu);
    static const uint8_t data[] = { SEG_GS, SEG_FS, SEG_DS, SEG_ES };
    uint16_t ss_selector;
    uint32_t esp;
    struct descriptor ss_descriptor;

    task_stack(cpu, cpl, &ss_selector, &esp, d->ext);
    segment_fetch_stack(cpu, ss_selector, cpl, EXC_TS, d->ext, &ss_descriptor);
    descriptor_set_accessed(cpu, &ss_descriptor);
    struct segment ss = segment_from_descriptor(ss_selector, &ss_descriptor);
    struct stack st = stack_inner(&ss, esp, (ss_selector & 0xfffcu) | d->ext);
    stack_check_push(cpu, &st, size, 5 + d->push_error + (v86 ? 4 : 0));
    far_check_offset(cpu, code, gate_offset(gate), d->ext);
    if (v86)
        for (unsigned n = 0; n < 4; n++)
            stack_push(cpu, &st, size, cpu->seg[data[n]].selector);
    stack_push(cpu, &st, size, cpu->seg[SEG_SS].selector);
    stack_push(cpu, &st, size, (uint32_t)cpu->gpr[RSP]);
    push_common(cpu, d, &st, size);
    descriptor_set_accessed(cpu, code);

    if (v86)
        for (unsigned n = 0; n < 4; n++)
            cpu->seg[data[n]] = segment_null(0);
    segment_set(cpu, SEG_SS, &ss);
    enter_handler(cpu, gate, code, cpl);
    stack_commit(cpu, &st);
}

static void deliver_same(struct cpu *cpu, const struct delivery *d, const struct descriptor *gate,
                         struct descriptor *code)
{
    unsigned size = descriptor_type(gate) & TYPE_32_BIT ? 4 : 2;
    struct stack st = stack_current(cpu, d->ext);
    stack_check_push(cpu, &st, size, 3 + d->push_error);
    far_check_offset(cpu, code, gate_offset(gate), d->ext);
    push_common(cpu, d, &st, size);
    descriptor_set_accessed(cpu, code);
    stack_commit(cpu, &st);
    enter_handler(cpu, gate, code, cpu->cpl);
}

static void deliver_protected(struct cpu *cpu, const struct delivery *d)
{
    struct descriptor gate, code;
    fetch_gate(cpu, d, &gate);
    if (descriptor_type(&gate) == TYPE_TASK_GATE) {
        /* The saved EFLAGS image is the one that a gate would push. */
        cpu->eflags |= d->eflags & EFLAGS_RF;
        task_switch(cpu, gate_selector(&gate), TASK_SWITCH_GATE, d->eip, d->push_error, d->error,
                    d->ext);
        return;
    }
    fetch_handler(cpu, d, gate_selector(&gate), &code);
    if (!descriptor_is_conforming(&code) && descriptor_dpl(&code) < cpu->cpl)
        deliver_inner(cpu, d, &gate, &code);
    else
        deliver_same(cpu, d, &gate, &code);
}

static void log_delivery(const struct cpu *cpu, const struct delivery *d)
{
    static const char *const kinds[] = { "external", "exception", "int n", "int3/into", "int1" };
    LOG(cpu->bus.log, INT,
        "%s %02x error %04x at %04x:%08x cpl %u, ss:esp %04x:%08x, eflags %08x, cr0 %08x cr2 %08x "
        "cr3 %08x\n"
        "  eax %08x ebx %08x ecx %08x edx %08x esi %08x edi %08x ebp %08x ds %04x es %04x fs %04x "
        "gs %04x tr %04x\n",
        kinds[d->kind], d->vector, d->push_error ? d->error : 0, cpu->seg[SEG_CS].selector, d->eip,
        cpu->cpl, cpu->seg[SEG_SS].selector, (uint32_t)cpu->gpr[RSP], d->eflags, cpu->cr0, cpu->cr2,
        (uint32_t)cpu->cr3, (uint32_t)cpu->gpr[RAX], (uint32_t)cpu->gpr[RBX],
        (uint32_t)cpu->gpr[RCX], (uint32_t)cpu->gpr[RDX], (uint32_t)cpu->gpr[RSI],
        (uint32_t)cpu->gpr[RDI], (uint32_t)cpu->gpr[RBP], cpu->seg[SEG_DS].selector,
        cpu->seg[SEG_ES].selector, cpu->seg[SEG_FS].selector, cpu->seg[SEG_GS].selector,
        cpu->seg[SEG_TR].selector);
}

/*
 * RF in the pushed image: set for faults, so that an instruction breakpoint does not hit again. Of
 * #DB one is a fault, general detect, which has set RF itself; so has a repeated string instruction
 * that is not done. SDM 3B 17.3.1.1
 */
static bool sets_rf(unsigned vector, enum interrupt_kind kind)
{
    return kind == INTERRUPT_EXCEPTION && vector != EXC_DB && vector != EXC_DF &&
           vector != EXC_MC && vector != EXC_NMI;
}

void interrupt_deliver(struct cpu *cpu, unsigned vector, enum interrupt_kind kind, uint32_t error,
                       uint32_t eip)
{
    bool protected = cpu_protected(cpu);
    struct delivery d = {
        .vector = vector,
        .kind = kind,
        .error = error,
        .eip = eip,
        .eflags = cpu_eflags(cpu) | (sets_rf(vector, kind) ? EFLAGS_RF : 0),
        .ext = protected && !software(kind),
        .push_error = protected && kind == INTERRUPT_EXCEPTION && has_error_code(vector),
    };
    log_delivery(cpu, &d);
    cpu->pending.delivering = kind == INTERRUPT_EXCEPTION ? (int16_t)vector : -1;
    if (!protected) {
        deliver_real(cpu, &d);
    } else if (cpu_v86(cpu) && kind == INTERRUPT_SOFTWARE) {
        if ((cpu->cr4 & CR4_VME) && redirected_to_8086(cpu, vector)) {
            deliver_vme(cpu, &d);
        } else {
            if (cpu_iopl(cpu) < 3)
                cpu_raise_error(cpu, EXC_GP, 0);
            deliver_protected(cpu, &d);
        }
    } else {
        deliver_protected(cpu, &d);
    }
    cpu->pending.delivering = -1;
    if (vector == EXC_DB && kind != INTERRUPT_EXTERNAL && kind != INTERRUPT_SOFTWARE)
        debug_entering_handler(cpu);
}
