// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What lies behind the soft TLB's fast entries: whole translations, for slow accesses and code
// fetches.
#ifndef CPU_TLB_H
#define CPU_TLB_H

#include "cpu/paging.h"
#include "cpu/tunables.h"
#include "memory/memory.h"

/* The translation of one 4 KiB page for one privilege. */
struct tlb_page {
    uint32_t tag;  /* tlb_tag(), or TLB_INVALID */
    bool writable; /* stores are allowed and the D bit is set */
    bool global;
    uint64_t physical;       /* page address, A20 applied */
    struct memory_page page; /* what is there */
};

/*
 * The translation of linear for this kind of access with the rights of `user`; raises #PF. The
 * pointer is good until the next look-up or access.
 */
const struct tlb_page *tlb_find(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user);
const struct tlb_page *tlb_find_fetch(struct cpu *cpu, uint32_t linear);

/* Make the fast entry of linear anew: after a slow store has removed the reason for its being slow.
 */
void tlb_refresh(struct cpu *cpu, uint32_t linear, bool user);

/*
 * Stores into these bytes of RAM must take the slow path again. mark: the pages that could be
 * stored to by the fast path until now become dirty for all clients.
 */
void tlb_protect(struct cpu *cpu, struct ram_block *ram, uint64_t offset, uint64_t length,
                 bool mark);

/* Physical memory as this processor sees it: its data, and its fetches. */
static inline enum memory_space cpu_space(const struct cpu *cpu)
{
    return cpu->smm ? SPACE_SMM : SPACE_MEMORY;
}
static inline enum memory_space cpu_code_space(const struct cpu *cpu)
{
    return cpu->smm ? SPACE_SMM_CODE : SPACE_MEMORY;
}
static inline uint64_t cpu_a20(const struct cpu *cpu, uint64_t physical)
{
    return physical & (UINT64_C(0xffffffff00000000) | cpu->a20_mask);
}
/* What is at a physical page, remembered for page walks. */
const struct memory_page *tlb_walk_page(struct cpu *cpu, uint64_t physical);

#endif
