// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What an instruction of a program does to registers and flags, as far as its generator has to
// know.
#ifndef TESTS_SILICON_EFFECTS_H
#define TESTS_SILICON_EFFECTS_H

#include "program.h"

/* May a program contain it? Some are undefined as a whole, or would end it. */
bool effects_allowed(const struct insn *insn);
/* The general registers that it may write: a bit each. */
uint8_t effects_written(const struct insn *insn);
/* Into item->reads, defines, undefines. */
void effects_flags(const struct insn *insn, struct item *item);

#endif
