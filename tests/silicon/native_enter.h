// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Into a case's code and out of it again, by way of the host's signals.
#ifndef TESTS_SILICON_NATIVE_ENTER_H
#define TESTS_SILICON_NATIVE_ENTER_H

#include "case.h"

/* Run in.eip and so on until a fault; the child process alone, after native_enter_prepare().
 * Memory is as it is. */
void native_enter(const struct silicon_state *in, struct silicon_result *out);
/* Signal handlers. False: the host lacks FSGSBASE. */
bool native_enter_prepare(void);

#endif
