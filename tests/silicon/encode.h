// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A row of the opcode table with random operands, as bytes.
#ifndef TESTS_SILICON_ENCODE_H
#define TESTS_SILICON_ENCODE_H

#include "operand.h"

/*
 * Prefixes, opcode, operands. registers_only: no memory operand where there is a choice. eip:
 * where the
 * instruction will be; jumps stay in the code mostly.
 */
void encode(struct encoder *e, uint32_t eip);

#endif
