// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The soft TLB: fast entries for host loads and stores, whole translations behind them, victims,
// code pages.
#include "cpu/tlb.h"

#include "cpu/access.h"
#include "cpu/block_cache.h"
#include "cpu/system.h"
#include "host/host.h"

struct tlb_extra {
    struct tlb_page page[2][TLB_SIZE]; /* of the same index as the fast entry */
    struct tlb_page victim[2][TLB_VICTIMS];
    struct tlb_page fetch[2][TLB_FETCH_PAGES];
    uint64_t used[2][TLB_SIZE /
                     64]; /* which of page[][] may be valid: flushes are frequent, and few are */
    uint64_t fetch_used[2][TLB_FETCH_PAGES / 64];
    unsigned next_victim;
    struct {
        uint64_t physical; /* page address + 1, 0: unused */
        struct memory_page page;
    } walk[TLB_WALK_PAGES];
};

static unsigned tlb_index(uint32_t linear)
{
    return (linear >> PAGE_SHIFT) & (TLB_SIZE - 1);
}

static void invalidate_fast(struct tlb_entry *e)
{
    e->read_tag = e->write_tag = TLB_INVALID;
}

void tlb_create(struct cpu *cpu)
{
    struct tlb_extra *extra = host_alloc(sizeof *extra);
    cpu->tlb_extra = extra;
    for (unsigned user = 0; user < 2; user++) {
        for (unsigned n = 0; n < TLB_SIZE; n++) {
            extra->page[user][n].tag = TLB_INVALID;
            invalidate_fast(&cpu->tlbs[user][n]);
        }
        for (unsigned n = 0; n < TLB_VICTIMS; n++)
            extra->victim[user][n].tag = TLB_INVALID;
        for (unsigned n = 0; n < TLB_FETCH_PAGES; n++)
            extra->fetch[user][n].tag = TLB_INVALID;
    }
    cpu->tlb = cpu->tlbs[0];
}

void tlb_destroy(struct cpu *cpu)
{
    host_free(cpu->tlb_extra);
    cpu->tlb_extra = NULL;
}

/* ---- fast entries
 * -------------------------------------------------------------------------------------------- */

/*
 * Plain host accesses are right where the page is RAM with nothing to be noticed: no data
 * breakpoint, no alignment check, and for stores no code and no clean dirty bit.
 */
static void make_fast(struct cpu *cpu, unsigned user, unsigned index)
{
    const struct tlb_page *p = &cpu->tlb_extra->page[user][index];
    const struct memory_page *m = &p->page;
    struct tlb_entry *e = &cpu->tlbs[user][index];
    invalidate_fast(e);
    if (user && cpu->cr0 & CR0_AM && cpu->eflags & EFLAGS_AC)
        return;
    if ((cpu->dr[7] & 0xff || cpu->debug != NULL) && debug_watches_page(cpu, p->tag))
        return;
    if (m->read != NULL) {
        e->host = (uint64_t)(uintptr_t)m->read - p->tag;
        e->read_tag = p->tag;
    }
    if (!p->writable || m->write == NULL || (m->read != NULL && m->read != m->write))
        return;
    if (!ram_page_store_is_slow(m->write_block, m->write_offset >> PAGE_SHIFT)) {
        e->host = (uint64_t)(uintptr_t)m->write - p->tag;
        e->write_tag = p->tag;
    }
}

void tlb_refresh(struct cpu *cpu, uint32_t linear, bool user)
{
    unsigned index = tlb_index(linear);
    if (cpu->tlb_extra->page[user][index].tag == (linear & TLB_PAGE_MASK))
        make_fast(cpu, user, index);
}

static void protect_entry(struct tlb_entry *e, struct ram_block *ram, uint64_t offset,
                          uint64_t length, bool mark)
{
    uint64_t in_ram = e->host + e->write_tag - (uint64_t)(uintptr_t)ram->host;
    if (e->write_tag == TLB_INVALID || in_ram - offset >= length)
        return;
    e->write_tag = TLB_INVALID;
    if (mark)
        ram_page_set_flags(ram, in_ram >> PAGE_SHIFT, ram->dirty_clients);
}

