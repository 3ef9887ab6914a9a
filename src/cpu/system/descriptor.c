// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Descriptor tables: fetching descriptors, their accessed and busy bits.
#include "cpu/system/descriptor.h"

#include "cpu/access.h"

bool descriptor_read(struct cpu *cpu, uint16_t selector, struct descriptor *d)
{
    uint32_t base = (uint32_t)cpu->gdtr.base, limit = cpu->gdtr.limit;
    uint32_t index = selector & 0xfff8u;
    if (selector & SELECTOR_TI) {
        const struct segment *ldt = &cpu->seg[SEG_LDTR];
        if (!(ldt->attributes & ATTR_P) || selector_null(ldt->selector))
            return false;
        base = (uint32_t)ldt->base;
        limit = ldt->limit;
    }
    if (index + 7 > limit)
        return false;
    uint64_t value = cpu_load_system(cpu, base + index, 8);
    *d = (struct descriptor){ base + index, selector, (uint32_t)value, (uint32_t)(value >> 32) };
    return true;
}

void descriptor_fetch(struct cpu *cpu, uint16_t selector, struct descriptor *d,
                      enum exception vector, unsigned ext)
{
    if (!descriptor_read(cpu, selector, d))
        raise_selector(cpu, vector, selector, ext);
}

void descriptor_set_accessed(struct cpu *cpu, struct descriptor *d)
{
    if (d->high & (ATTR_ACCESSED << 8))
        return;
    d->high |= ATTR_ACCESSED << 8;
    cpu_store_system(cpu, d->address + 5, 1, (uint8_t)(d->high >> 8));
}

void descriptor_set_busy(struct cpu *cpu, struct descriptor *d, bool busy)
{
    d->high &= ~(TYPE_TSS_BUSY_BIT << 8);
    d->high |= busy ? TYPE_TSS_BUSY_BIT << 8 : 0;
    cpu_store_system(cpu, d->address + 5, 1, (uint8_t)(d->high >> 8));
}
