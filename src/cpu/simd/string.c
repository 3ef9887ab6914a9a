// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// SSE4.2: PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM, CRC32.
#include "cpu/handlers.h"
#include "cpu/simd/simd.h"

/*
 * The immediate: element format in bits 0-1, aggregation 2-3, polarity 4-5, output 6. SDM 1
 * 10.8 (string processing), SDM 2 4.1.
 */
enum { EQUAL_ANY, RANGES, EQUAL_EACH, EQUAL_ORDERED };

struct strings {
    int32_t a[16], b[16];           /* elements of the first and the second operand, widened */
    unsigned count;                 /* elements in a register: 16 or 8 */
    unsigned a_length, b_length;    /* valid ones */
};

static void widen(int32_t *to, const union vector *v, unsigned format)
{
    unsigned count = format & 1 ? 8 : 16;
    for (unsigned n = 0; n < count; n++) {
        switch (format) {
        case 0: to[n] = v->u8[n]; break;
        case 1: to[n] = v->u16[n]; break;
        case 2: to[n] = v->s8[n]; break;
        default: to[n] = v->s16[n]; break;
        }
    }
}

/* Implicit length: up to the first zero. */
static unsigned implicit_length(const int32_t *elements, unsigned count)
{
    unsigned n = 0;
    while (n < count && elements[n] != 0)
        n++;
    return n;
}

/* Explicit length: the register's magnitude, saturated. */
static unsigned explicit_length(uint32_t v, unsigned count)
{
    uint32_t magnitude = (int32_t)v < 0 ? 0 - v : v;
    return MIN(magnitude, count);
}

static bool any_equal(const struct strings *s, unsigned j)
{
    for (unsigned n = 0; n < s->a_length; n++) {
        if (s->a[n] == s->b[j])
            return true;
    }
    return false;
}

static bool in_ranges(const struct strings *s, unsigned j)
{
    for (unsigned n = 0; n + 1 < s->a_length; n += 2) {
        if (s->a[n] <= s->b[j] && s->b[j] <= s->a[n + 1])
            return true;
    }
    return false;
}

/* Is a, as far as it is valid, found in b from j on (or up to the register's end)? */
static bool equal_ordered(const struct strings *s, unsigned j)
{
    for (unsigned n = 0; n < s->a_length && j + n < s->count; n++) {
        if (j + n >= s->b_length || s->a[n] != s->b[j + n])
            return false;
    }
    return true;
}

static bool element_result(const struct strings *s, unsigned aggregation, unsigned j)
{
    bool a_valid = j < s->a_length, b_valid = j < s->b_length;
    switch (aggregation) {
    case EQUAL_ANY: return b_valid && any_equal(s, j);
    case RANGES: return b_valid && in_ranges(s, j);
    case EQUAL_EACH: return a_valid == b_valid && (!a_valid || s->a[j] == s->b[j]);
    default: return equal_ordered(s, j);
    }
}

/* The bit per element after polarity, and the flags. */
static unsigned compare_strings(struct cpu *cpu, const struct strings *s, unsigned imm)
{
    unsigned bits = 0, all = (1u << s->count) - 1, valid = (1u << s->b_length) - 1;
    for (unsigned j = 0; j < s->count; j++)
        bits |= (unsigned)element_result(s, imm >> 2 & 3, j) << j;
    if ((imm >> 4 & 3) == 1)
        bits ^= all;
    else if ((imm >> 4 & 3) == 3)
        bits ^= valid;
    flags_set_all(cpu, (bits ? EFLAGS_CF : 0) | (s->b_length < s->count ? EFLAGS_ZF : 0) |
                           (s->a_length < s->count ? EFLAGS_SF : 0) | (bits & 1 ? EFLAGS_OF : 0));
    return bits;
}

static void index_result(struct cpu *cpu, unsigned bits, unsigned count, unsigned imm)
{
    unsigned at = count;
    if (bits)
        at = imm & 0x40 ? 31 - (unsigned)__builtin_clz(bits) : (unsigned)__builtin_ctz(bits);
    set_reg32(cpu, RCX, at);
}

