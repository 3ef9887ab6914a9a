// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// NOP and the hints that are no-ops without a cache or a second thread to advise.
#include "cpu/integer/operand.h"

/* NOP, 0F 1F and the reserved hints, PREFETCHx, PAUSE: a memory operand is not accessed. */
REG_HANDLER(nop, (void)0)
