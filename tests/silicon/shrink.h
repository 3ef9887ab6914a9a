// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From a failing program to the shortest that still fails.
#ifndef TESTS_SILICON_SHRINK_H
#define TESTS_SILICON_SHRINK_H

#include "program.h"

/* Does the case still fail? */
typedef bool shrink_fails(void *opaque, const struct silicon_case *c);

/* p as it is emitted at linear into c fails; take out what can be taken out. c is what remains. */
void shrink(struct program *p, uint32_t linear, struct silicon_case *c, shrink_fails *fails,
            void *opaque);

#endif
