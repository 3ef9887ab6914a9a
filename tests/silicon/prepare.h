// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Registers and memory that an instruction uses without naming them, or only with values that make
// sense.
#ifndef TESTS_SILICON_PREPARE_H
#define TESTS_SILICON_PREPARE_H

#include "operand.h"

/* Before anything is encoded: pointers, counts, dividends. reg: ModRM.reg. */
void prepare(struct encoder *e, bool memory, unsigned reg);
/* Bytes of the memory operand that will be at linear; returns where it is to be instead, perhaps.
 */
uint32_t prepare_memory(struct encoder *e, uint32_t linear);
/* The operand turned out to be this register. */
void prepare_register(struct encoder *e, unsigned rm);
uint32_t prepare_immediate(struct encoder *e, uint32_t value);
/* A linear address in the code, mostly. */
uint32_t prepare_code_place(struct encoder *e);
/* A selector that has the same descriptor in the guest. code: that may be jumped to. */
uint16_t prepare_selector(struct random *r, bool code);

#endif
