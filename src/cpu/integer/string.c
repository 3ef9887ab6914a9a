// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOVS STOS LODS SCAS CMPS with their repeats (SDM 1, 7.3.9).
#include "cpu/integer/repeat.h"

#include "cpu/integer/alu.h"

/* ---- one element ---------------------------------------------------------------------------- */

ALWAYS_INLINE void movs_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint64_t v = load_operand(cpu, i, i->seg, string_offset(cpu, i, RSI), size);
    store_operand(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size, v);
    string_advance(cpu, i, RSI, size, 1);
    string_advance(cpu, i, RDI, size, 1);
}

ALWAYS_INLINE void stos_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    store_operand(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size, ACC(size));
    string_advance(cpu, i, RDI, size, 1);
}

ALWAYS_INLINE void lods_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    SET_ACC(size, load_operand(cpu, i, i->seg, string_offset(cpu, i, RSI), size));
    string_advance(cpu, i, RSI, size, 1);
}

ALWAYS_INLINE void scas_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    alu_sub(cpu, size, ACC(size), load_operand(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size));
    string_advance(cpu, i, RDI, size, 1);
}

ALWAYS_INLINE void cmps_one(struct cpu *cpu, const struct insn *i, unsigned size)
{
    uint64_t a = load_operand(cpu, i, i->seg, string_offset(cpu, i, RSI), size);
    uint64_t b = load_operand(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size);
    alu_sub(cpu, size, a, b);
    string_advance(cpu, i, RSI, size, 1);
    string_advance(cpu, i, RDI, size, 1);
}

/* ---- runs: as many elements as pages, segments and the count allow, upwards ----------------- */

/*
 * A destination that begins inside the source repeats a pattern (REP MOVS is defined element by
 * element): the host addresses tell, for two linear pages may be one physical page.
 */
ALWAYS_INLINE uint32_t movs_run(struct cpu *cpu, const struct insn *i, unsigned size,
                                uint32_t count)
{
    uint8_t *source, *dest;
    if (cpu->eflags & EFLAGS_DF)
        return 0;
    count = string_run(cpu, i, i->seg, string_offset(cpu, i, RSI), size, count, false, &source);
    if (count == 0)
        return 0;
    count = string_run(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size, count, true, &dest);
    if (count == 0)
        return 0;
    if ((uintptr_t)dest - (uintptr_t)source >= (uintptr_t)count * size)
        __builtin_memmove(dest, source, (size_t)count * size);
    else
        for (uint32_t n = 0; n < count; n++)
            store_le(dest + n * size, size, load_le(source + n * size, size));
    string_advance(cpu, i, RSI, size, count);
    string_advance(cpu, i, RDI, size, count);
    return count;
}

ALWAYS_INLINE uint32_t stos_run(struct cpu *cpu, const struct insn *i, unsigned size,
                                uint32_t count)
{
    uint8_t *dest;
    uint64_t v = ACC(size);
    if (cpu->eflags & EFLAGS_DF)
        return 0;
    count = string_run(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size, count, true, &dest);
    if (count == 0)
        return 0;
    if (v == truncate(size, (v & 0xff) * 0x0101010101010101u))
        __builtin_memset(dest, (int)(v & 0xff), (size_t)count * size);
    else
        for (uint32_t n = 0; n < count; n++)
            store_le(dest + n * size, size, v);
    string_advance(cpu, i, RDI, size, count);
    return count;
}

/* Only the last element shows. */
ALWAYS_INLINE uint32_t lods_run(struct cpu *cpu, const struct insn *i, unsigned size,
                                uint32_t count)
{
    uint8_t *source;
    if (cpu->eflags & EFLAGS_DF)
        return 0;
    count = string_run(cpu, i, i->seg, string_offset(cpu, i, RSI), size, count, false, &source);
    if (count == 0)
        return 0;
    SET_ACC(size, load_le(source + (count - 1) * size, size));
    string_advance(cpu, i, RSI, size, count);
    return count;
}

/* Ends with the element that decides, whose flags remain. */
ALWAYS_INLINE uint32_t scas_run(struct cpu *cpu, const struct insn *i, unsigned size,
                                uint32_t count, bool while_equal)
{
    uint8_t *dest;
    uint64_t a = ACC(size), b;
    uint32_t n = 0;
    if (cpu->eflags & EFLAGS_DF)
        return 0;
    count = string_run(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size, count, false, &dest);
    if (count == 0)
        return 0;
    do
        b = load_le(dest + n++ * size, size);
    while ((a == b) == while_equal && n < count);
    alu_sub(cpu, size, a, b);
    string_advance(cpu, i, RDI, size, n);
    return n;
}

ALWAYS_INLINE uint32_t cmps_run(struct cpu *cpu, const struct insn *i, unsigned size,
                                uint32_t count, bool while_equal)
{
    uint8_t *source, *dest;
    uint64_t a, b;
    uint32_t n = 0;
    if (cpu->eflags & EFLAGS_DF)
        return 0;
    count = string_run(cpu, i, i->seg, string_offset(cpu, i, RSI), size, count, false, &source);
    if (count == 0)
        return 0;
    count = string_run(cpu, i, SEG_ES, string_offset(cpu, i, RDI), size, count, false, &dest);
    if (count == 0)
        return 0;
    do {
        a = load_le(source + n * size, size);
        b = load_le(dest + n++ * size, size);
    } while ((a == b) == while_equal && n < count);
    alu_sub(cpu, size, a, b);
    string_advance(cpu, i, RSI, size, n);
    string_advance(cpu, i, RDI, size, n);
    return n;
}

