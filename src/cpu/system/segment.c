// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Segment registers: hidden parts, loading with all checks, limit checks, derived mode.
#include "cpu/access.h"
#include "cpu/block_cache.h"
#include "cpu/system/descriptor.h"

/*
 * In real mode a load changes selector and base only: limit and attributes stay from protected mode
 * ("unreal mode"), as silicon does. A register that is unusable since a null selector was loaded
 * becomes a 64 KiB data segment again.
 */
#define ATTR_DATA (ATTR_P | ATTR_S | ATTR_WRITABLE | ATTR_ACCESSED)

static void update_maxima(struct segment *s)
{
    unsigned a = s->attributes;
    int64_t max = s->limit == 0xffffffffu ? INT64_MAX : (int64_t)s->limit;
    s->read_max = s->write_max = -1;
    if (!(a & ATTR_P) || !(a & ATTR_S))
        return;
    if (a & ATTR_CODE) {
        if (a & ATTR_READABLE)
            s->read_max = max;
    } else if (!(a & ATTR_EXPAND_DOWN)) {
        s->read_max = max;
        if (a & ATTR_WRITABLE)
            s->write_max = max;
    }
}

/* A code segment that cannot be written is without limit only as CS. */
void segment_update_limits(struct segment *s)
{
    update_maxima(s);
    s->translation = ((uint32_t)s->base == 0 ? TRANSLATION_ZERO_BASE(0) : 0) |
                     (s->write_max == INT64_MAX ? TRANSLATION_NO_LIMIT(0) : 0) |
                     (s->read_max == INT64_MAX ? TRANSLATION_NO_READ_LIMIT : 0);
}

void cpu_update_mode(struct cpu *cpu)
{
    cpu->mode = cpu->seg[SEG_CS].attributes & ATTR_DB ? MODE_CS32 : 0;
    cpu->stack_mask = cpu->seg[SEG_SS].attributes & ATTR_DB ? 0xffffffffu : 0xffffu;
    cpu->tlb = cpu->tlbs[cpu->cpl == 3];
    cpu->jit.space_changed = true;
}

void segment_fill(struct segment *s, uint16_t selector, const struct descriptor *d)
{
    s->base = descriptor_base(d);
    s->limit = descriptor_limit(d);
    s->selector = selector;
    s->attributes = (uint16_t)descriptor_attributes(d);
    segment_update_limits(s);
}

struct segment segment_from_descriptor(uint16_t selector, const struct descriptor *d)
{
    struct segment s;
    segment_fill(&s, selector, d);
    return s;
}

struct segment segment_null(uint16_t selector)
{
    return (struct segment){ .selector = selector,
                             .read_max = -1,
                             .write_max = -1,
                             .translation = TRANSLATION_ZERO_BASE(0) };
}

struct segment segment_v86(uint16_t selector)
{
    struct segment s = {
        .base = (uint32_t)selector << 4,
        .limit = 0xffff,
        .selector = selector,
        .attributes = ATTR_DATA | ATTR_DPL,
    };
    segment_update_limits(&s);
    return s;
}

void segment_set(struct cpu *cpu, unsigned seg, const struct segment *value)
{
    cpu->seg[seg] = *value;
}

void segment_set_code(struct cpu *cpu, const struct segment *cs, unsigned cpl)
{
    cpu->seg[SEG_CS] = *cs;
    cpu->cpl = (uint8_t)cpl;
}

bool segment_allows(const struct segment *s, uint32_t offset, unsigned size, bool write)
{
    unsigned a = s->attributes;
    uint64_t last = (uint64_t)offset + size - 1;
    if (!(a & ATTR_P) || !(a & ATTR_S))
        return false;
    if (a & ATTR_CODE) {
        if (write || !(a & ATTR_READABLE))
            return false;
    } else if (write && !(a & ATTR_WRITABLE)) {
        return false;
    }
    /* Expand-down: what lies above the limit, up to 64 KiB or 4 GiB by the B bit. SDM 3A 5.3 */
    if ((a & (ATTR_CODE | ATTR_EXPAND_DOWN)) == ATTR_EXPAND_DOWN)
        return offset > s->limit && last <= (a & ATTR_DB ? 0xffffffffu : 0xffffu);
    return last <= s->limit || s->limit == 0xffffffffu;
}

void segment_check(struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size, bool write)
{
    if (unlikely(!segment_allows(&cpu->seg[seg], offset, size, write)))
        cpu_raise_error(cpu, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
}

void segment_fetch_stack(struct cpu *cpu, uint16_t selector, unsigned cpl, enum exception vector,
                         unsigned ext, struct descriptor *d)
{
    if (selector_null(selector))
        cpu_raise_error(cpu, vector, ext);
    descriptor_fetch(cpu, selector, d, vector, ext);
    if (selector_rpl(selector) != cpl || !descriptor_is_writable_data(d) ||
        descriptor_dpl(d) != cpl)
        raise_selector(cpu, vector, selector, ext);
    if (!descriptor_present(d))
        raise_selector(cpu, EXC_SS, selector, ext);
}

static void load_real(struct segment *s, uint16_t selector)
{
    s->selector = selector;
    s->base = (uint32_t)selector << 4;
    if (!(s->attributes & ATTR_P)) {
        s->attributes = ATTR_DATA;
        s->limit = 0xffff;
    }
    segment_update_limits(s);
}

static void load_stack(struct cpu *cpu, uint16_t selector)
{
    struct descriptor d;
    segment_fetch_stack(cpu, selector, cpu->cpl, EXC_GP, 0, &d);
    descriptor_set_accessed(cpu, &d);
    cpu->seg[SEG_SS] = segment_from_descriptor(selector, &d);
}

static void load_data(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    struct descriptor d;
    if (selector_null(selector)) {
        cpu->seg[seg] = segment_null(selector);
        return;
    }
    descriptor_fetch(cpu, selector, &d, EXC_GP, 0);
    if (!descriptor_is_readable(&d))
        raise_selector(cpu, EXC_GP, selector, 0);
    unsigned dpl = descriptor_dpl(&d);
    if (!descriptor_is_conforming(&d) && (selector_rpl(selector) > dpl || cpu->cpl > dpl))
        raise_selector(cpu, EXC_GP, selector, 0);
    if (!descriptor_present(&d))
        raise_selector(cpu, EXC_NP, selector, 0);
    descriptor_set_accessed(cpu, &d);
    cpu->seg[seg] = segment_from_descriptor(selector, &d);
}

void segment_load(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    if (!cpu_protected(cpu))
        load_real(&cpu->seg[seg], selector);
    else if (cpu_v86(cpu))
        cpu->seg[seg] = segment_v86(selector);
    else if (seg == SEG_SS)
        load_stack(cpu, selector);
    else
        load_data(cpu, seg, selector);
    if (seg == SEG_SS)
        cpu_update_mode(cpu);
}

void segment_drop_privileged(struct cpu *cpu)
{
    static const uint8_t data[] = { SEG_ES, SEG_FS, SEG_GS, SEG_DS };
    for (unsigned n = 0; n < ARRAY_SIZE(data); n++) {
        struct segment *s = &cpu->seg[data[n]];
        unsigned dpl = (s->attributes & ATTR_DPL) >> ATTR_DPL_SHIFT;
        bool conforming =
            (s->attributes & (ATTR_CODE | ATTR_CONFORMING)) == (ATTR_CODE | ATTR_CONFORMING);
        if ((s->attributes & ATTR_P) && !conforming && dpl < cpu->cpl)
            *s = segment_null(0);
    }
}
