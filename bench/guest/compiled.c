// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the guest's compiler compiles: the benchmark's own programs as one unit, preprocessed on the host.
#include "main.c"
#include "calls.c"
#include "chase.c"
#include "core.c"
#include "kernel_calls.c"
#include "libm.c"
#include "moves.c"
#include "pages.c"
#include "switches.c"
#include "user_core.c"
