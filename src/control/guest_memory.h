// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest's memory as somebody outside sees it: linear or physical, without side effects.
#ifndef CONTROL_GUEST_MEMORY_H
#define CONTROL_GUEST_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu;

/* The processor is parked, the device lock held. False where a part is not mapped or not there. */
bool guest_read(struct cpu *cpu, bool physical, uint64_t address, void *buffer, size_t length);
bool guest_write(struct cpu *cpu, bool physical, uint64_t address, const void *buffer,
                 size_t length);

#endif
