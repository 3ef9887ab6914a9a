// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Handler templates: an operation joined to its register and memory operands.
#ifndef CPU_INTEGER_OPERAND_H
#define CPU_INTEGER_OPERAND_H

#include "cpu/access.h"
#include "cpu/handlers.h"

/*
 * A handler with a memory operand is two functions. The hot one finds the host address in the
 * soft TLB and keeps everything in scratch registers, so that it needs no stack frame; whatever
 * else there is (TLB miss, device, LOCK) it leaves by a tail call to its cold twin, which does
 * the whole instruction again from the start. The templates take statements and expressions that
 * may name cpu, i and, where the memory operand is read, value (zero-extended). Operations are
 * always-inline functions whose operand size in bytes is a constant.
 */
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define COLD          static __attribute__((cold, noinline))

/* ---- operands by size (1, 2, 4 bytes) ------------------------------------------------------- */

ALWAYS_INLINE uint64_t truncate(unsigned size, uint64_t v)
{
    return v & size_mask(size);
}

ALWAYS_INLINE int64_t sign_extend(unsigned size, uint64_t v)
{
    unsigned up = 64 - 8 * size;
    return (int64_t)(v << up) >> up;
}

ALWAYS_INLINE uint64_t get_reg(const struct cpu *cpu, const struct insn *i, unsigned r,
                               unsigned size)
{
    return size == 1 ? reg8(cpu, i, r) : size == 2 ? reg16(cpu, r) : reg32(cpu, r);
}

ALWAYS_INLINE void set_reg(struct cpu *cpu, const struct insn *i, unsigned r, unsigned size,
                           uint64_t v)
{
    if (size == 1)
        set_reg8(cpu, i, r, (uint8_t)v);
    else if (size == 2)
        set_reg16(cpu, r, (uint16_t)v);
    else
        set_reg32(cpu, r, (uint32_t)v);
}

/* ModRM.reg (or the opcode's register), ModRM.rm as a register, AL/AX/EAX, the immediate. */
#define REG(size)        get_reg(cpu, i, i->reg, size)
#define SET_REG(size, v) set_reg(cpu, i, i->reg, size, v)
#define RM(size)         get_reg(cpu, i, i->rm, size)
#define SET_RM(size, v)  set_reg(cpu, i, i->rm, size, v)
#define ACC(size)        get_reg(cpu, i, RAX, size)
#define SET_ACC(size, v) set_reg(cpu, i, RAX, size, v)
#define IMM(size)        truncate(size, i->imm)

/* ---- memory ---------------------------------------------------------------------------------- */

/* Host address of the operand at seg:offset for reading, writing or both; false: the slow way. */
ALWAYS_INLINE bool host_read(const struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size,
                             void **p)
{
    const struct segment *s = &cpu->seg[seg];
    uint32_t linear = (uint32_t)s->base + offset;
    const struct tlb_entry *e = tlb_entry(cpu, linear);
    *p = (void *)(uintptr_t)(e->host + linear);
    return (int64_t)((uint64_t)offset + (size - 1)) <= s->read_max &&
           e->read_tag == tlb_tag(linear + (size - 1));
}

ALWAYS_INLINE bool host_write(const struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size,
                              void **p)
{
    const struct segment *s = &cpu->seg[seg];
    uint32_t linear = (uint32_t)s->base + offset;
    const struct tlb_entry *e = tlb_entry(cpu, linear);
    *p = (void *)(uintptr_t)(e->host + linear);
    return (int64_t)((uint64_t)offset + (size - 1)) <= s->write_max &&
           e->write_tag == tlb_tag(linear + (size - 1));
}

/*
 * A writable page is readable in IA-32 paging, a writable segment too: one compare is enough
 * where the tags agree.
 */
ALWAYS_INLINE bool host_modify(const struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size,
                               void **p)
{
    uint32_t linear = (uint32_t)cpu->seg[seg].base + offset;
    const struct tlb_entry *e = tlb_entry(cpu, linear);
    return host_write(cpu, seg, offset, size, p) && e->read_tag == e->write_tag;
}

ALWAYS_INLINE uint64_t load_operand(struct cpu *cpu, const struct insn *i, unsigned seg,
                                    uint32_t offset, unsigned size)
{
    void *p;
    if (likely(host_read(cpu, seg, offset, size, &p)))
        return load_le(p, size);
    return truncate(size, exec_load_slow(cpu, i, seg, offset, size));
}

ALWAYS_INLINE void store_operand(struct cpu *cpu, const struct insn *i, unsigned seg,
                                 uint32_t offset, unsigned size, uint64_t v)
{
    void *p;
    if (likely(host_write(cpu, seg, offset, size, &p)))
        store_le(p, size, v);
    else
        exec_store_slow(cpu, i, seg, offset, size, truncate(size, v));
}

/* Raise what a store would raise, if anything. */
ALWAYS_INLINE void probe_write(struct cpu *cpu, const struct insn *i, unsigned seg, uint32_t offset,
                               unsigned size)
{
    void *p;
    if (unlikely(!host_write(cpu, seg, offset, size, &p)))
        exec_probe_write(cpu, i, seg, offset, size);
}

/*
 * Host compare-and-exchange of a naturally aligned operand: what LOCK means to other CPUs (SDM
 * 3A 8.1).
 */
