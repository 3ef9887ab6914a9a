// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The slow way to memory and ports: everything that the fast compare of access.h cannot decide.
#include "cpu/access.h"

#include "cpu/system.h"
#include "cpu/system/descriptor.h"
#include "cpu/tlb.h"
#include "cpu/x87/fpu.h"
#include "host/host.h"

static bool crosses_page(uint32_t linear, unsigned size)
{
    return (linear & ~TLB_PAGE_MASK) + size > PAGE_SIZE;
}

void cpu_check_alignment(struct cpu *cpu, uint32_t linear, unsigned size)
{
    if (unlikely(linear & (size - 1)) && cpu->cpl == 3 && cpu->cr0 & CR0_AM &&
        cpu->eflags & EFLAGS_AC)
        cpu_raise_error(cpu, EXC_AC, 0);
}

static void watch(struct cpu *cpu, uint32_t linear, unsigned size, bool write)
{
    if (unlikely(cpu->dr[7] & 0xff || cpu->debug != NULL))
        debug_check_data(cpu, linear, size, write);
}

/* ---- one page -------------------------------------------------------------------------------- */

static uint64_t load_part(struct cpu *cpu, const struct tlb_page *p, uint32_t linear, unsigned size)
{
    unsigned offset = linear & ~TLB_PAGE_MASK;
    if (likely(p->page.read != NULL))
        return load_le(p->page.read + offset, size);
    uint64_t value = size_mask(size);
    cpu->jit.special_accesses++;
    fpu_sync(cpu);
    memory_read(cpu->bus.memory, cpu_space(cpu), p->physical + offset, size, &value);
    return value;
}

static void store_part(struct cpu *cpu, const struct tlb_page *p, uint32_t linear, unsigned size,
                       uint64_t value, bool user)
{
    unsigned offset = linear & ~TLB_PAGE_MASK;
    const struct memory_page *m = &p->page;
    if (unlikely(m->write == NULL)) {
        cpu->jit.special_accesses++;
        fpu_sync(cpu);
        memory_write(cpu->bus.memory, cpu_space(cpu), p->physical + offset, size, value);
        return;
    }
    struct ram_block *block = m->write_block;
    uint64_t block_offset = m->write_offset + offset;
    store_le(m->write + offset, size, value);
    if (ram_page_store_is_slow(block, block_offset >> PAGE_SHIFT)) {
        cpu->jit.special_accesses++;
        ram_written(block, block_offset, size);
    }
    /* The reason may also have gone before, by another's doing. */
    if (cpu->tlbs[user][(linear >> PAGE_SHIFT) % TLB_SIZE].write_tag != tlb_tag(linear))
        tlb_refresh(cpu, linear, user);
}

/* ---- whole accesses -------------------------------------------------------------------------- */

/* Both pages are looked up before the first byte moves: the lower one's fault comes first. */
static uint64_t load_crossing(struct cpu *cpu, uint32_t linear, unsigned size, bool user)
{
    tlb_find(cpu, linear, ACCESS_READ, user);
    tlb_find(cpu, (linear + size - 1) & TLB_PAGE_MASK, ACCESS_READ, user);
    uint64_t value = 0;
    for (unsigned n = 0; n < size; n++)
        value |= load_part(cpu, tlb_find(cpu, linear + n, ACCESS_READ, user), linear + n, 1)
                 << (8 * n);
    return value;
}

static void store_crossing(struct cpu *cpu, uint32_t linear, unsigned size, uint64_t value,
                           bool user)
{
    tlb_find(cpu, linear, ACCESS_WRITE, user);
    tlb_find(cpu, (linear + size - 1) & TLB_PAGE_MASK, ACCESS_WRITE, user);
    for (unsigned n = 0; n < size; n++)
        store_part(cpu, tlb_find(cpu, linear + n, ACCESS_WRITE, user), linear + n, 1,
                   value >> (8 * n), user);
}

static uint64_t load_linear(struct cpu *cpu, uint32_t linear, unsigned size, bool user)
{
    uint64_t value;
    if (unlikely(crosses_page(linear, size)))
        value = load_crossing(cpu, linear, size, user);
    else
        value = load_part(cpu, tlb_find(cpu, linear, ACCESS_READ, user), linear, size);
    watch(cpu, linear, size, false);
    return value;
}

