// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Descriptor tables and descriptors: LGDT LIDT SGDT SIDT LLDT LTR SLDT STR LAR LSL VERR VERW ARPL.
#include "cpu/access.h"
#include "cpu/handlers.h"
#include "cpu/system/internal.h"

/* ---- GDTR, IDTR ------------------------------------------------------------------------------ */

/* With 16-bit operand size the base has 24 bits. */
static void load_table(struct cpu *cpu, const struct insn *i, struct table_register *table,
                       uint32_t base_mask)
{
    require_cpl0(cpu, i);
    uint32_t ea = exec_ea(cpu, i);
    uint16_t limit = exec_load16(cpu, i, i->seg, ea);
    uint32_t base = exec_load32(cpu, i, i->seg, (ea + 2) & i->addr_mask);
    table->limit = limit;
    table->base = base & base_mask;
}

EXEC(exec_lgdt_16)
{
    load_table(cpu, i, &cpu->gdtr, 0xffffff);
    EXEC_NEXT;
}
EXEC(exec_lgdt_32)
{
    load_table(cpu, i, &cpu->gdtr, 0xffffffff);
    EXEC_NEXT;
}
EXEC(exec_lidt_16)
{
    load_table(cpu, i, &cpu->idtr, 0xffffff);
    EXEC_NEXT;
}
EXEC(exec_lidt_32)
{
    load_table(cpu, i, &cpu->idtr, 0xffffffff);
    EXEC_NEXT;
}

/*
 * All 32 bits of the base are stored with either operand size, as every processor since the 386
 * does.
 */
static void store_table(struct cpu *cpu, const struct insn *i, const struct table_register *table)
{
    uint32_t ea = exec_ea(cpu, i);
    exec_probe_write(cpu, i, i->seg, (ea + 2) & i->addr_mask, 4);
    exec_store16(cpu, i, i->seg, ea, (uint16_t)table->limit);
    exec_store32(cpu, i, i->seg, (ea + 2) & i->addr_mask, (uint32_t)table->base);
}

EXEC(exec_sgdt)
{
    store_table(cpu, i, &cpu->gdtr);
    EXEC_NEXT;
}
EXEC(exec_sidt)
{
    store_table(cpu, i, &cpu->idtr);
    EXEC_NEXT;
}

/* ---- LDTR, TR -------------------------------------------------------------------------------- */

static void fetch_gdt(struct cpu *cpu, uint16_t selector, struct descriptor *d)
{
    if (selector & SELECTOR_TI)
        raise_selector(cpu, EXC_GP, selector, 0);
    descriptor_fetch(cpu, selector, d, EXC_GP, 0);
}

static void lldt(struct cpu *cpu, uint16_t selector)
{
    struct descriptor d;
    if (selector_null(selector)) {
        cpu->seg[SEG_LDTR] = segment_null(selector);
        return;
    }
    fetch_gdt(cpu, selector, &d);
    if (descriptor_is_segment(&d) || descriptor_type(&d) != TYPE_LDT)
        raise_selector(cpu, EXC_GP, selector, 0);
    if (!descriptor_present(&d))
        raise_selector(cpu, EXC_NP, selector, 0);
    cpu->seg[SEG_LDTR] = segment_from_descriptor(selector, &d);
}

static void ltr(struct cpu *cpu, uint16_t selector)
{
    struct descriptor d;
    if (selector_null(selector))
        cpu_raise_error(cpu, EXC_GP, 0);
    fetch_gdt(cpu, selector, &d);
    if (descriptor_is_segment(&d) ||
        (descriptor_type(&d) != TYPE_TSS16 && descriptor_type(&d) != TYPE_TSS32))
        raise_selector(cpu, EXC_GP, selector, 0);
    if (!descriptor_present(&d))
        raise_selector(cpu, EXC_NP, selector, 0);
    descriptor_set_busy(cpu, &d, true);
    cpu->seg[SEG_TR] = segment_from_descriptor(selector, &d);
}

#define LOAD_SYSTEM(name)                                                                          \
    EXEC(exec_##name##_r)                                                                          \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        require_cpl0(cpu, i);                                                                      \
        name(cpu, reg16(cpu, i->rm));                                                              \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_m)                                                                          \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        require_cpl0(cpu, i);                                                                      \
        name(cpu, exec_load16(cpu, i, i->seg, exec_ea(cpu, i)));                                   \
        EXEC_NEXT;                                                                                 \
    }
LOAD_SYSTEM(lldt)
LOAD_SYSTEM(ltr)

