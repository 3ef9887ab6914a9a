// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Segment descriptors as they lie in the GDT, an LDT or the IDT, and segments made from them.
#ifndef CPU_SYSTEM_DESCRIPTOR_H
#define CPU_SYSTEM_DESCRIPTOR_H

#include "cpu/system.h"

#define SELECTOR_TI  4u
#define SELECTOR_RPL 3u

/* Types of system descriptors (S = 0), SDM 3A table 3-2. */
enum {
    TYPE_TSS16 = 1,
    TYPE_LDT = 2,
    TYPE_TSS16_BUSY = 3,
    TYPE_CALL_GATE16 = 4,
    TYPE_TASK_GATE = 5,
    TYPE_INTERRUPT_GATE16 = 6,
    TYPE_TRAP_GATE16 = 7,
    TYPE_TSS32 = 9,
    TYPE_TSS32_BUSY = 11,
    TYPE_CALL_GATE32 = 12,
    TYPE_INTERRUPT_GATE32 = 14,
    TYPE_TRAP_GATE32 = 15
};
#define TYPE_TSS_BUSY_BIT 2u
#define TYPE_32_BIT       8u

struct descriptor {
    uint32_t address; /* linear */
    uint16_t selector;
    uint32_t low, high;
};

static inline bool selector_null(uint16_t selector)
{
    return !(selector & 0xfffc);
}
static inline unsigned selector_rpl(uint16_t selector)
{
    return selector & SELECTOR_RPL;
}

static inline unsigned descriptor_attributes(const struct descriptor *d)
{
    return (d->high >> 8) & 0xf0ff;
}
static inline unsigned descriptor_type(const struct descriptor *d)
{
    return (d->high >> 8) & 15;
}
static inline unsigned descriptor_dpl(const struct descriptor *d)
{
    return (d->high >> 13) & 3;
}
static inline bool descriptor_present(const struct descriptor *d)
{
    return d->high & (ATTR_P << 8);
}
static inline bool descriptor_is_segment(const struct descriptor *d)
{
    return d->high & (ATTR_S << 8);
}
static inline bool descriptor_is_code(const struct descriptor *d)
{
    return (d->high >> 8 & (ATTR_S | ATTR_CODE)) == (ATTR_S | ATTR_CODE);
}
static inline bool descriptor_is_conforming(const struct descriptor *d)
{
    return (d->high >> 8 & (ATTR_S | ATTR_CODE | ATTR_CONFORMING)) ==
           (ATTR_S | ATTR_CODE | ATTR_CONFORMING);
}
static inline bool descriptor_is_writable_data(const struct descriptor *d)
{
    return (d->high >> 8 & (ATTR_S | ATTR_CODE | ATTR_WRITABLE)) == (ATTR_S | ATTR_WRITABLE);
}
static inline bool descriptor_is_readable(const struct descriptor *d)
{
    return descriptor_is_segment(d) && (!descriptor_is_code(d) || (d->high >> 8 & ATTR_READABLE));
}
static inline uint32_t descriptor_base(const struct descriptor *d)
{
    return d->low >> 16 | (d->high & 0xff) << 16 | (d->high & 0xff000000);
}
static inline uint32_t descriptor_limit(const struct descriptor *d)
{
    uint32_t limit = (d->low & 0xffff) | (d->high & 0xf0000);
    return d->high & (ATTR_G << 8) ? limit << 12 | 0xfff : limit;
}
/* Gates. */
static inline uint16_t gate_selector(const struct descriptor *d)
{
    return (uint16_t)(d->low >> 16);
}
static inline uint32_t gate_offset(const struct descriptor *d)
{
    return (d->low & 0xffff) | (descriptor_type(d) & TYPE_32_BIT ? d->high & 0xffff0000 : 0);
}

/* Fetch from the GDT or LDT; false where the selector lies outside the table. May raise #PF. */
bool must_check descriptor_read(struct cpu *cpu, uint16_t selector, struct descriptor *d);
/* The same; outside the table raises vector with the selector (and ext, 0 or 1) as error code. */
void descriptor_fetch(struct cpu *cpu, uint16_t selector, struct descriptor *d,
                      enum exception vector, unsigned ext);
/* Set the accessed bit, in memory too. May raise #PF: before other state changes. */
void descriptor_set_accessed(struct cpu *cpu, struct descriptor *d);
/* Set or clear the busy bit of a TSS descriptor in memory. */
void descriptor_set_busy(struct cpu *cpu, struct descriptor *d, bool busy);

/* A segment register's value; in place, where it is read again at once. */
void segment_fill(struct segment *s, uint16_t selector, const struct descriptor *d);
struct segment segment_from_descriptor(uint16_t selector, const struct descriptor *d);
struct segment segment_null(uint16_t selector);
struct segment segment_v86(uint16_t selector);

/* Does [offset, offset + size) lie inside, with the right type? */
bool segment_allows(const struct segment *s, uint32_t offset, unsigned size, bool write);

/*
 * The checks of loading SS at privilege level cpl: null_vector's error code is ext alone; the
 * others carry the selector; not present is #SS.
 */
void segment_fetch_stack(struct cpu *cpu, uint16_t selector, unsigned cpl, enum exception vector,
                         unsigned ext, struct descriptor *d);
/* Put values into SS and CS, CPL included; then cpu_update_mode(). */
void segment_set_code(struct cpu *cpu, const struct segment *cs, unsigned cpl);
void segment_set(struct cpu *cpu, unsigned seg, const struct segment *value);
/*
 * After a return to an outer level: data registers that the new level may not use become null (SDM
 * 3A 5.8.6).
 */
void segment_drop_privileged(struct cpu *cpu);

_Noreturn static inline void raise_selector(struct cpu *cpu, enum exception vector,
                                            uint16_t selector, unsigned ext)
{
    cpu_raise_error(cpu, vector, (selector & 0xfffcu) | ext);
}

#endif
