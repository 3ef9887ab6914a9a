// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A whole machine that stands still, for fuzzers of what surrounds the processor.
#ifndef TESTS_FUZZ_MACHINE_H
#define TESTS_FUZZ_MACHINE_H

#include "control/session.h"

/* With a disk, a CD-ROM drive, VGA, and all ports led nowhere. Ends the program where it cannot be made. The working
 * folder is an empty one of its own, removed at the end. */
struct session *machine_create(void);
/* As after power-on, stopped. */
void machine_reset(struct session *s);

#endif
