// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// `info mem` and `info tlb`: the guest's page tables, walked as they stand.
#include "control/monitor_internal.h"

#include "base/bits.h"
#include "cpu/cpu.h"

/* Page-table entries, SDM 3A 4.3 and 4.4. */
#define PTE_P   (1u << 0)
#define PTE_W   (1u << 1)
#define PTE_U   (1u << 2)
#define PTE_PWT (1u << 3)
#define PTE_PCD (1u << 4)
#define PTE_A   (1u << 5)
#define PTE_D   (1u << 6)
#define PTE_PS  (1u << 7)
#define PTE_G   (1u << 8)
#define PTE_NX  (UINT64_C(1) << 63)

struct page_walk {
    struct monitor_call *call;
    struct cpu *cpu;
    bool pae;
    /* rights: P, W and U as all levels together give them. */
    void (*page)(struct page_walk *w, uint64_t linear, uint64_t size, uint64_t entry,
                 uint64_t physical, unsigned rights);
    /* For info mem: the range that goes on. */
    uint64_t start;
    unsigned rights;
};

static bool read_table(struct page_walk *w, uint64_t address, uint8_t table[4096])
{
    return memory_read_bytes(w->cpu->bus.memory, w->cpu->smm ? SPACE_SMM : SPACE_MEMORY, address,
                             table, 4096);
}

static void large_page(struct page_walk *w, uint64_t linear, uint64_t entry, unsigned rights)
{
    uint64_t size = w->pae ? MIB(2) : MIB(4);
    uint64_t physical = entry & ~PTE_NX & ~(size - 1);
    /* PSE-36: bits 20-13 are the address's bits 39-32. */
    if (!w->pae)
        physical |= bits(entry, 13, 8) << 32;
    w->page(w, linear, size, entry, physical, rights);
}

static void walk_directory(struct page_walk *w, uint64_t address, uint64_t linear)
{
    uint8_t directory[4096], table[4096];
    unsigned size = w->pae ? 8 : 4, count = 4096 / size;
    uint64_t table_span = (uint64_t)count << 12;
    if (!read_table(w, address, directory))
        return;
    for (unsigned d = 0; d < count; d++, linear += table_span) {
        uint64_t pde = load_le(directory + d * size, size);
        if (!(pde & PTE_P)) {
            w->page(w, linear, table_span, 0, 0, 0);
        } else if ((pde & PTE_PS) && (w->pae || (w->cpu->cr4 & CR4_PSE))) {
            large_page(w, linear, pde, pde & (PTE_P | PTE_W | PTE_U));
        } else if (read_table(w, pde & UINT64_C(0xffffff000) & ~PTE_NX, table)) {
            for (unsigned t = 0; t < count; t++) {
                uint64_t pte = load_le(table + t * size, size);
                unsigned rights = pte & PTE_P ? pte & pde & (PTE_P | PTE_W | PTE_U) : 0;
                w->page(w, linear + ((uint64_t)t << 12), 4096, pte, pte & UINT64_C(0xffffff000),
                        rights);
            }
        }
    }
}

static void walk(struct page_walk *w)
{
    struct cpu *cpu = w->cpu = w->call->session->pc->cpu;
    w->pae = cpu->cr4 & CR4_PAE;
    if (!(cpu->cr0 & CR0_PG)) {
        monitor_say(w->call, "PG disabled\n");
        return;
    }
    if (!w->pae)
        walk_directory(w, cpu->cr3 & ~0xfffu, 0);
    for (unsigned n = 0; w->pae && n < 4; n++) {
        if (cpu->pdpte[n] & PTE_P)
            walk_directory(w, cpu->pdpte[n] & UINT64_C(0xffffff000), (uint64_t)n << 30);
        else
            w->page(w, (uint64_t)n << 30, GIB(1), 0, 0, 0);
    }
    w->page(w, GIB(4), 0, 0, 0, 0);
}

static void print_page(struct page_walk *w, uint64_t linear, uint64_t size, uint64_t entry,
                       uint64_t physical, unsigned rights)
{
    if (!rights)
        return;
    monitor_say(w->call, "%016llx: %016llx %c%c%c%c%c%c%c%c%c\n", (unsigned long long)linear,
                (unsigned long long)physical, entry & PTE_NX ? 'X' : '-', entry & PTE_G ? 'G' : '-',
                size > 4096 ? 'P' : '-', entry & PTE_D ? 'D' : '-', entry & PTE_A ? 'A' : '-',
                entry & PTE_PCD ? 'C' : '-', entry & PTE_PWT ? 'T' : '-', entry & PTE_U ? 'U' : '-',
                entry & PTE_W ? 'W' : '-');
}

void info_tlb(struct monitor_call *c)
{
    walk(&(struct page_walk){ .call = c, .page = print_page });
}

/* Neighbours with the same rights are one range. */
static void join_range(struct page_walk *w, uint64_t linear, uint64_t size, uint64_t entry,
                       uint64_t physical, unsigned rights)
{
    (void)size, (void)entry, (void)physical;
    if (rights == w->rights)
        return;
    if (w->rights)
        monitor_say(w->call, "%016llx-%016llx %016llx %c%c%c\n", (unsigned long long)w->start,
                    (unsigned long long)linear, (unsigned long long)(linear - w->start),
                    w->rights & PTE_U ? 'u' : '-', 'r', w->rights & PTE_W ? 'w' : '-');
    w->start = linear;
    w->rights = rights;
}

void info_mem(struct monitor_call *c)
{
    walk(&(struct page_walk){ .call = c, .page = join_range });
}
