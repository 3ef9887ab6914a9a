// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Build configuration: handlers follow one another by tail call (optimised builds).
#define EXEC_THREADED 1
