// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From map and opcode to rows of opcode_table; written at build time by make_opcode_index.c.
#ifndef CPU_OPCODE_INDEX_H
#define CPU_OPCODE_INDEX_H

#include "cpu/insn.h"

/* count entries of opcode_candidates from first; the first that matches prefix, ModRM and model is
 * the instruction. */
struct opcode_slot {
    uint16_t first, count;
};

extern const uint16_t opcode_candidates[];
extern const struct opcode_slot opcode_slots[MAP_COUNT][256];

#endif
