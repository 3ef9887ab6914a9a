// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Questions about a row of the opcode table that generators ask.
#include "rows.h"

#include "base/bits.h"
#include "generate.h"

bool row_uses_stack(const struct opcode *row)
{
    unsigned o = row->opcode;
    if (row->map == MAP_0F)
        return o == 0xa0 || o == 0xa1 || o == 0xa8 || o == 0xa9;
    if (row->map != MAP_1B)
        return false;
    if (o == 0xff)
        return row->reg == 2 || row->reg == 3 || row->reg == 6;
    return (o >= 0x50 && o <= 0x61) || (o < 0x20 && ((o & 7) == 6 || (o & 7) == 7)) || o == 0x68 ||
           o == 0x6a || o == 0x8f || o == 0xc8 || o == 0xc9 || o == 0x9c || o == 0x9d ||
           o == 0xc2 || o == 0xc3 || o == 0xe8 || o == 0xcf || o == 0xca || o == 0xcb;
}

static unsigned operand_size(enum operand operand)
{
    switch (operand) {
    case OPERAND_Eb:
    case OPERAND_Mb: return 1;
    case OPERAND_Ew:
    case OPERAND_Mw:
    case OPERAND_Ww: return 2;
    case OPERAND_Mp: return 6;
    case OPERAND_Mt: return 10;
    case OPERAND_Ma:
    case OPERAND_Mq:
    case OPERAND_Qq:
    case OPERAND_Wq: return 8;
    case OPERAND_Wx:
    case OPERAND_Mdq: return 16;
    case OPERAND_M: return 108;
    default: return 4;
    }
}

unsigned row_operand_size(const struct opcode *row)
{
    unsigned most = 1;
    for (unsigned n = 0; n < 3; n++)
        if (row->operand[n] != OPERAND_NONE && operand_size(row->operand[n]) > most)
            most = operand_size(row->operand[n]);
    return most;
}

/* The rows of opcodes/integer.inc come first in the table, then system.inc's. */
#define OP(...) +1
enum {
    INTEGER_ROWS = 0
#include "cpu/opcodes/integer.inc"
};
#undef OP

unsigned row_group(const struct opcode *row)
{
    if (row - opcode_table < INTEGER_ROWS)
        return GROUP_INTEGER;
    if (row->attributes & OP_SSE)
        return row->attributes & OP_MMX ? GROUP_MMX | GROUP_SSE : GROUP_SSE;
    if (row->attributes & OP_MMX)
        return GROUP_MMX;
    return row->attributes & OP_X87 ? GROUP_X87 : GROUP_SYSTEM;
}

const char *row_left_out(const struct opcode *row)
{
    static const struct {
        const char *name, *why;
    } list[] = {
        { "cpuid", "the model is another" },
        { "rdtsc", "time goes on" },
        { "rdpmc", "Linux may allow it" },
        { "xgetbv", "XCR0 is the kernel's" },
        { "xsetbv", "CR4.OSXSAVE is the kernel's" },
        { "monitor", "not in the model" },
        { "mwait", "not in the model" },
        { "sgdt", "the kernel's, or emulated" },
        { "sidt", "the kernel's, or emulated" },
        { "sldt", "the kernel's, or emulated" },
        { "str", "the kernel's, or emulated" },
        { "smsw", "the kernel's, or emulated" },
        { "sysenter", "enters the kernel" },
        { "sysexit", "long mode's differs" },
        { "int1", "under KVM its trap points at the instruction itself" },
        { "fneni", "no such instruction in the manual" },
        { "fndisi", "no such instruction in the manual" },
        { "fnsetpm", "no such instruction in the manual" },
        { "fnstenv", "selectors are the model's" },
        { "fnsave", "selectors are the model's" },
        { "fxsave", "model-specific fields" },
        { "xsave", "XCR0 is the kernel's" },
        { "xrstor", "XCR0 is the kernel's" },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(list); n++)
        if (row_named(row, list[n].name))
            return list[n].why;
    return row->attributes & OP_O64 ? "64-bit mode only" : NULL;
}
