// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// isa-debug-exit: a write to its port ends the process.
#ifndef DEVICE_ISA_DEBUG_EXIT_H
#define DEVICE_ISA_DEBUG_EXIT_H

#include <stdint.h>

#include "memory/memory.h"

struct debug_exit;

/* size ports from port (501H). Writing v calls exit(opaque, v << 1 | 1). Reads give 0. */
struct debug_exit *debug_exit_create(struct memory *memory, const struct log *log, uint16_t port,
                                     unsigned size, void (*exit)(void *opaque, int status),
                                     void *opaque);
void debug_exit_destroy(struct debug_exit *debug_exit);

#endif
