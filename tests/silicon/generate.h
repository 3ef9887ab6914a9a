// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Cases of one instruction, by rows of the opcode table.
#ifndef TESTS_SILICON_GENERATE_H
#define TESTS_SILICON_GENERATE_H

#include "case.h"
#include "random.h"

/* Which rows: by what they work on. */
enum row_group {
    GROUP_INTEGER = 1,
    GROUP_SYSTEM = 2,
    GROUP_X87 = 4,
    GROUP_MMX = 8,
    GROUP_SSE = 16
};
unsigned row_group(const struct opcode *row);
/* NULL: comparable; else why it cannot be compared with silicon as it stands. */
const char *row_left_out(const struct opcode *row);
/*
 * Case number `number` of this row; the same seed and number give the same case. segments: others
 * than the flat ones exist.
 */
void generate_case(struct silicon_case *c, const struct opcode *row, uint64_t seed, uint64_t number,
                   bool segments);

#endif