#define STORE_SYSTEM(name, seg_)                                                                   \
    EXEC(exec_##name##_16_r)                                                                       \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        set_reg16(cpu, i->rm, cpu->seg[seg_].selector);                                            \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_32_r)                                                                       \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        set_reg32(cpu, i->rm, cpu->seg[seg_].selector);                                            \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_16_m)                                                                       \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        exec_store16(cpu, i, i->seg, exec_ea(cpu, i), cpu->seg[seg_].selector);                    \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_32_m)                                                                       \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        exec_store16(cpu, i, i->seg, exec_ea(cpu, i), cpu->seg[seg_].selector);                    \
        EXEC_NEXT;                                                                                 \
    }
STORE_SYSTEM(sldt, SEG_LDTR)
STORE_SYSTEM(str, SEG_TR)

/* ---- looking at descriptors ------------------------------------------------------------------ */

static void set_zf(struct cpu *cpu, bool zf)
{
    flags_change(cpu, EFLAGS_ZF, zf ? EFLAGS_ZF : 0);
}

/* Visible at CPL and RPL? Conforming code always is. */
static bool visible(const struct cpu *cpu, const struct descriptor *d)
{
    unsigned dpl = descriptor_dpl(d);
    return descriptor_is_conforming(d) || (dpl >= cpu->cpl && dpl >= selector_rpl(d->selector));
}

/* System types that LAR (bit set in types) or LSL accept. SDM 2 tables 3-53, 3-54 */
#define LAR_TYPES (1u << 1 | 1u << 2 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 9 | 1u << 11 | 1u << 12)
#define LSL_TYPES (1u << 1 | 1u << 2 | 1u << 3 | 1u << 9 | 1u << 11)

static bool look(struct cpu *cpu, uint16_t selector, unsigned types, struct descriptor *d)
{
    bool found = !selector_null(selector) && descriptor_read(cpu, selector, d) &&
                 (descriptor_is_segment(d) || (types >> descriptor_type(d) & 1)) && visible(cpu, d);
    set_zf(cpu, found);
    return found;
}

OUT_OF_LINE void lar(struct cpu *cpu, const struct insn *i, uint16_t selector, unsigned size)
{
    struct descriptor d;
    if (!look(cpu, selector, LAR_TYPES, &d))
        return;
    if (size == 2)
        set_reg16(cpu, i->reg, d.high & 0xff00);
    else
        set_reg32(cpu, i->reg, d.high & 0x00ffff00);
}

OUT_OF_LINE void lsl(struct cpu *cpu, const struct insn *i, uint16_t selector, unsigned size)
{
    struct descriptor d;
    if (!look(cpu, selector, LSL_TYPES, &d))
        return;
    if (size == 2)
        set_reg16(cpu, i->reg, (uint16_t)descriptor_limit(&d));
    else
        set_reg32(cpu, i->reg, descriptor_limit(&d));
}

OUT_OF_LINE void verify(struct cpu *cpu, uint16_t selector, bool write)
{
    struct descriptor d;
    bool ok = !selector_null(selector) && descriptor_read(cpu, selector, &d) &&
              descriptor_is_segment(&d) && visible(cpu, &d) &&
              (write ? descriptor_is_writable_data(&d) : descriptor_is_readable(&d));
    set_zf(cpu, ok);
}

#define VISIT(name, call)                                                                          \
    EXEC(exec_##name##_r)                                                                          \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        uint16_t selector = reg16(cpu, i->rm);                                                     \
        call;                                                                                      \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_##name##_m)                                                                          \
    {                                                                                              \
        require_protected(cpu, i);                                                                 \
        uint16_t selector = exec_load16(cpu, i, i->seg, exec_ea(cpu, i));                          \
        call;                                                                                      \
        EXEC_NEXT;                                                                                 \
    }
VISIT(lar_16, lar(cpu, i, selector, 2))
VISIT(lar_32, lar(cpu, i, selector, 4))
VISIT(lsl_16, lsl(cpu, i, selector, 2))
VISIT(lsl_32, lsl(cpu, i, selector, 4))
VISIT(verr, verify(cpu, selector, false))
VISIT(verw, verify(cpu, selector, true))

EXEC(exec_arpl_r)
{
    require_protected(cpu, i);
    uint16_t value = reg16(cpu, i->rm), rpl = reg16(cpu, i->reg) & 3;
    bool raise = (value & 3) < rpl;
    if (raise)
        set_reg16(cpu, i->rm, (uint16_t)((value & ~3) | rpl));
    set_zf(cpu, raise);
    EXEC_NEXT;
}

EXEC(exec_arpl_m)
{
    require_protected(cpu, i);
    uint32_t ea = exec_ea(cpu, i);
    uint16_t value = exec_load16(cpu, i, i->seg, ea), rpl = reg16(cpu, i->reg) & 3;
    bool raise = (value & 3) < rpl;
    if (raise)
        exec_store16(cpu, i, i->seg, ea, (uint16_t)((value & ~3) | rpl));
    set_zf(cpu, raise);
    EXEC_NEXT;
}
