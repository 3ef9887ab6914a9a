// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Silicon's side: cases run in a process of their own that has nothing else below 4 GiB.
#ifndef TESTS_SILICON_NATIVE_H
#define TESTS_SILICON_NATIVE_H

#include "case.h"

enum { NATIVE_BATCH = 64 };

struct native;
/* NULL: this host cannot; *why says what is missing. */
struct native *native_create(const char **why);
void native_destroy(struct native *n);
/* Where cases are made, and what became of them, up to NATIVE_BATCH. */
struct silicon_case *native_cases(struct native *n);
const struct silicon_result *native_results(const struct native *n);
/* False: the process died; it is started anew by the next call. */
bool native_run(struct native *n, unsigned count);
/* Does the kernel give segments with bases and limits? */
bool native_has_segments(const struct native *n);

#endif
