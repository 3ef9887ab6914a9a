// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Control registers below their instructions: for SMM, reset and task switches.
#ifndef CPU_SYSTEM_CONTROL_H
#define CPU_SYSTEM_CONTROL_H

#include "cpu/cpu.h"

/* Allowed together? PG needs PE, NW needs CD. */
bool cr0_consistent(uint32_t value);
/* CR4 bits that the model has. */
uint32_t cr4_valid(const struct cpu *cpu);
/* Set without checks, with the effects on TLB and mode. */
void control_set_cr0(struct cpu *cpu, uint32_t value);
void control_set_cr4(struct cpu *cpu, uint32_t value);
bool must_check control_write_xcr0(struct cpu *cpu, uint64_t value);

#endif
