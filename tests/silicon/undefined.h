// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the manual leaves undefined after an instruction, and where silicon is known to differ from
// it.
#ifndef TESTS_SILICON_UNDEFINED_H
#define TESTS_SILICON_UNDEFINED_H

#include "case.h"

/* insn: the row's instruction, decoded; in: before it. Adds to *u. */
void undefined_after(const struct insn *insn, const struct silicon_state *in,
                     struct silicon_undefined *u);

#endif
