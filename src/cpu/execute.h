// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What instruction handlers are made of: going on, jumping, registers, operands, faults.
#ifndef CPU_EXECUTE_H
#define CPU_EXECUTE_H

#include "cpu/cpu.h"
#include "cpu/flags.h"
#include "cpu/insn.h"

/*
 * The rules of a handler:
 *  1. All that can fault comes first, then the state changes. A fault leaves by cpu_raise()
 *     (longjmp), never by return.
 *  2. The executor does not keep EIP per instruction. A handler that calls anything that uses
 *     cpu->eip, may raise by other means than the exec_* accessors below, or takes the device lock,
 *     first calls exec_sync(cpu, i).
 *  3. It ends in EXEC_NEXT; or, if its row has OP_END, it sets cpu->eip to the next instruction's
 *     EIP and ends in EXEC_JUMP.
 *  4. No addresses of locals may escape where it matters for speed (it prevents the tail call).
 * EXEC_THREADED (cpu/config/threaded or cpu/config/plain, chosen by the build) decides how handlers
 * within a block follow one another: by tail call, or by returning to the loop.
 */
#include "exec_config.h" /* defines EXEC_THREADED to 0 or 1 */

#define EXEC(name) const struct insn *name(struct cpu *cpu, const struct insn *i)

#if EXEC_THREADED
#define EXEC_NEXT return (i + 1)->fn(cpu, i + 1)
#else
#define EXEC_NEXT return (void)cpu, i + 1
#endif
/*
 * The part of a handler that hands out addresses of its locals. It stays a function of its own:
 * inlined, it would keep the handler from ending in a tail call, and the host stack would grow with
 * every instruction (tests/structure/tail_calls.py looks).
 */
#define OUT_OF_LINE static __attribute__((noinline))
/* Find the block at cpu->eip and return its first instruction; NULL when something asks for
 * attention. block_cache.c */
const struct insn *exec_dispatch(struct cpu *cpu);
#define EXEC_JUMP return exec_dispatch(cpu)
/*
 * Execute instruction i and no other: cpu->eip is right afterwards. It may end by cpu_raise().
 * dispatch.c
 */
void exec_single(struct cpu *cpu, const struct insn *i, uint64_t block_eip);
/* The same for a block, from its first instruction on. */
void exec_whole(struct cpu *cpu, struct block *b, uint64_t block_eip);

/* EIP of instruction i of the running block, and of the one after it. CS.D = 0 code wraps at 64
 * KiB. */
static inline uint32_t insn_eip(const struct cpu *cpu, const struct insn *i)
{
    return (uint32_t)cpu->block_eip + i->offset;
}
static inline uint32_t insn_next_eip(const struct cpu *cpu, const struct insn *i)
{
    uint32_t next = insn_eip(cpu, i) + i->length;
    return cpu->seg[SEG_CS].attributes & ATTR_DB ? next : next & 0xffff;
}

/* Make cpu->eip the address of this instruction and cpu->current this instruction. */
static inline void exec_sync(struct cpu *cpu, const struct insn *i)
{
    cpu->eip = insn_eip(cpu, i);
    cpu->current = i;
}

/* Raise an exception with the state as it is; cpu->eip must be right (exec_sync). Traps raised by
 * the instruction itself (INT n) have their own way. */
_Noreturn void cpu_raise(struct cpu *cpu, enum exception vector);
_Noreturn void cpu_raise_error(struct cpu *cpu, enum exception vector, uint32_t error);
_Noreturn void cpu_raise_page_fault(struct cpu *cpu, uint32_t linear, uint32_t error);
/* exec_sync() and raise. */
_Noreturn void exec_raise(struct cpu *cpu, const struct insn *i, enum exception vector);
_Noreturn void exec_raise_error(struct cpu *cpu, const struct insn *i, enum exception vector,
                                uint32_t error);
EXEC(exec_undefined); /* #UD */

/* ---- registers ------------------------------------------------------------------------------- */
/* Byte registers 4-7 are AH CH DH BH without REX. */
static inline uint8_t reg8(const struct cpu *cpu, const struct insn *i, unsigned r)
{
    if (r >= 4 && !(i->flags & INSN_REX))
        return (uint8_t)(cpu->gpr[r & 3] >> 8);
    return (uint8_t)cpu->gpr[r];
}
/*
 * A register is written whole. The compiler would shorten the write of a part to a byte or a word,
 * and a host that next loads all of it waits until that store has left its store buffer
 * (measured: 2.7 ns an instruction instead of 1.0): the barrier keeps it whole.
 */
static inline void set_reg_whole(struct cpu *cpu, unsigned r, uint64_t v)
{
    __asm__("" : "+r"(v));
    cpu->gpr[r] = v;
}
static inline void set_reg8(struct cpu *cpu, const struct insn *i, unsigned r, uint8_t v)
{
    if (r >= 4 && !(i->flags & INSN_REX))
        set_reg_whole(cpu, r & 3, (cpu->gpr[r & 3] & ~UINT64_C(0xff00)) | (uint64_t)v << 8);
    else
        set_reg_whole(cpu, r, (cpu->gpr[r] & ~UINT64_C(0xff)) | v);
}
static inline uint16_t reg16(const struct cpu *cpu, unsigned r)
{
    return (uint16_t)cpu->gpr[r];
}
static inline uint32_t reg32(const struct cpu *cpu, unsigned r)
{
    return (uint32_t)cpu->gpr[r];
}
static inline void set_reg16(struct cpu *cpu, unsigned r, uint16_t v)
{
    set_reg_whole(cpu, r, (cpu->gpr[r] & ~UINT64_C(0xffff)) | v);
}
static inline void set_reg32(struct cpu *cpu, unsigned r, uint32_t v)
{
    cpu->gpr[r] = v;
}

/* Offset of the memory operand. */
static inline uint32_t exec_ea(const struct cpu *cpu, const struct insn *i)
{
    return ((uint32_t)cpu->gpr[i->base] + ((uint32_t)cpu->gpr[i->index] << i->scale) +
            (uint32_t)i->disp) &
           i->addr_mask;
}

#endif