void tlb_protect(struct cpu *cpu, struct ram_block *ram, uint64_t offset, uint64_t length,
                 bool mark)
{
    for (unsigned user = 0; user < 2; user++)
        for (unsigned word = 0; word < TLB_SIZE / 64; word++)
            for (uint64_t left = cpu->tlb_extra->used[user][word]; left != 0; left &= left - 1)
                protect_entry(&cpu->tlbs[user][word * 64 + (unsigned)__builtin_ctzll(left)], ram,
                              offset, length, mark);
}

/* ---- look-up
 * -------------------------------------------------------------------------------------------------
 */

static void translate(struct cpu *cpu, struct tlb_page *p, uint32_t linear, enum access_kind kind,
                      bool user)
{
    struct translation t;
    uint32_t error;
    if (!paging_walk(cpu, linear, kind, user, false, &t, &error)) {
        LOG(cpu->bus.log, MMU, "page fault at %08x, error %02x, eip %08x\n", linear, error,
            (unsigned)cpu->eip);
        cpu_raise_page_fault(cpu, linear, error);
    }
    p->tag = linear & TLB_PAGE_MASK;
    p->writable = t.writable;
    p->global = t.global;
    p->physical = t.physical & ~(uint64_t)(PAGE_SIZE - 1);
    memory_find_page(cpu->bus.memory, cpu_space(cpu), p->physical, &p->page);
}

static bool serves(const struct tlb_page *p, uint32_t linear, enum access_kind kind)
{
    return p->tag == (linear & TLB_PAGE_MASK) && (kind != ACCESS_WRITE || p->writable);
}

/* Exchange the entry with the victim that holds linear, if one does. */
static bool revive(struct tlb_extra *extra, struct tlb_page *p, uint32_t linear,
                   enum access_kind kind, bool user)
{
    for (unsigned n = 0; n < TLB_VICTIMS; n++) {
        struct tlb_page *victim = &extra->victim[user][n];
        if (serves(victim, linear, kind)) {
            struct tlb_page t = *victim;
            *victim = *p;
            *p = t;
            return true;
        }
    }
    return false;
}

const struct tlb_page *tlb_find(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    unsigned index = tlb_index(linear);
    struct tlb_page *p = &extra->page[user][index];
    if (likely(serves(p, linear, kind)))
        return p;
    if (!revive(extra, p, linear, kind, user)) {
        struct tlb_page fresh;
        translate(cpu, &fresh, linear, kind, user);
        if (p->tag != TLB_INVALID && p->tag != fresh.tag)
            extra->victim[user][extra->next_victim++ % TLB_VICTIMS] = *p;
        *p = fresh;
    }
    extra->used[user][index / 64] |= UINT64_C(1) << index % 64;
    make_fast(cpu, user, index);
    return p;
}

const struct tlb_page *tlb_find_fetch(struct cpu *cpu, uint32_t linear)
{
    bool user = cpu->cpl == 3;
    unsigned index = (linear >> PAGE_SHIFT) % TLB_FETCH_PAGES;
    struct tlb_page *p = &cpu->tlb_extra->fetch[user][index];
    if (likely(serves(p, linear, ACCESS_FETCH)))
        return p;
    p->tag = TLB_INVALID;
    struct tlb_page fresh;
    translate(cpu, &fresh, linear, ACCESS_FETCH, user);
    *p = fresh;
    cpu->tlb_extra->fetch_used[user][index / 64] |= UINT64_C(1) << index % 64;
    return p;
}

uint64_t paging_fetch_address(struct cpu *cpu, uint32_t linear)
{
    return tlb_find_fetch(cpu, linear)->physical | (linear & ~TLB_PAGE_MASK);
}

void tlb_fill(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user,
              struct translation *out)
{
    const struct tlb_page *p = tlb_find(cpu, linear, kind, user);
    *out = (struct translation){
        .physical = p->physical | (linear & ~TLB_PAGE_MASK),
        .writable = p->writable,
        .global = p->global,
        .page_size = PAGE_SIZE,
    };
}