/* ---- handlers -------------------------------------------------------------------------------- */

/* Without a repeat: as the templates of operand.h, cold twin and all. */
#define LODS(suffix, size)                                                                         \
    LOAD_TEMPLATE(lods_##suffix, size, i->seg, string_offset(cpu, i, RSI), EXEC_NEXT,              \
                  SET_ACC(size, value);                                                            \
                  string_advance(cpu, i, RSI, size, 1))
#define SCAS(suffix, size)                                                                         \
    LOAD_TEMPLATE(scas_##suffix, size, SEG_ES, string_offset(cpu, i, RDI), EXEC_NEXT,              \
                  alu_sub(cpu, size, ACC(size), value);                                            \
                  string_advance(cpu, i, RDI, size, 1))
#define CMPS(suffix, size) REG_HANDLER(cmps_##suffix, cmps_one(cpu, i, size))

#define STOS(suffix, size)                                                                         \
    COLD EXEC(stos_##suffix##_slow)                                                                \
    {                                                                                              \
        stos_one(cpu, i, size);                                                                    \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(stos_##suffix)                                                                            \
    {                                                                                              \
        void *dest;                                                                                \
        if (unlikely(!host_write(cpu, SEG_ES, string_offset(cpu, i, RDI), size, &dest)))           \
            return stos_##suffix##_slow(cpu, i);                                                   \
        store_le(dest, size, ACC(size));                                                           \
        string_advance(cpu, i, RDI, size, 1);                                                      \
        EXEC_NEXT;                                                                                 \
    }

#define MOVS(suffix, size)                                                                         \
    COLD EXEC(movs_##suffix##_slow)                                                                \
    {                                                                                              \
        movs_one(cpu, i, size);                                                                    \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(movs_##suffix)                                                                            \
    {                                                                                              \
        void *source, *dest;                                                                       \
        if (unlikely(!host_read(cpu, i->seg, string_offset(cpu, i, RSI), size, &source) ||         \
                     !host_write(cpu, SEG_ES, string_offset(cpu, i, RDI), size, &dest)))           \
            return movs_##suffix##_slow(cpu, i);                                                   \
        store_le(dest, size, load_le(source, size));                                               \
        string_advance(cpu, i, RSI, size, 1);                                                      \
        string_advance(cpu, i, RDI, size, 1);                                                      \
        EXEC_NEXT;                                                                                 \
    }

#define REPEAT(insn, suffix, size)                                                                 \
    REP_HANDLER(rep_##insn##_##suffix, insn##_run(cpu, i, size, count), insn##_one(cpu, i, size),  \
                true)
#define REPEAT_COMPARE(insn, suffix, size)                                                         \
    REP_HANDLER(repe_##insn##_##suffix, insn##_run(cpu, i, size, count, true),                     \
                insn##_one(cpu, i, size), flag_zf(cpu))                                            \
    REP_HANDLER(repne_##insn##_##suffix, insn##_run(cpu, i, size, count, false),                   \
                insn##_one(cpu, i, size), !flag_zf(cpu))

#define STRINGS(suffix, size)                                                                      \
    MOVS(suffix, size)                                                                             \
    STOS(suffix, size)                                                                             \
    LODS(suffix, size)                                                                             \
    SCAS(suffix, size)                                                                             \
    CMPS(suffix, size)                                                                             \
    REPEAT(movs, suffix, size)                                                                     \
    REPEAT(stos, suffix, size)                                                                     \
    REPEAT(lods, suffix, size)                                                                     \
    REPEAT_COMPARE(scas, suffix, size)                                                             \
    REPEAT_COMPARE(cmps, suffix, size)
STRINGS(b, 1)
STRINGS(v_16, 2)
STRINGS(v_32, 4)

/* ---- for the translator ---------------------------------------------------------------------- */

ALWAYS_INLINE uint32_t any_run(struct cpu *cpu, const struct insn *i, uint8_t opcode, unsigned size,
                               uint32_t count)
{
    bool while_equal = !(i->flags & INSN_REPNE);
    switch (opcode) {
    case 0xa4: return movs_run(cpu, i, size, count);
    case 0xa6: return cmps_run(cpu, i, size, count, while_equal);
    case 0xaa: return stos_run(cpu, i, size, count);
    default: return scas_run(cpu, i, size, count, while_equal);
    }
}

ALWAYS_INLINE bool compares(uint8_t opcode)
{
    return opcode == 0xa6 || opcode == 0xae;
}

ALWAYS_INLINE bool repeat_runs(struct cpu *cpu, const struct insn *i, uint8_t opcode, unsigned size)
{
    uint32_t count = string_offset(cpu, i, RCX);
    while (__atomic_load_n(&cpu->attention, __ATOMIC_RELAXED) == 0) {
        uint32_t done = any_run(cpu, i, opcode, size, count);
        if (done == 0)
            return false;
        count -= done;
        string_set(cpu, i, RCX, reg32(cpu, RCX) - done);
        if (count == 0 || (compares(opcode) && flag_zf(cpu) != !(i->flags & INSN_REPNE)))
            return true;
    }
    return false;
}

bool string_repeat(struct cpu *cpu, const struct insn *i, uint8_t opcode, unsigned size)
{
    switch (size) {
    case 1: return repeat_runs(cpu, i, opcode, 1);
    case 2: return repeat_runs(cpu, i, opcode, 2);
    default: return repeat_runs(cpu, i, opcode, 4);
    }
}
