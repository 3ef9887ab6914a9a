// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Lazy arithmetic flags: two words from which CF PF AF ZF SF OF are computed when asked for.
#ifndef CPU_FLAGS_H
#define CPU_FLAGS_H

#include "cpu/cpu.h"

/*
 * cc_result: the last result, sign-extended from its size to 64 bits. ZF is cc_result == 0, SF its
 * top bit, PF the parity of its low byte. cc_carry: the vector of carries (borrows) out of each bit
 * of the operation, moved up so that the carry out of the operand's top bit is bit 63 and the one
 * below it bit 62, plus the carry out of bit 3 in bit 3: CF = bit 63, OF = bit 63 ^ bit 62, AF =
 * bit 3. So that any combination can be represented (POPF, SAHF, shifts): bit 16 of cc_carry flips
 * SF, and bits 8-15 are xored into the byte whose parity PF shows. Arithmetic leaves those bits 0.
 *
 *     add: carries = (a & b) | ((a | b) & ~r)      sub: carries = (~a & b) | ((~a | b) & r)
 */
#define CC_CF_BIT   63
#define CC_PF_SHIFT 8
#define CC_SF_BIT   16

/* size in bytes; result already truncated or not; carries: the vector in the low size bytes. */
static inline void flags_set_arith(struct cpu *cpu, unsigned size, uint64_t result,
                                   uint64_t carries)
{
    unsigned up = 64 - 8 * size;
    cpu->cc_result = (uint64_t)((int64_t)(result << up) >> up);
    cpu->cc_carry = size == 8 ? carries & 0xc000000000000008u : (carries << up) | (carries & 8);
}

static inline void flags_set_add(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b, uint64_t r)
{
    flags_set_arith(cpu, size, r, (a & b) | ((a | b) & ~r));
}

static inline void flags_set_sub(struct cpu *cpu, unsigned size, uint64_t a, uint64_t b, uint64_t r)
{
    flags_set_arith(cpu, size, r, (~a & b) | ((~a | b) & r));
}

/* AND OR XOR TEST: CF = OF = AF = 0. */
static inline void flags_set_logic(struct cpu *cpu, unsigned size, uint64_t r)
{
    unsigned up = 64 - 8 * size;
    cpu->cc_result = (uint64_t)((int64_t)(r << up) >> up);
    cpu->cc_carry = 0;
}

static inline bool flag_cf(const struct cpu *cpu)
{
    return cpu->cc_carry >> 63;
}
static inline bool flag_zf(const struct cpu *cpu)
{
    return cpu->cc_result == 0;
}
static inline bool flag_sf(const struct cpu *cpu)
{
    return ((cpu->cc_result >> 63) ^ (cpu->cc_carry >> CC_SF_BIT)) & 1;
}
static inline bool flag_of(const struct cpu *cpu)
{
    return ((cpu->cc_carry >> 63) ^ (cpu->cc_carry >> 62)) & 1;
}
static inline bool flag_af(const struct cpu *cpu)
{
    return (cpu->cc_carry >> 3) & 1;
}
static inline bool flag_pf(const struct cpu *cpu)
{
    return !__builtin_parity((uint8_t)(cpu->cc_result ^ (cpu->cc_carry >> CC_PF_SHIFT)));
}

/* Load all six from EFLAGS bits. */
static inline void flags_set_all(struct cpu *cpu, uint32_t f)
{
    uint64_t carry = 0;
    bool cf = f & EFLAGS_CF, of = f & EFLAGS_OF;
    cpu->cc_result = f & EFLAGS_ZF ? 0 : 0x100;
    carry |= (uint64_t)cf << 63 | (uint64_t)(cf ^ of) << 62;
    carry |= f & EFLAGS_AF ? 8 : 0;
    carry |= f & EFLAGS_PF ? 0 : UINT64_C(1) << CC_PF_SHIFT;
    carry |= f & EFLAGS_SF ? UINT64_C(1) << CC_SF_BIT : 0;
    cpu->cc_carry = carry;
}

static inline uint32_t flags_get_arith(const struct cpu *cpu)
{
    return (flag_cf(cpu) ? EFLAGS_CF : 0) | (flag_pf(cpu) ? EFLAGS_PF : 0) |
           (flag_af(cpu) ? EFLAGS_AF : 0) | (flag_zf(cpu) ? EFLAGS_ZF : 0) |
           (flag_sf(cpu) ? EFLAGS_SF : 0) | (flag_of(cpu) ? EFLAGS_OF : 0);
}

/* The architectural EFLAGS image. */
static inline uint32_t cpu_eflags(const struct cpu *cpu)
{
    return cpu->eflags | flags_get_arith(cpu);
}

/* Change the arithmetic flags in mask to those of value. */
static inline void flags_change(struct cpu *cpu, uint32_t mask, uint32_t value)
{
    flags_set_all(cpu, (flags_get_arith(cpu) & ~mask) | (value & mask));
}

/* CF alone (INC, DEC, STC, CMC, BT): OF must survive, so bit 62 moves with bit 63. */
static inline void flag_set_cf(struct cpu *cpu, bool cf)
{
    uint64_t change = (uint64_t)(flag_cf(cpu) ^ cf);
    cpu->cc_carry ^= change << 63 | change << 62;
}

/* Condition cc of Jcc, SETcc, CMOVcc: SDM 1 appendix B. */
static inline bool flags_condition(const struct cpu *cpu, unsigned cc)
{
    bool v;
    switch (cc >> 1) {
    case 0: v = flag_of(cpu); break;
    case 1: v = flag_cf(cpu); break;
    case 2: v = flag_zf(cpu); break;
    case 3: v = flag_cf(cpu) || flag_zf(cpu); break;
    case 4: v = flag_sf(cpu); break;
    case 5: v = flag_pf(cpu); break;
    case 6: v = flag_sf(cpu) != flag_of(cpu); break;
    default: v = flag_zf(cpu) || flag_sf(cpu) != flag_of(cpu); break;
    }
    return v ^ (cc & 1);
}

#endif
