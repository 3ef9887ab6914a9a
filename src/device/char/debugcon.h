// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The debug console: each byte written to its port goes to a back end.
#ifndef DEVICE_CHAR_DEBUGCON_H
#define DEVICE_CHAR_DEBUGCON_H

#include <stdint.h>

#include "backend/char.h"
#include "memory/memory.h"

struct debugcon;

/* One port (402H). A read gives 0E9H, by which firmware knows that it is there. */
struct debugcon *debugcon_create(struct memory *memory, const struct log *log, uint16_t port,
                                 struct char_backend *backend);
void debugcon_destroy(struct debugcon *debugcon);

#endif
