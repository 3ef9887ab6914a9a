// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest's page tables, descriptor tables and handlers.
#ifndef TESTS_SILICON_GUEST_TABLES_H
#define TESTS_SILICON_GUEST_TABLES_H

#include "cpu/cpu.h"
#include "layout.h"

/* What the supervisor owns lies where no case's addresses point but by chance. */
#define GUEST_SUPERVISOR     0xd3570000u
#define GUEST_STACK_PHYSICAL 0x8000u
#define GUEST_STACK          (GUEST_SUPERVISOR + GUEST_STACK_PHYSICAL)
#define GUEST_RAM_SIZE       (2u << 20)

/* Where a page of the layout is in RAM. */
static inline uint32_t guest_physical(unsigned page)
{
    return (1u << 20) + page * LAYOUT_PAGE;
}
/* Write all tables and put the processor at level 0, paging on. */
void guest_tables_create(struct cpu *cpu, struct ram_block *ram);
/* The vector whose handler has just written to the exit port. */
int guest_vector(uint32_t eip);

#endif
