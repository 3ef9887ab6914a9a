// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Build configuration: handlers return to the loop (sanitizers, unoptimised builds).
#define EXEC_THREADED 0