static void store_linear(struct cpu *cpu, uint32_t linear, unsigned size, uint64_t value, bool user)
{
    if (unlikely(crosses_page(linear, size)))
        store_crossing(cpu, linear, size, value, user);
    else
        store_part(cpu, tlb_find(cpu, linear, ACCESS_WRITE, user), linear, size, value, user);
    watch(cpu, linear, size, true);
}

uint64_t cpu_load(struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size)
{
    segment_check(cpu, seg, offset, size, false);
    uint32_t linear = (uint32_t)cpu->seg[seg].base + offset;
    cpu_check_alignment(cpu, linear, size);
    return load_linear(cpu, linear, size, cpu->cpl == 3);
}

void cpu_store(struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size, uint64_t value)
{
    segment_check(cpu, seg, offset, size, true);
    uint32_t linear = (uint32_t)cpu->seg[seg].base + offset;
    cpu_check_alignment(cpu, linear, size);
    store_linear(cpu, linear, size, value, cpu->cpl == 3);
}

uint64_t exec_load_slow(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                        unsigned size)
{
    exec_sync(cpu, i);
    return cpu_load(cpu, seg, offset, size);
}

void exec_store_slow(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                     unsigned size, uint64_t value)
{
    exec_sync(cpu, i);
    cpu_store(cpu, seg, offset, size, value);
}

static void probe(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                  unsigned size, bool write)
{
    enum access_kind kind = write ? ACCESS_WRITE : ACCESS_READ;
    exec_sync(cpu, i);
    segment_check(cpu, seg, offset, size, write);
    uint32_t linear = (uint32_t)cpu->seg[seg].base + offset;
    if (size <= 8 && (size & (size - 1)) == 0)
        cpu_check_alignment(cpu, linear, size);
    tlb_find(cpu, linear, kind, cpu->cpl == 3);
    if (crosses_page(linear, size))
        tlb_find(cpu, (linear + size - 1) & TLB_PAGE_MASK, kind, cpu->cpl == 3);
}

void exec_probe_write(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                      unsigned size)
{
    probe(cpu, i, seg, offset, size, true);
}

void exec_probe_read(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                     unsigned size)
{
    probe(cpu, i, seg, offset, size, false);
}

/* "Subject to all permission checking and faults associated with a byte load", but execute-only
 * segments are allowed. SDM 2A CLFLUSH */
void exec_probe_line(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset)
{
    struct segment s = cpu->seg[seg];
    exec_sync(cpu, i);
    if (s.attributes & ATTR_CODE)
        s.attributes |= ATTR_READABLE;
    if (!segment_allows(&s, offset, 1, false))
        cpu_raise_error(cpu, seg == SEG_SS ? EXC_SS : EXC_GP, 0);
    tlb_find(cpu, (uint32_t)s.base + offset, ACCESS_READ, cpu->cpl == 3);
}

uint64_t cpu_load_linear(struct cpu *cpu, uint32_t linear, unsigned size)
{
    return load_linear(cpu, linear, size, cpu->cpl == 3);
}

void cpu_store_linear(struct cpu *cpu, uint32_t linear, unsigned size, uint64_t value)
{
    store_linear(cpu, linear, size, value, cpu->cpl == 3);
}

uint64_t cpu_load_system(struct cpu *cpu, uint32_t linear, unsigned size)
{
    return load_linear(cpu, linear, size, false);
}

void cpu_store_system(struct cpu *cpu, uint32_t linear, unsigned size, uint64_t value)
{
    store_linear(cpu, linear, size, value, false);
}

void cpu_probe_system(struct cpu *cpu, uint32_t linear, unsigned size, bool write)
{
    enum access_kind kind = write ? ACCESS_WRITE : ACCESS_READ;
    tlb_find(cpu, linear, kind, false);
    if (crosses_page(linear, size))
        tlb_find(cpu, (linear + size - 1) & TLB_PAGE_MASK, kind, false);
}

/* ---- ports ----------------------------------------------------------------------------------- */

uint32_t cpu_port_read(struct cpu *cpu, uint16_t port, unsigned size)
{
    uint64_t value = size_mask(size);
    fpu_sync(cpu);
    memory_read(cpu->bus.memory, SPACE_PORTS, port, size, &value);
    return (uint32_t)value;
}

void cpu_port_write(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value)
{
    fpu_sync(cpu);
    memory_write(cpu->bus.memory, SPACE_PORTS, port, size, value);
}
