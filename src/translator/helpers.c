// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Instructions done by C without the executor: the frequent and harmless cases of what is too
// long to be emitted.
#include "translator/internal.h"

#include "cpu/access.h"
#include "cpu/integer/repeat.h"
#include "cpu/system.h"
#include "cpu/system/descriptor.h"

/* The map may be another one, the block dropped, the FPU closed. */
static enum helped behind_device(struct cpu *cpu, const struct translated *t)
{
    if (unlikely(cpu->jit.leave || t->block == NULL))
        return HELPED_LEAVE;
    return t->fpu == 0 || fpu_open(cpu, t->fpu) ? HELPED : HELPED_LEAVE;
}

/* A device may have stored other bytes, and the block not been told yet: they are the executor's. */
enum helped translator_help(struct cpu *cpu, struct translated *t, uint32_t which, uint32_t value,
                            help_fn *help)
{
    const struct insn *i = &block_insns(cpu, t->block)[which & HELP_INDEX];
    if (unlikely(i->op != which >> HELP_OP_SHIFT))
        return HELPED_NOT;
    uint32_t next = t->eip + i->offset + i->length;
    cpu->eip = t->mode & MODE_CS32 ? next : next & 0xffff;
    enum helped done = help(cpu, i, value);
    return done == HELPED_DEVICE ? behind_device(cpu, t) : done;
}

void help_may_raise(struct cpu *cpu, const struct insn *i)
{
    uint32_t eip = (uint32_t)cpu->eip - i->length;
    flags_from_image(cpu);
    cpu->eip = cpu->mode & MODE_CS32 ? eip : eip & 0xffff;
    cpu->current = NULL; /* translated instructions are not counted: none is to be taken back */
}

enum helped help_elsewhere(struct cpu *cpu)
{
    uint32_t mode = translator_mode(cpu);
    return translator_can_look_up(translator_of(cpu), mode) ? HELPED_JUMP : HELPED_LEAVE;
}

static unsigned operand_size(const struct insn *i)
{
    return i->flags & INSN_OSIZE16 ? 2 : 4;
}

static void pop(struct cpu *cpu, const struct insn *i)
{
    stack_set_pointer(cpu, reg32(cpu, RSP) + operand_size(i));
}

/* ---- segment registers ----------------------------------------------------------------------- */

/* A descriptor whose page the soft TLB has. */
static bool read_descriptor(const struct cpu *cpu, uint16_t selector, struct descriptor *d)
{
    uint32_t index = selector & 0xfff8u;
    if (selector & SELECTOR_TI || index + 7 > cpu->gdtr.limit)
        return false;
    uint32_t linear = (uint32_t)cpu->gdtr.base + index;
    const struct tlb_entry *e = &cpu->tlbs[0][(linear >> PAGE_SHIFT) & (TLB_SIZE - 1)];
    if (e->read_tag != tlb_tag(linear + 7))
        return false;
    uint64_t value = load_le64((const void *)(uintptr_t)(e->host + linear));
    *d = (struct descriptor){ linear, selector, (uint32_t)value, (uint32_t)(value >> 32) };
    return true;
}

/* What needs no fault and no store into the descriptor. */
static bool loads_without_fault(const struct cpu *cpu, uint16_t selector,
                                const struct descriptor *d)
{
    unsigned dpl = descriptor_dpl(d);
    return descriptor_is_readable(d) && descriptor_present(d) && d->high & ATTR_ACCESSED << 8 &&
           (descriptor_is_conforming(d) || (selector_rpl(selector) <= dpl && cpu->cpl <= dpl));
}

static bool load_data_segment(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    struct descriptor d;
    if (!cpu_protected(cpu) || cpu_v86(cpu)) {
        segment_load(cpu, seg, selector); /* no descriptor */
        return true;
    }
    if (selector_null(selector)) {
        cpu->seg[seg] = segment_null(selector);
        return true;
    }
    if (!read_descriptor(cpu, selector, &d) || !loads_without_fault(cpu, selector, &d))
        return false;
    segment_fill(&cpu->seg[seg], selector, &d);
    return true;
}

/* Has what the mode tells of the segment changed? */
static enum helped behind_load(struct cpu *cpu, unsigned seg, uint32_t before)
{
    if (cpu->seg[seg].translation == before)
        return HELPED;
    cpu->jit.mode = translator_mode(cpu);
    return HELPED_JUMP;
}

static unsigned segment_operand(const struct insn *i)
{
    return opcode_table[i->op].operand[0] - OPERAND_ES;
}

enum helped help_load_segment(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    unsigned seg = segment_operand(i);
    uint32_t before = cpu->seg[seg].translation;
    if (!load_data_segment(cpu, seg, (uint16_t)value))
        return HELPED_NOT;
    return behind_load(cpu, seg, before);
}

enum helped help_pop_segment(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    unsigned seg = segment_operand(i);
    uint32_t before = cpu->seg[seg].translation;
    if (!load_data_segment(cpu, seg, (uint16_t)value))
        return HELPED_NOT;
    pop(cpu, i);
    return behind_load(cpu, seg, before);
}

/* ---- flags, time ----------------------------------------------------------------------------- */

/*
 * POPF that changes arithmetic flags and, at CPL 0, IF. An interrupt that waits for IF is the
 * executor's affair.
 */
enum helped help_popf(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    uint32_t old = cpu->eflags;
    if (operand_size(i) == 2)
        value = (value & 0xffff) | (old & 0xffff0000u);
    uint32_t changed = (value ^ old) & ~(uint32_t)EFLAGS_ARITH;
    if (changed & ~(uint32_t)EFLAGS_IF || old & (EFLAGS_VM | EFLAGS_RF | EFLAGS_TF))
        return HELPED_NOT;
    if (changed && (cpu->cpl != 0 || __atomic_load_n(&cpu->intr_level, __ATOMIC_ACQUIRE)))
        return HELPED_NOT;
    cpu->eflags = old ^ changed;
    cpu->jit.flags_image = (uint16_t)((value & 0xff) << 8 | (value & EFLAGS_OF ? 1 : 0));
    pop(cpu, i);
    return HELPED;
}

enum helped help_rdtsc(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    (void)i, (void)value;
    if ((cpu->cr4 & CR4_TSD) && cpu->cpl != 0)
        return HELPED_NOT;
    uint64_t tsc;
    if (!cpu_tsc_in_time(cpu, &tsc))
        return HELPED_NOT;
    cpu->gpr[RAX] = (uint32_t)tsc;
    cpu->gpr[RDX] = tsc >> 32;
    return HELPED;
}

/* ---- repeated string instructions ------------------------------------------------------------ */

/* As far as pages allow that the soft TLB has: what is left is a whole instruction again. */
enum helped help_repeat(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    const struct opcode *row = &opcode_table[i->op];
    (void)value;
    uint64_t count = cpu->gpr[RCX];
    if (string_offset(cpu, i, RCX) == 0)
        return HELPED;
    bool whole = string_repeat(cpu, i, row->opcode & 0xfe, row->opcode & 1 ? operand_size(i) : 1);
    if (row->flags_written && cpu->gpr[RCX] != count)
        flags_to_image(cpu); /* of the last element done: the next one may fault */
    return whole ? HELPED : HELPED_NOT;
}
