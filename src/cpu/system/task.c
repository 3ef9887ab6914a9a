// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Task switches, 16- and 32-bit TSS, and the inner stacks and I/O bitmap that a TSS holds.
#include "cpu/access.h"
#include "cpu/system/internal.h"

/*
 * SDM 3A 7.2.1, 7.2.6, 7.3. Up to the commit point nothing has changed and faults belong to the old
 * task: the new TSS is read and every page that will be written is probed first. After it faults
 * belong to the new task, whose registers are all loaded by then, with its selectors still
 * unchecked.
 */

/* Offsets within a TSS: 16-bit, 32-bit. */
struct tss_layout {
    uint8_t minimum_limit, eip, eflags, gpr, gpr_step, segments, segment_step, segment_count, ldt;
};
static const struct tss_layout layout16 = { 0x2b, 0x0e, 0x10, 0x12, 2, 0x22, 2, 4, 0x2a };
static const struct tss_layout layout32 = { 0x67, 0x20, 0x24, 0x28, 4, 0x48, 4, 6, 0x60 };
#define TSS32_CR3    0x1c
#define TSS32_TRAP   0x64
#define TSS32_IO_MAP 0x66

/* Segment registers in the order of the TSS. */
static const uint8_t segment_order[] = { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

struct new_task {
    const struct tss_layout *layout;
    uint32_t base, cr3, eip, eflags, gpr[8];
    uint16_t selector[6], ldt;
    bool trap;
};

static bool is_tss32(const struct descriptor *d)
{
    return descriptor_type(d) & TYPE_32_BIT;
}

static void fetch_tss(struct cpu *cpu, uint16_t selector, bool returning, unsigned ext,
                      struct descriptor *d)
{
    enum exception vector = returning ? EXC_TS : EXC_GP;
    if (selector & SELECTOR_TI || selector_null(selector))
        raise_selector(cpu, vector, selector, ext);
    descriptor_fetch(cpu, selector, d, vector, ext);
    unsigned type = descriptor_type(d) & ~TYPE_32_BIT;
    if (descriptor_is_segment(d) || type != (returning ? TYPE_TSS16_BUSY : TYPE_TSS16))
        raise_selector(cpu, vector, selector, ext);
    if (!descriptor_present(d))
        raise_selector(cpu, EXC_NP, selector, ext);
    if (descriptor_limit(d) < (is_tss32(d) ? layout32 : layout16).minimum_limit)
        raise_selector(cpu, EXC_TS, selector, ext);
}

static void read_task(struct cpu *cpu, const struct descriptor *d, struct new_task *t)
{
    bool wide = is_tss32(d);
    const struct tss_layout *l = wide ? &layout32 : &layout16;
    *t = (struct new_task){ .layout = l, .base = descriptor_base(d) };
    t->eip = (uint32_t)cpu_load_system(cpu, t->base + l->eip, l->gpr_step);
    t->eflags = (uint32_t)cpu_load_system(cpu, t->base + l->eflags, l->gpr_step);
    for (unsigned n = 0; n < 8; n++) {
        t->gpr[n] = (uint32_t)cpu_load_system(cpu, t->base + l->gpr + n * l->gpr_step, l->gpr_step);
        if (!wide)
            t->gpr[n] |= 0xffff0000u;
    }
    for (unsigned n = 0; n < l->segment_count; n++)
        t->selector[n] =
            (uint16_t)cpu_load_system(cpu, t->base + l->segments + n * l->segment_step, 2);
    t->ldt = (uint16_t)cpu_load_system(cpu, t->base + l->ldt, 2);
    if (wide) {
        t->cr3 = (uint32_t)cpu_load_system(cpu, t->base + TSS32_CR3, 4);
        t->trap = cpu_load_system(cpu, t->base + TSS32_TRAP, 2) & 1;
    }
}

static const struct tss_layout *current_layout(const struct cpu *cpu)
{
    return cpu->seg[SEG_TR].attributes & TYPE_32_BIT ? &layout32 : &layout16;
}

static void probe_old_task(struct cpu *cpu, unsigned ext)
{
    const struct tss_layout *l = current_layout(cpu);
    uint32_t base = (uint32_t)cpu->seg[SEG_TR].base;
    uint32_t end = l->segments + (uint32_t)l->segment_count * l->segment_step;
    if (cpu->seg[SEG_TR].limit < l->minimum_limit)
        raise_selector(cpu, EXC_TS, cpu->seg[SEG_TR].selector, ext);
    cpu_probe_system(cpu, base + l->eip, 1, true);
    cpu_probe_system(cpu, base + end - 1, 1, true);
}

static void save_old_task(struct cpu *cpu, uint32_t eip, uint32_t eflags)
{
    const struct tss_layout *l = current_layout(cpu);
    uint32_t base = (uint32_t)cpu->seg[SEG_TR].base;
    cpu_store_system(cpu, base + l->eip, l->gpr_step, eip & size_mask(l->gpr_step));
    cpu_store_system(cpu, base + l->eflags, l->gpr_step, eflags & size_mask(l->gpr_step));
    for (unsigned n = 0; n < 8; n++)
        cpu_store_system(cpu, base + l->gpr + n * l->gpr_step, l->gpr_step,
                         cpu->gpr[n] & size_mask(l->gpr_step));
    for (unsigned n = 0; n < l->segment_count; n++)
        cpu_store_system(cpu, base + l->segments + n * l->segment_step, 2,
                         cpu->seg[segment_order[n]].selector);
}

/* The descriptor of the task being left, whose busy bit JMP and IRET clear. */
static void probe_busy(struct cpu *cpu, const struct descriptor *d)
{
    cpu_probe_system(cpu, d->address + 5, 1, true);
}

/* ---- the new task's segments ----------------------------------------------------------------- */

static void load_ldt(struct cpu *cpu, uint16_t selector, unsigned ext)
{
    struct descriptor d;
    cpu->seg[SEG_LDTR] = segment_null(selector);
    if (selector_null(selector))
        return;
    if (selector & SELECTOR_TI)
        raise_selector(cpu, EXC_TS, selector, ext);
    descriptor_fetch(cpu, selector, &d, EXC_TS, ext);
    if (descriptor_is_segment(&d) || descriptor_type(&d) != TYPE_LDT || !descriptor_present(&d))
        raise_selector(cpu, EXC_TS, selector, ext);
    cpu->seg[SEG_LDTR] = segment_from_descriptor(selector, &d);
}

/* Code and stack together, in the order of SDM 3A table 7-1. CPL is CS's RPL already. */
static void load_code_and_stack(struct cpu *cpu, uint16_t cs, uint16_t ss, unsigned ext)
{
    struct descriptor code, stack;
    if (selector_null(cs))
        raise_selector(cpu, EXC_TS, cs, ext);
    descriptor_fetch(cpu, cs, &code, EXC_TS, ext);
    unsigned dpl = descriptor_dpl(&code);
    if (descriptor_is_conforming(&code) ? dpl > cpu->cpl : dpl != cpu->cpl)
        raise_selector(cpu, EXC_TS, cs, ext);
    if (selector_null(ss))
        raise_selector(cpu, EXC_TS, ss, ext);
    descriptor_fetch(cpu, ss, &stack, EXC_TS, ext);
    if (!descriptor_is_writable_data(&stack))
        raise_selector(cpu, EXC_TS, ss, ext);
    if (!descriptor_present(&stack))
        raise_selector(cpu, EXC_SS, ss, ext);
    if (descriptor_dpl(&stack) != cpu->cpl)
        raise_selector(cpu, EXC_TS, ss, ext);
    if (!descriptor_is_code(&code))
        raise_selector(cpu, EXC_TS, cs, ext);
    if (!descriptor_present(&code))
        raise_selector(cpu, EXC_NP, cs, ext);
    if (selector_rpl(ss) != cpu->cpl)
        raise_selector(cpu, EXC_TS, ss, ext);
    descriptor_set_accessed(cpu, &code);
    struct segment loaded = segment_from_descriptor(cs, &code);
    segment_set_code(cpu, &loaded, cpu->cpl);
    descriptor_set_accessed(cpu, &stack);
    cpu->seg[SEG_SS] = segment_from_descriptor(ss, &stack);
}

static void load_data(struct cpu *cpu, unsigned seg, uint16_t selector, unsigned ext)
{
    struct descriptor d;
    if (selector_null(selector))
        return;
    descriptor_fetch(cpu, selector, &d, EXC_TS, ext);
    unsigned dpl = descriptor_dpl(&d);
    if (!descriptor_is_readable(&d) ||
        (!descriptor_is_conforming(&d) && (cpu->cpl > dpl || selector_rpl(selector) > dpl)))
        raise_selector(cpu, EXC_TS, selector, ext);
    if (!descriptor_present(&d))
        raise_selector(cpu, EXC_NP, selector, ext);
    descriptor_set_accessed(cpu, &d);
    cpu->seg[seg] = segment_from_descriptor(selector, &d);
}

/* All registers of the new task; segments by selector alone, except in virtual-8086 mode. */
static void load_registers(struct cpu *cpu, const struct new_task *t, uint32_t eflags)
{
    for (unsigned n = 0; n < 8; n++)
        cpu->gpr[n] = t->gpr[n];
    cpu->eip = t->eip;
    eflags_write(cpu, eflags, ~0u);
    cpu->cpl = (uint8_t)(eflags & EFLAGS_VM ? 3 : selector_rpl(t->selector[1]));
    for (unsigned n = 0; n < 6; n++) {
        uint16_t selector = t->selector[n];
        cpu->seg[segment_order[n]] =
            eflags & EFLAGS_VM ? segment_v86(selector) : segment_null(selector);
    }
    cpu->seg[SEG_LDTR] = segment_null(t->ldt);
    cpu_update_mode(cpu);
}

static void load_segments(struct cpu *cpu, const struct new_task *t, unsigned ext)
{
    load_ldt(cpu, t->ldt, ext);
    if (cpu_v86(cpu))
        return;
    load_code_and_stack(cpu, t->selector[1], t->selector[2], ext);
    cpu_update_mode(cpu);
    load_data(cpu, SEG_ES, t->selector[0], ext);
    for (unsigned n = 3; n < 6; n++)
        load_data(cpu, segment_order[n], t->selector[n], ext);
}

/* ---- the switch ------------------------------------------------------------------------------ */

static void finish(struct cpu *cpu, const struct new_task *t, bool push_error, uint32_t error,
                   unsigned ext)
{
    /* The debugger's local breakpoints belong to the old task. SDM 3A 17.2.4 */
    cpu->dr[7] &= ~0x155u;
    load_segments(cpu, t, ext);
    if (push_error) {
        struct stack st = stack_current(cpu, ext);
        stack_push(cpu, &st, t->layout->gpr_step, error);
        stack_commit(cpu, &st);
    }
    if (cpu->eip > cpu->seg[SEG_CS].limit)
        cpu_raise_error(cpu, EXC_GP, ext);
    if (t->trap) {
        cpu->dr[6] |= DR6_BT;
        cpu->trap_pending = true;
        cpu_note(cpu, ATTENTION_TRAP);
    }
}

void task_switch(struct cpu *cpu, uint16_t tss_selector, enum task_switch_source source,
                 uint32_t next_eip, bool push_error, uint32_t error, unsigned ext)
{
    struct descriptor next, previous;
    struct new_task task;
    bool returning = source == TASK_SWITCH_IRET, leaving = returning || source == TASK_SWITCH_JUMP;
    uint32_t saved_eflags = cpu_eflags(cpu);

    fetch_tss(cpu, tss_selector, returning, ext, &next);
    read_task(cpu, &next, &task);
    probe_old_task(cpu, ext);
    if (!returning)
        probe_busy(cpu, &next);
    if (leaving) {
        descriptor_fetch(cpu, cpu->seg[SEG_TR].selector, &previous, EXC_TS, ext);
        probe_busy(cpu, &previous);
    } else {
        cpu_probe_system(cpu, task.base, 2, true);
    }
    LOG(cpu->bus.log, INT, "task switch from %04x to %04x, eip %08x\n", cpu->seg[SEG_TR].selector,
        tss_selector, task.eip);

    if (returning)
        saved_eflags &= ~EFLAGS_NT;
    if (leaving)
        descriptor_set_busy(cpu, &previous, false);
    save_old_task(cpu, next_eip, saved_eflags);
    if (!leaving) {
        cpu_store_system(cpu, task.base, 2, cpu->seg[SEG_TR].selector);
        task.eflags |= EFLAGS_NT;
    }
    if (!returning)
        descriptor_set_busy(cpu, &next, true);

    /* Commit point. */
    next.high |= TYPE_TSS_BUSY_BIT << 8;
    cpu->seg[SEG_TR] = segment_from_descriptor(tss_selector, &next);
    cpu->cr0 |= CR0_TS;
    cpu_update_fpu_closed(cpu);
    load_registers(cpu, &task, task.eflags);
    if (is_tss32(&next) && (cpu->cr0 & CR0_PG))
        cpu_write_cr3(cpu, task.cr3);
    finish(cpu, &task, push_error, error, ext);
}

/* ---- what else a TSS is for ------------------------------------------------------------------ */

void task_stack(struct cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp, unsigned ext)
{
    const struct segment *tr = &cpu->seg[SEG_TR];
    unsigned size = tr->attributes & TYPE_32_BIT ? 4 : 2;
    uint32_t offset = size + level * 2 * size;
    if (!(tr->attributes & ATTR_P) || offset + size + 1 > tr->limit)
        raise_selector(cpu, EXC_TS, tr->selector, ext);
    *esp = (uint32_t)cpu_load_system(cpu, (uint32_t)tr->base + offset, size);
    *ss = (uint16_t)cpu_load_system(cpu, (uint32_t)tr->base + offset + size, 2);
}

/*
 * The bitmap's word that holds the port's bits is read whole; one past the limit denies. SDM 1
 * 19.5.2
 */
void cpu_check_io(struct cpu *cpu, uint16_t port, unsigned size)
{
    const struct segment *tr = &cpu->seg[SEG_TR];
    if (likely(!cpu_protected(cpu) || (cpu->cpl <= cpu_iopl(cpu) && !cpu_v86(cpu))))
        return;
    if ((tr->attributes & ATTR_P) && (tr->attributes & TYPE_32_BIT) &&
        tr->limit >= layout32.minimum_limit) {
        uint32_t base = (uint32_t)tr->base;
        uint32_t offset = (uint32_t)cpu_load_system(cpu, base + TSS32_IO_MAP, 2) + port / 8;
        if (offset + 1 <= tr->limit) {
            unsigned word = (unsigned)cpu_load_system(cpu, base + offset, 2);
            if (!((word >> (port & 7)) & ((1u << size) - 1)))
                return;
        }
    }
    cpu_raise_error(cpu, EXC_GP, 0);
}
