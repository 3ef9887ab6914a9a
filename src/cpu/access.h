// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Guest memory as the executor sees it: segment check, soft TLB, host load or store.
#ifndef CPU_ACCESS_H
#define CPU_ACCESS_H

#include "cpu/execute.h"

#define TLB_PAGE_MASK 0xfffff000u

static inline struct tlb_entry *tlb_entry(const struct cpu *cpu, uint32_t linear)
{
    /* Index and scale in one: a shift, an AND and an addition. */
    size_t offset = (linear >> (12 - 4)) & ((TLB_SIZE - 1) << 4);
    _Static_assert(sizeof(struct tlb_entry) == 1 << 4, "the shift above");
    return (struct tlb_entry *)((char *)cpu->tlb + offset);
}

/*
 * The slow paths (access.c) do the whole access: exec_sync, full segment check (#GP, #SS),
 * alignment check, page walk or I/O, data breakpoints, page-crossing (both pages are probed before
 * anything is stored), code-page invalidation, dirty bits. size is 1, 2, 4 or 8; a 16-byte access
 * is two of 8 after exec_probe_write() for stores.
 */
uint64_t exec_load_slow(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                        unsigned size);
void exec_store_slow(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                     unsigned size, uint64_t value);
/* Raise what a store of size (up to 4096) bytes would raise; for multi-part stores and
 * read-modify-write. */
void exec_probe_write(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                      unsigned size);
void exec_probe_read(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                     unsigned size);
/* CLFLUSH's: as a byte is read, but through execute-only segments, too. */
void exec_probe_line(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset);

#define EXEC_LOAD(bits, bytes)                                                                     \
    static inline uint##bits##_t exec_load##bits(struct cpu *cpu, const struct insn *i,            \
                                                 unsigned seg, uint32_t off)                       \
    {                                                                                              \
        const struct segment *s = &cpu->seg[seg];                                                  \
        uint32_t linear = (uint32_t)s->base + off;                                                 \
        const struct tlb_entry *e = tlb_entry(cpu, linear);                                        \
        if (likely((int64_t)((uint64_t)off + (bytes - 1)) <= s->read_max &&                        \
                   e->read_tag == tlb_tag(linear + (bytes - 1))))                                  \
            return (uint##bits##_t)load_le((const void *)(uintptr_t)(e->host + linear), bytes);    \
        return (uint##bits##_t)exec_load_slow(cpu, i, seg, off, bytes);                            \
    }
EXEC_LOAD(8, 1)
EXEC_LOAD(16, 2)
EXEC_LOAD(32, 4)
EXEC_LOAD(64, 8)

#define EXEC_STORE(bits, bytes)                                                                    \
    static inline void exec_store##bits(struct cpu *cpu, const struct insn *i, unsigned seg,       \
                                        uint32_t off, uint##bits##_t v)                            \
    {                                                                                              \
        const struct segment *s = &cpu->seg[seg];                                                  \
        uint32_t linear = (uint32_t)s->base + off;                                                 \
        const struct tlb_entry *e = tlb_entry(cpu, linear);                                        \
        if (likely((int64_t)((uint64_t)off + (bytes - 1)) <= s->write_max &&                       \
                   e->write_tag == tlb_tag(linear + (bytes - 1))))                                 \
            store_le((void *)(uintptr_t)(e->host + linear), bytes, v);                             \
        else                                                                                       \
            exec_store_slow(cpu, i, seg, off, bytes, v);                                           \
    }
EXEC_STORE(8, 1)
EXEC_STORE(16, 2)
EXEC_STORE(32, 4)
EXEC_STORE(64, 8)

/*
 * Read-modify-write: the host address for a plain load and store, or NULL where the slow way has to
 * be gone: exec_probe_write(), load, compute, exec_store.
 */
#define EXEC_RMW(bits, bytes)                                                                      \
    static inline void *exec_rmw##bits(struct cpu *cpu, unsigned seg, uint32_t off)                \
    {                                                                                              \
        const struct segment *s = &cpu->seg[seg];                                                  \
        uint32_t linear = (uint32_t)s->base + off;                                                 \
        const struct tlb_entry *e = tlb_entry(cpu, linear);                                        \
        if (likely((int64_t)((uint64_t)off + (bytes - 1)) <= MIN(s->read_max, s->write_max) &&     \
                   e->write_tag == tlb_tag(linear + (bytes - 1)) && e->read_tag == e->write_tag))  \
            return (void *)(uintptr_t)(e->host + linear);                                          \
        return NULL;                                                                               \
    }
EXEC_RMW(8, 1)
EXEC_RMW(16, 2)
EXEC_RMW(32, 4)
EXEC_RMW(64, 8)

/* The stack: SS:ESP or SS:SP by SS.B. Pushing in parts: exec_push* store below ESP and return; ESP
 * changes last, so a fault leaves it. */
static inline void stack_set_pointer(struct cpu *cpu, uint32_t esp)
{
    if (cpu->stack_mask == 0xffffffffu)
        cpu->gpr[RSP] = esp;
    else
        set_reg16(cpu, RSP, (uint16_t)esp);
}
static inline void exec_push16(struct cpu *cpu, const struct insn *i, uint16_t v)
{
    uint32_t esp = ((uint32_t)cpu->gpr[RSP] - 2) & cpu->stack_mask;
    exec_store16(cpu, i, SEG_SS, esp, v);
    stack_set_pointer(cpu, esp);
}
static inline void exec_push32(struct cpu *cpu, const struct insn *i, uint32_t v)
{
    uint32_t esp = ((uint32_t)cpu->gpr[RSP] - 4) & cpu->stack_mask;
    exec_store32(cpu, i, SEG_SS, esp, v);
    stack_set_pointer(cpu, esp);
}

/*
 * For code below the handlers (descriptor tables, TSS, far transfers, SMM): cpu->eip and
 * cpu->current are already synchronised. By segment register with its checks, or by linear address
 * with supervisor rights (system) or with the current privilege. They raise page faults; linear
 * ones check no segment.
 */
uint64_t cpu_load(struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size);
void cpu_store(struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size, uint64_t value);
uint64_t cpu_load_linear(struct cpu *cpu, uint32_t linear, unsigned size);
void cpu_store_linear(struct cpu *cpu, uint32_t linear, unsigned size, uint64_t value);
uint64_t cpu_load_system(struct cpu *cpu, uint32_t linear, unsigned size);
void cpu_store_system(struct cpu *cpu, uint32_t linear, unsigned size, uint64_t value);
void cpu_probe_system(struct cpu *cpu, uint32_t linear, unsigned size, bool write);
/* #AC for what is not aligned, at CPL 3, with CR0.AM and EFLAGS.AC; cpu_load() and cpu_store() do it
 * themselves. SDM 3A 6.15 */
void cpu_check_alignment(struct cpu *cpu, uint32_t linear, unsigned size);

/* Port I/O of size 1, 2, 4: permission (IOPL, TSS bitmap) is checked by cpu_check_io() in system/.
 */
uint32_t cpu_port_read(struct cpu *cpu, uint16_t port, unsigned size);
void cpu_port_write(struct cpu *cpu, uint16_t port, unsigned size, uint32_t value);

#endif
