// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The choice between executor and translator, for -accel and -machine accel=.
#ifndef CONTROL_OPTIONS_ACCEL_H
#define CONTROL_OPTIONS_ACCEL_H

#include "control/options_internal.h"

/* interp, jit or help; what else users of QEMU say gets a message. */
bool accel_choose(struct options *o, const char *name, struct error *err);

/* "jit,mmu=auto,thread-hold=4,tb-size=19,chain=on...", as it could be typed. */
void accel_describe(const struct translator_options *o, char *text, size_t size);

#endif