const struct memory_page *tlb_walk_page(struct cpu *cpu, uint64_t physical)
{
    uint64_t page = physical >> PAGE_SHIFT;
    unsigned index = page % TLB_WALK_PAGES;
    if (cpu->tlb_extra->walk[index].physical != page + 1) {
        memory_find_page(cpu->bus.memory, cpu_space(cpu), page << PAGE_SHIFT,
                         &cpu->tlb_extra->walk[index].page);
        cpu->tlb_extra->walk[index].physical = page + 1;
    }
    return &cpu->tlb_extra->walk[index].page;
}

/* ---- flushes (SDM 3A 4.10.4)
 * --------------------------------------------------------------------------------- */

static void flush_table(struct cpu *cpu, unsigned user, bool keep_global)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    for (unsigned word = 0; word < TLB_SIZE / 64; word++) {
        for (uint64_t left = extra->used[user][word]; left != 0; left &= left - 1) {
            unsigned index = word * 64 + (unsigned)__builtin_ctzll(left);
            if (keep_global && extra->page[user][index].global)
                continue;
            extra->page[user][index].tag = TLB_INVALID;
            invalidate_fast(&cpu->tlbs[user][index]);
            extra->used[user][word] &= ~(left & -left);
        }
    }
    for (unsigned n = 0; n < TLB_VICTIMS; n++)
        if (!keep_global || !extra->victim[user][n].global)
            extra->victim[user][n].tag = TLB_INVALID;
    for (unsigned word = 0; word < TLB_FETCH_PAGES / 64; word++) {
        for (uint64_t left = extra->fetch_used[user][word]; left != 0; left &= left - 1) {
            struct tlb_page *p = &extra->fetch[user][word * 64 + (unsigned)__builtin_ctzll(left)];
            if (keep_global && p->global)
                continue;
            p->tag = TLB_INVALID;
            extra->fetch_used[user][word] &= ~(left & -left);
        }
    }
}

void tlb_flush(struct cpu *cpu, bool keep_global)
{
    LOG(cpu->bus.log, MMU, "TLB flush%s\n", keep_global ? ", global pages kept" : "");
    flush_table(cpu, 0, keep_global);
    flush_table(cpu, 1, keep_global);
    if (!keep_global)
        for (unsigned n = 0; n < TLB_WALK_PAGES; n++)
            cpu->tlb_extra->walk[n].physical = 0;
    block_cache_flush_linear(cpu);
}

/* Large pages are entered 4 KiB at a time: INVLPG inside one drops all of its pieces, which are not
 * told apart. */
void tlb_flush_page(struct cpu *cpu, uint32_t linear)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    uint32_t tag = linear & TLB_PAGE_MASK;
    struct translation t;
    uint32_t error;
    if (paging_walk(cpu, linear, ACCESS_READ, false, true, &t, &error) &&
        t.page_size != PAGE_SIZE) {
        tlb_flush(cpu, false);
        return;
    }
    for (unsigned user = 0; user < 2; user++) {
        unsigned index = tlb_index(linear), fetch = (linear >> PAGE_SHIFT) % TLB_FETCH_PAGES;
        if (extra->page[user][index].tag == tag) {
            extra->page[user][index].tag = TLB_INVALID;
            invalidate_fast(&cpu->tlbs[user][index]);
        }
        for (unsigned n = 0; n < TLB_VICTIMS; n++)
            if (extra->victim[user][n].tag == tag)
                extra->victim[user][n].tag = TLB_INVALID;
        if (extra->fetch[user][fetch].tag == tag)
            extra->fetch[user][fetch].tag = TLB_INVALID;
    }
    block_cache_flush_linear(cpu);
}

void tlb_flush_writes(struct cpu *cpu)
{
    for (unsigned user = 0; user < 2; user++)
        for (unsigned n = 0; n < TLB_SIZE; n++)
            cpu->tlbs[user][n].write_tag = TLB_INVALID;
}