static void mask_result(struct cpu *cpu, unsigned bits, unsigned count, unsigned imm)
{
    union vector m = {.u64 = {bits, 0}};
    if (imm & 0x40) {
        for (unsigned n = 0; n < count; n++) {
            if (count == 16)
                m.u8[n] = bits >> n & 1 ? 0xff : 0;
            else
                m.u16[n] = bits >> n & 1 ? 0xffff : 0;
        }
    }
    *xmm(cpu, 0) = m;
}

static union vector load_unaligned(struct cpu *cpu, const struct insn *i)
{
    return exec_load128(cpu, i, i->seg, exec_ea(cpu, i));
}

OUT_OF_LINE void string_instruction(struct cpu *cpu, const struct insn *i, load_function *load,
                                    bool is_explicit, bool index)
{
    struct strings s;
    union vector b = load(cpu, i);
    s.count = i->imm & 1 ? 8 : 16;
    widen(s.a, xmm(cpu, i->reg), i->imm & 3);
    widen(s.b, &b, i->imm & 3);
    s.a_length =
        is_explicit ? explicit_length(reg32(cpu, RAX), s.count) : implicit_length(s.a, s.count);
    s.b_length =
        is_explicit ? explicit_length(reg32(cpu, RDX), s.count) : implicit_length(s.b, s.count);
    unsigned bits = compare_strings(cpu, &s, i->imm);
    if (index)
        index_result(cpu, bits, s.count, i->imm);
    else
        mask_result(cpu, bits, s.count, i->imm);
}

/* The memory operand need not be aligned. */
#define STRING(name, is_explicit, index)                                \
    EXEC(name##_r)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        string_instruction(cpu, i, load_register, is_explicit, index);  \
        EXEC_NEXT;                                                      \
    }                                                                   \
    EXEC(name##_m)                                                      \
    {                                                                   \
        SSE_BEGIN;                                                      \
        string_instruction(cpu, i, load_unaligned, is_explicit, index); \
        EXEC_NEXT;                                                      \
    }
STRING(pcmpestri, true, true)
STRING(pcmpestrm, true, false)
STRING(pcmpistri, false, true)
STRING(pcmpistrm, false, false)

/* CRC-32C (polynomial 11EDC6F41H, bit-reflected), a nibble at a time. */
static uint32_t crc32c(uint32_t crc, uint32_t data, unsigned bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3,
        0x61c69362, 0x7198540d, 0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9,
        0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
    };
    crc ^= data;
    if (bytes < 4) {
        uint32_t rest = crc >> (8 * bytes);
        crc &= (1u << (8 * bytes)) - 1;
        for (unsigned n = 0; n < 2 * bytes; n++)
            crc = crc >> 4 ^ table[crc & 15];
        return crc ^ rest;
    }
    for (unsigned n = 0; n < 8; n++)
        crc = crc >> 4 ^ table[crc & 15];
    return crc;
}

#define CRC32(name, from_register, from_memory, bytes)                            \
    EXEC(name##_r)                                                                \
    {                                                                             \
        set_reg32(cpu, i->reg, crc32c(reg32(cpu, i->reg), from_register, bytes)); \
        EXEC_NEXT;                                                                \
    }                                                                             \
    EXEC(name##_m)                                                                \
    {                                                                             \
        set_reg32(cpu, i->reg, crc32c(reg32(cpu, i->reg),                         \
                  from_memory(cpu, i, i->seg, exec_ea(cpu, i)), bytes));          \
        EXEC_NEXT;                                                                \
    }
CRC32(crc32_gd_eb, reg8(cpu, i, i->rm), exec_load8, 1)
CRC32(crc32_gd_ev_16, reg16(cpu, i->rm), exec_load16, 2)
CRC32(crc32_gd_ev_32, reg32(cpu, i->rm), exec_load32, 4)
