// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Paging: the walker, the soft TLB's contents and their invalidation.
#ifndef CPU_PAGING_H
#define CPU_PAGING_H

#include "cpu/cpu.h"

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_FETCH };

/* One translation. */
struct translation {
    uint64_t physical; /* of the byte asked for, A20 applied */
    bool writable;     /* a store with the same privilege may go the same way (W allowed and D set
                          already) */
    bool global;
    uint32_t page_size; /* 4 KiB, 2 MiB, 4 MiB */
};

/* Walk for linear. user: privilege of the access. False: error code of the page fault in *error.
 * Sets A and D bits unless debug. SDM 3A 4.3-4.7 */
bool paging_walk(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user, bool debug,
                 struct translation *out, uint32_t *error);

/* Fill the soft TLB for linear with the rights of `user`, raising #PF on failure (cpu->eip
 * synchronised), and return the translation. */
void tlb_fill(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user,
              struct translation *out);

/* Flush all; all but global pages (MOV CR3); one page (INVLPG). */
void tlb_flush(struct cpu *cpu, bool keep_global);
void tlb_flush_page(struct cpu *cpu, uint32_t linear);
void tlb_create(struct cpu *cpu);
void tlb_destroy(struct cpu *cpu);

/* Load the four PAE pointers at CR3; #GP(0) on reserved bits (true: fine). SDM 3A 4.4.1 */
bool paging_load_pdptes(struct cpu *cpu, uint64_t cr3);

/* For debuggers: translate without side effects; false if not mapped. */
bool paging_debug_translate(struct cpu *cpu, uint32_t linear, uint64_t *physical);

#endif
