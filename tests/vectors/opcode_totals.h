// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Agreement by opcode: a line for each row of the opcode table that a test's bytes decode to.
#ifndef TESTS_VECTORS_OPCODE_TOTALS_H
#define TESTS_VECTORS_OPCODE_TOTALS_H

#include "moo.h"

struct opcode_totals;

struct opcode_totals *opcode_totals_create(void);
void opcode_totals_destroy(struct opcode_totals *t);
void opcode_totals_add(struct opcode_totals *t, const struct moo_test *test, bool agreed);
/* Prints the rows that were met, in the order of their opcodes. */
void opcode_totals_show(const struct opcode_totals *t);

#endif
