// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Questions about a row of the opcode table that generators ask.
#ifndef TESTS_SILICON_ROWS_H
#define TESTS_SILICON_ROWS_H

#include <string.h>

#include "cpu/insn.h"

static inline bool row_has(const struct opcode *row, enum operand operand)
{
    return row->operand[0] == operand || row->operand[1] == operand || row->operand[2] == operand;
}
static inline bool row_is(const struct opcode *row, enum opcode_map map, unsigned opcode)
{
    return row->map == map && row->opcode == opcode;
}
static inline bool row_named(const struct opcode *row, const char *name)
{
    return strcmp(row->mnemonic, name) == 0;
}
/* Shifts and rotates with a count. */
static inline bool row_shifts(const struct opcode *row)
{
    return row->map == MAP_1B ? (row->opcode & 0xfe) == 0xc0 || (row->opcode & 0xfc) == 0xd0
                              : row->map == MAP_0F && (row->opcode == 0xa4 || row->opcode == 0xa5 ||
                                                       row->opcode == 0xac || row->opcode == 0xad);
}
/* BT BTS BTR BTC with the offset in a register: it may lead far away from the address. */
static inline bool row_is_bit_string(const struct opcode *row)
{
    return row->map == MAP_0F && (row->opcode & 0xe7) == 0xa3;
}
/* ENTER and LEAVE: EBP is an address as well. */
static inline bool row_is_frame(const struct opcode *row)
{
    return row_is(row, MAP_1B, 0xc8) || row_is(row, MAP_1B, 0xc9);
}
/* The memory or register operand is a selector: MOV to a segment register, VERR VERW LAR LSL. */
static inline bool row_group_selector(const struct opcode *row)
{
    return row_is(row, MAP_1B, 0x8e) ||
           (row->map == MAP_0F && (row->opcode == 2 || row->opcode == 3 ||
                                   (row->opcode == 0 && (row->reg == 4 || row->reg == 5))));
}
/* Rows that use the stack without saying so. */
bool row_uses_stack(const struct opcode *row);
/* The most bytes that its memory operand has. */
unsigned row_operand_size(const struct opcode *row);

#endif
