// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the emit functions of integer instructions share.
#ifndef TRANSLATOR_X86_64_INTEGER_H
#define TRANSLATOR_X86_64_INTEGER_H

#include "translator/internal.h"
#include "translator/x86_64/emit_functions.h"

/* Operand size in bytes, and the prefix that makes it. */
static inline unsigned operand_size(const struct insn *i)
{
    return i->flags & INSN_OSIZE16 ? 2 : 4;
}
static inline unsigned size_form(unsigned size)
{
    return size == 2 ? ASM_66 : 0;
}
/* Opcodes that come in pairs, bytes and words: the even one is for bytes. */
static inline uint8_t sized_opcode(uint8_t byte_opcode, unsigned size)
{
    return byte_opcode | (size != 1);
}
static inline const struct opcode *insn_row(const struct insn *i)
{
    return &opcode_table[i->op];
}

/*
 * Call a helper (translator/internal.h) for this instruction. R9D: its operand, which was the last
 * thing that could fault; guest registers and flags are as at the instruction's begin. Where the
 * helper refuses, the executor does it.
 */
void emit_help(struct emitter *e, help_fn *help);

/* An immediate of 1, 2 or 4 bytes. */
void immediate_bytes(struct emitter *e, unsigned size, uint32_t v);

#endif
