// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Instructions as text, in AT&T syntax.
#ifndef CONTROL_DISASSEMBLE_H
#define CONTROL_DISASSEMBLE_H

#include <stddef.h>
#include <stdint.h>

struct log;

#define DISASSEMBLE_TEXT 192

/*
 * One line of the instruction that bytes begin with: "0xfffffff0:  ea 5b e0 00 f0           ljmpw
 * $0xf000, $0xe05b". code_size is 16, 32 or 64. The instruction's length; 0 where available bytes are
 * no whole instruction.
 */
unsigned disassemble_line(char text[DISASSEMBLE_TEXT], uint64_t address, const uint8_t *bytes,
                          size_t available, unsigned code_size);

/* The lines of one block, for -d in_asm and out_asm. address is linear, or the host's. mode: MODE_* of cpu/insn.h. */
void disassemble_block(const struct log *log, uint64_t address, const uint8_t *bytes,
                       unsigned length, unsigned mode);

#endif
