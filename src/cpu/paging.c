// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The page walker: 32-bit and PAE paging (SDM 3A 4.3, 4.4), access rights (4.6), A and D bits
// (4.8).
#include "cpu/paging.h"

#include "cpu/tlb.h"
#include "cpu/x87/fpu.h"
#include "memory/memory.h"

/* Entry bits, SDM 3A tables 4-4 to 4-11. */
#define PTE_P        0x001u
#define PTE_W        0x002u
#define PTE_U        0x004u
#define PTE_A        0x020u
#define PTE_D        0x040u
#define PTE_PS       0x080u
#define PTE_G        0x100u
#define PTE_NX       (UINT64_C(1) << 63)
#define PAGE_ADDRESS UINT64_C(0xffffff000)        /* bits 35-12 */
#define PAE_RESERVED UINT64_C(0x7ffffff000000000) /* bits 62-36: MAXPHYADDR is 36 */

struct walk {
    struct cpu *cpu;
    uint32_t linear;
    unsigned entry_size;
    unsigned levels;
    struct {
        uint64_t physical, value;
    } entry[2]; /* from the page directory down; the last one maps the page */
    uint64_t physical;
    uint32_t page_size;
    uint64_t rights; /* U and W of all levels */
    bool no_execute;
    uint32_t error; /* P and RSVD of a failed walk */
};

static uint64_t read_entry(struct cpu *cpu, uint64_t physical, unsigned size)
{
    const struct memory_page *page = tlb_walk_page(cpu, physical);
    uint64_t value = 0;
    if (likely(page->read != NULL))
        return load_le(page->read + physical % PAGE_SIZE, size);
    fpu_sync(cpu);
    memory_read(cpu->bus.memory, cpu_space(cpu), physical, size, &value);
    return value;
}