ALWAYS_INLINE bool host_aligned(const void *p, unsigned size)
{
    return ((uintptr_t)p & (size - 1)) == 0;
}

#define HOST_EXCHANGE_IF(bits)                                                                     \
    ALWAYS_INLINE bool host_exchange_if##bits(void *p, uint##bits##_t old, uint##bits##_t desired) \
    {                                                                                              \
        old = (uint##bits##_t)load_le(&old, sizeof old);                                           \
        desired = (uint##bits##_t)load_le(&desired, sizeof desired);                               \
        return __atomic_compare_exchange_n((uint##bits##_t *)p, &old, desired, false,              \
                                           __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);                    \
    }
HOST_EXCHANGE_IF(8)
HOST_EXCHANGE_IF(16)
HOST_EXCHANGE_IF(32)
HOST_EXCHANGE_IF(64)

ALWAYS_INLINE bool host_exchange_if(void *p, unsigned size, uint64_t old, uint64_t desired)
{
    return size == 1   ? host_exchange_if8(p, (uint8_t)old, (uint8_t)desired)
           : size == 2 ? host_exchange_if16(p, (uint16_t)old, (uint16_t)desired)
           : size == 4 ? host_exchange_if32(p, (uint32_t)old, (uint32_t)desired)
                       : host_exchange_if64(p, old, desired);
}

/* ---- templates ------------------------------------------------------------------------------ */

/* No memory operand. */
#define REG_HANDLER(name, ...)                                                                     \
    EXEC(name)                                                                                     \
    {                                                                                              \
        __VA_ARGS__;                                                                               \
        EXEC_NEXT;                                                                                 \
    }

/* Reads the memory operand, then does the statement; end is EXEC_NEXT or EXEC_JUMP. */
#define LOAD_TEMPLATE(name, size, segment, ea, end, ...)                                           \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        uint64_t value = truncate(size, exec_load_slow(cpu, i, segment, ea, size));                \
        __VA_ARGS__;                                                                               \
        end;                                                                                       \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *host;                                                                                \
        if (unlikely(!host_read(cpu, segment, ea, size, &host)))                                   \
            return name##_slow(cpu, i);                                                            \
        uint64_t value = load_le(host, size);                                                      \
        __VA_ARGS__;                                                                               \
        end;                                                                                       \
    }
#define LOAD_HANDLER(name, size, ...)                                                              \
    LOAD_TEMPLATE(name, size, i->seg, exec_ea(cpu, i), EXEC_NEXT, __VA_ARGS__)
#define LOAD_HANDLER_AT(name, size, ea, ...)                                                       \
    LOAD_TEMPLATE(name, size, i->seg, ea, EXEC_NEXT, __VA_ARGS__)

/* Stores the expression. */
#define STORE_HANDLER(name, size, result)                                                          \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        exec_store_slow(cpu, i, i->seg, exec_ea(cpu, i), size, truncate(size, result));            \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *host;                                                                                \
        if (unlikely(!host_write(cpu, i->seg, exec_ea(cpu, i), size, &host)))                      \
            return name##_slow(cpu, i);                                                            \
        store_le(host, size, result);                                                              \
        EXEC_NEXT;                                                                                 \
    }

/*
 * Reads, modifies and writes: result may set the arithmetic flags but nothing else, for under
 * LOCK it is computed again when another CPU got in between; commit is the statement that
 * changes the rest (XADD's register) and comes after the store.
 */
#define RMW_HANDLER_AT(name, size, ea, locked, result, commit)                                     \
    COLD EXEC(name##_slow)                                                                         \
    {                                                                                              \
        uint64_t value, desired, cc_result = cpu->cc_result, cc_carry = cpu->cc_carry;             \
        void *host;                                                                                \
        uint32_t offset = ea;                                                                      \
        if ((locked) && host_modify(cpu, i->seg, offset, size, &host) &&                           \
            host_aligned(host, size)) {                                                            \
            do {                                                                                   \
                cpu->cc_result = cc_result;                                                        \
                cpu->cc_carry = cc_carry;                                                          \
                value = load_le(host, size);                                                       \
                desired = truncate(size, result);                                                  \
            } while (!host_exchange_if(host, size, value, desired));                               \
        } else {                                                                                   \
            exec_probe_write(cpu, i, i->seg, offset, size);                                        \
            value = truncate(size, exec_load_slow(cpu, i, i->seg, offset, size));                  \
            desired = truncate(size, result);                                                      \
            exec_store_slow(cpu, i, i->seg, offset, size, desired);                                \
        }                                                                                          \
        commit;                                                                                    \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(name)                                                                                     \
    {                                                                                              \
        void *host;                                                                                \
        if (unlikely((locked) || !host_modify(cpu, i->seg, ea, size, &host)))                      \
            return name##_slow(cpu, i);                                                            \
        uint64_t value = load_le(host, size);                                                      \
        store_le(host, size, result);                                                              \
        commit;                                                                                    \
        EXEC_NEXT;                                                                                 \
    }
#define RMW_HANDLER(name, size, result, commit)                                                    \
    RMW_HANDLER_AT(name, size, exec_ea(cpu, i), (i->flags & INSN_LOCK) != 0, result, commit)

#endif
