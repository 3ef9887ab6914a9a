// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Operands wider than eight bytes: 10 and 16.
#ifndef CPU_SIMD_MEMORY_H
#define CPU_SIMD_MEMORY_H

#include "cpu/access.h"
#include "host/float.h"

/*
 * The host address for a plain store of bytes, or NULL: then exec_probe_write() and stores in
 * parts.
 */
static inline void *exec_write_pointer(struct cpu *cpu, unsigned seg, uint32_t offset,
                                       unsigned bytes)
{
    const struct segment *s = &cpu->seg[seg];
    uint32_t linear = (uint32_t)s->base + offset;
    const struct tlb_entry *e = tlb_entry(cpu, linear);
    if (likely((int64_t)((uint64_t)offset + (bytes - 1)) <= s->write_max &&
               e->write_tag == tlb_tag(linear + (bytes - 1))))
        return (void *)(uintptr_t)(e->host + linear);
    return NULL;
}

/* Raise what a store (load) of bytes would raise: nothing, quickly, where the fast TLB has it. */
static inline void exec_prepare_write(struct cpu *cpu, const struct insn *i, unsigned seg,
                                      uint32_t offset, unsigned bytes)
{
    if (unlikely(exec_write_pointer(cpu, seg, offset, bytes) == NULL))
        exec_probe_write(cpu, i, seg, offset, bytes);
}
static inline void exec_prepare_read(struct cpu *cpu, const struct insn *i, unsigned seg,
                                     uint32_t offset, unsigned bytes)
{
    const struct segment *s = &cpu->seg[seg];
    uint32_t linear = (uint32_t)s->base + offset;
    if (unlikely((int64_t)((uint64_t)offset + (bytes - 1)) > s->read_max ||
                 tlb_entry(cpu, linear)->read_tag != tlb_tag(linear + (bytes - 1))))
        exec_probe_read(cpu, i, seg, offset, bytes);
}

static inline union vector exec_load128(struct cpu *cpu, const struct insn *i, unsigned seg,
                                        uint32_t offset)
{
    union vector v;
    v.u64[0] = exec_load64(cpu, i, seg, offset);
    v.u64[1] = exec_load64(cpu, i, seg, (offset + 8) & i->addr_mask);
    return v;
}

static inline void exec_store128(struct cpu *cpu, const struct insn *i, unsigned seg,
                                 uint32_t offset, union vector v)
{
    uint8_t *p = exec_write_pointer(cpu, seg, offset, 16);
    if (likely(p != NULL)) {
        store_le64(p, v.u64[0]);
        store_le64(p + 8, v.u64[1]);
        return;
    }
    exec_probe_write(cpu, i, seg, offset, 16);
    exec_store64(cpu, i, seg, offset, v.u64[0]);
    exec_store64(cpu, i, seg, (offset + 8) & i->addr_mask, v.u64[1]);
}

/* An 80-bit real. */
static inline struct f80 exec_load_f80(struct cpu *cpu, const struct insn *i, unsigned seg,
                                       uint32_t offset)
{
    struct f80 v;
    v.significand = exec_load64(cpu, i, seg, offset);
    v.sign_exponent = exec_load16(cpu, i, seg, (offset + 8) & i->addr_mask);
    return v;
}

static inline void exec_store_f80(struct cpu *cpu, const struct insn *i, unsigned seg,
                                  uint32_t offset, struct f80 v)
{
    uint8_t *p = exec_write_pointer(cpu, seg, offset, 10);
    if (likely(p != NULL)) {
        store_le64(p, v.significand);
        store_le16(p + 8, v.sign_exponent);
        return;
    }
    exec_probe_write(cpu, i, seg, offset, 10);
    exec_store64(cpu, i, seg, offset, v.significand);
    exec_store16(cpu, i, seg, (offset + 8) & i->addr_mask, v.sign_exponent);
}

/*
 * Most 16-byte operands have to be aligned: #GP(0), before any other check of the access. SDM 1
 * 11.3
 */
static inline void exec_check_alignment(struct cpu *cpu, const struct insn *i, unsigned seg,
                                        uint32_t offset, unsigned align)
{
    if (unlikely(((uint32_t)cpu->seg[seg].base + offset) & (align - 1)))
        exec_raise_error(cpu, i, EXC_GP, 0);
}

#endif
