// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Differences that are no fault of the decoder here, each with its reason.
#ifndef TESTS_DECODER_EXPLAINED_H
#define TESTS_DECODER_EXPLAINED_H

#include "compare.h"

/* The reason, for a comparison that differs; NULL: there is none. Reasons are few, and the same
 * text each time. */
const char *explain(const struct comparison *c, unsigned bits);

#endif