/* False if the entry has changed since it was read. */
static bool update_entry(struct cpu *cpu, uint64_t physical, unsigned size, uint64_t old,
                         uint64_t value)
{
    const struct memory_page *page = tlb_walk_page(cpu, physical);
    if (unlikely(page->write != page->read || page->write == NULL)) { /* writes may go elsewhere */
        fpu_sync(cpu);
        memory_write(cpu->bus.memory, cpu_space(cpu), physical, size, value);
        return true;
    }
    uint8_t *host = page->write + physical % PAGE_SIZE;
    bool done;
    if (size == 4) {
        uint32_t expected, wanted;
        store_le32(&expected, (uint32_t)old);
        store_le32(&wanted, (uint32_t)value);
        done = __atomic_compare_exchange_n((uint32_t *)host, &expected, wanted, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    } else {
        uint64_t expected, wanted;
        store_le64(&expected, old);
        store_le64(&wanted, value);
        done = __atomic_compare_exchange_n((uint64_t *)host, &expected, wanted, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
    }
    if (done && ram_page_store_is_slow(page->write_block, page->write_offset >> PAGE_SHIFT))
        ram_written(page->write_block, page->write_offset + physical % PAGE_SIZE, size);
    return done;
}

/* Fetch the next entry and merge its rights. False with error set: not present or a reserved bit.
 */
static bool step(struct walk *w, uint64_t physical, uint64_t reserved)
{
    physical = cpu_a20(w->cpu, physical);
    uint64_t value = read_entry(w->cpu, physical, w->entry_size);
    w->entry[w->levels].physical = physical;
    w->entry[w->levels++].value = value;
    if (!(value & PTE_P)) {
        w->error = 0;
        return false;
    }
    if (value & reserved) {
        w->error = PF_P | PF_RSVD;
        return false;
    }
    w->rights &= value;
    w->no_execute |= value >> 63;
    return true;
}

static uint64_t last_entry(const struct walk *w)
{
    return w->entry[w->levels - 1].value;
}

/* SDM 3A 4.3. With PSE-36, bits 16-13 of a 4 MiB entry are bits 35-32 of the address; 21-17 are
 * reserved. */
static bool walk_32bit(struct walk *w)
{
    struct cpu *cpu = w->cpu;
    w->entry_size = 4;
    if (!step(w, (cpu->cr3 & 0xfffff000) | (w->linear >> 22) << 2, 0))
        return false;
    uint64_t pde = last_entry(w);
    if (pde & PTE_PS && cpu->cr4 & CR4_PSE) {
        bool pse36 = cpu_model_has(&cpu->model, FEATURE_PSE36);
        if (pde & (pse36 ? 0x3e0000 : 0x3fe000)) {
            w->error = PF_P | PF_RSVD;
            return false;
        }
        w->page_size = 4u << 20;
        w->physical = (pde & 0xffc00000) | bits(pde, 13, 4) << 32 | (w->linear & 0x3fffff);
        return true;
    }
    if (!step(w, (pde & 0xfffff000) | (w->linear >> 12 & 0x3ff) << 2, 0))
        return false;
    w->page_size = PAGE_SIZE;
    w->physical = (last_entry(w) & 0xfffff000) | (w->linear & 0xfff);
    return true;
}

/* SDM 3A 4.4.2. */
static bool walk_pae(struct walk *w)
{
    struct cpu *cpu = w->cpu;
    uint64_t reserved = PAE_RESERVED | (cpu->msr.efer & EFER_NXE ? 0 : PTE_NX);
    uint64_t pdpte = cpu->pdpte[w->linear >> 30];
    w->entry_size = 8;
    if (!(pdpte & PTE_P)) {
        w->error = 0;
        return false;
    }
    if (!step(w, (pdpte & PAGE_ADDRESS) | (w->linear >> 21 & 0x1ff) << 3, reserved))
        return false;
    uint64_t pde = last_entry(w);
    if (pde & PTE_PS) {
        if (pde & 0x1fe000) {
            w->error = PF_P | PF_RSVD;
            return false;
        }
        w->page_size = 2u << 20;
        w->physical = (pde & PAGE_ADDRESS & ~UINT64_C(0x1fffff)) | (w->linear & 0x1fffff);
        return true;
    }
    if (!step(w, (pde & PAGE_ADDRESS) | (w->linear >> 12 & 0x1ff) << 3, reserved))
        return false;
    w->page_size = PAGE_SIZE;
    w->physical = (last_entry(w) & PAGE_ADDRESS) | (w->linear & 0xfff);
    return true;
}

/* SDM 3A 4.6.1. */
static bool may_write(const struct walk *w, bool user)
{
    return w->rights & PTE_W || (!user && !(w->cpu->cr0 & CR0_WP));
}

static bool permitted(const struct walk *w, enum access_kind kind, bool user)
{
    if (user && !(w->rights & PTE_U))
        return false;
    if (kind == ACCESS_WRITE)
        return may_write(w, user);
    return kind != ACCESS_FETCH || !w->no_execute;
}

/* Set A in every entry used, and D in the last one for a store. False: the tables changed under the
 * walk. */
static bool mark(struct walk *w, enum access_kind kind)
{
    for (unsigned n = 0; n < w->levels; n++) {
        bool leaf = n + 1 == w->levels;
        uint64_t old = w->entry[n].value;
        uint64_t value = old | PTE_A | (leaf && kind == ACCESS_WRITE ? PTE_D : 0);
        if (value != old && !update_entry(w->cpu, w->entry[n].physical, w->entry_size, old, value))
            return false;
        w->entry[n].value = value;
    }
    return true;
}

bool paging_walk(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user, bool debug,
                 struct translation *out, uint32_t *error)
{
    if (!(cpu->cr0 & CR0_PG)) {
        *out = (struct translation){ .physical = cpu_a20(cpu, linear),
                                     .writable = true,
                                     .page_size = PAGE_SIZE };
        return true;
    }
    bool pae = cpu->cr4 & CR4_PAE;
    struct walk w;
    do {
        w = (struct walk){ .cpu = cpu, .linear = linear, .rights = PTE_U | PTE_W, .error = PF_P };
        bool found = pae ? walk_pae(&w) : walk_32bit(&w);
        if (!found || (!debug && !permitted(&w, kind, user))) {
            bool no_execute = pae && cpu->msr.efer & EFER_NXE;
            *error = w.error | (kind == ACCESS_WRITE ? PF_W : 0) | (user ? PF_U : 0) |
                     (kind == ACCESS_FETCH && no_execute ? PF_I : 0);
            return false;
        }
    } while (!debug && !mark(&w, kind));
    uint64_t leaf = last_entry(&w);
    *out = (struct translation){
        .physical = cpu_a20(cpu, w.physical),
        .writable = leaf & PTE_D && may_write(&w, user),
        .global = leaf & PTE_G && cpu->cr4 & CR4_PGE,
        .page_size = w.page_size,
    };
    return true;
}

/* SDM 3A 4.4.1: bits 1-2, 5-8 and those from MAXPHYADDR up must be 0 in a present entry. */
bool paging_load_pdptes(struct cpu *cpu, uint64_t cr3)
{
    uint64_t loaded[4];
    for (unsigned n = 0; n < 4; n++) {
        loaded[n] = read_entry(cpu, cpu_a20(cpu, (cr3 & 0xffffffe0) + 8 * n), 8);
        if (loaded[n] & PTE_P && loaded[n] & (PAE_RESERVED | PTE_NX | 0x1e6))
            return false;
    }
    for (unsigned n = 0; n < 4; n++)
        cpu->pdpte[n] = loaded[n];
    return true;
}

bool paging_debug_translate(struct cpu *cpu, uint32_t linear, uint64_t *physical)
{
    struct translation t;
    uint32_t error;
    if (!paging_walk(cpu, linear, ACCESS_READ, false, true, &t, &error))
        return false;
    *physical = t.physical;
    return true;
}
