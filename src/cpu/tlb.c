// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The soft TLB: whole translations behind the fast entries, victims, code pages, and flushes.
#include "cpu/tlb.h"

#include "cpu/access.h"
#include "cpu/block_cache.h"
#include "cpu/system.h"
#include "cpu/tlb_internal.h"
#include "host/host.h"

/* All zeros is an empty TLB. */
void tlb_create(struct cpu *cpu)
{
    cpu->tlb_extra = host_alloc(sizeof *cpu->tlb_extra);
    cpu->tlb = cpu->tlbs[0];
}

void tlb_destroy(struct cpu *cpu)
{
    host_free(cpu->tlb_extra);
    cpu->tlb_extra = NULL;
}

/* ---- sets ---- */

static unsigned set_index(uint32_t linear)
{
    return (linear >> PAGE_SHIFT) % TLB_PAGES;
}

static void set_put(struct tlb_set *set, const struct tlb_page *p)
{
    unsigned index = set_index(tlb_tag_linear(p->tag));
    uint64_t bit = UINT64_C(1) << index % 64;
    set->page[index] = *p;
    set->used[index / 64] |= bit;
    if (p->global)
        set->global[index / 64] |= bit;
    else
        set->global[index / 64] &= ~bit;
}

static void set_flush(struct tlb_set *set, bool keep_global)
{
    for (unsigned word = 0; word < TLB_PAGES / 64; word++) {
        uint64_t drop = set->used[word] & ~(keep_global ? set->global[word] : 0);
        set->used[word] &= ~drop;
        for (; drop != 0; drop &= drop - 1)
            set->page[word * 64 + (unsigned)__builtin_ctzll(drop)].tag = TLB_INVALID;
    }
}

static bool set_drop_page(struct tlb_set *set, uint32_t linear)
{
    struct tlb_page *p = &set->page[set_index(linear)];
    if (p->tag != tlb_tag(linear))
        return false;
    p->tag = TLB_INVALID;
    return true;
}

static bool in_region(const struct tlb_page *p, uint32_t linear)
{
    return p->tag != TLB_INVALID && tlb_region(tlb_tag_linear(p->tag)) == tlb_region(linear);
}

static void set_drop_region(struct tlb_set *set, uint32_t linear)
{
    for (unsigned word = 0; word < TLB_PAGES / 64; word++)
        for (uint64_t left = set->used[word]; left != 0; left &= left - 1) {
            struct tlb_page *p = &set->page[word * 64 + (unsigned)__builtin_ctzll(left)];
            if (in_region(p, linear))
                p->tag = TLB_INVALID;
        }
}

/* ---- flushes (SDM 3A 4.10.4) ---- */

static void flush_victims(struct tlb_extra *extra, bool keep_global)
{
    for (unsigned user = 0; user < 2; user++)
        for (unsigned n = 0; n < TLB_VICTIMS; n++)
            if (!keep_global || !extra->victim[user][n].global)
                extra->victim[user][n].tag = TLB_INVALID;
}

static void drop_victims(struct tlb_extra *extra, uint32_t linear, bool region)
{
    for (unsigned user = 0; user < 2; user++)
        for (unsigned n = 0; n < TLB_VICTIMS; n++) {
            struct tlb_page *p = &extra->victim[user][n];
            if (p->tag == tlb_tag(linear) || (region && in_region(p, linear)))
                p->tag = TLB_INVALID;
        }
}

void tlb_flush(struct cpu *cpu, bool keep_global)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    LOG(cpu->bus.log, MMU, "TLB flush%s\n", keep_global ? ", global pages kept" : "");
    for (unsigned user = 0; user < 2; user++) {
        set_flush(&extra->data[user], keep_global);
        set_flush(&extra->fetch[user], keep_global);
    }
    flush_victims(extra, keep_global);
    tlb_fast_flush(cpu, keep_global);
    if (!keep_global) {
        __builtin_memset(extra->large, 0, sizeof extra->large);
        for (unsigned n = 0; n < TLB_WALK_PAGES; n++)
            extra->walk[n].physical = 0;
    }
    block_cache_flush_linear(cpu);
    if (cpu->engine != NULL)
        cpu->engine->linear_flushed(cpu, keep_global);
}

static void drop_region(struct cpu *cpu, uint32_t linear)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    for (unsigned user = 0; user < 2; user++) {
        set_drop_region(&extra->data[user], linear);
        set_drop_region(&extra->fetch[user], linear);
    }
    drop_victims(extra, linear, true);
    tlb_fast_drop_region(cpu, linear);
    extra->large[tlb_region(linear) / 64] &= ~(UINT64_C(1) << tlb_region(linear) % 64);
    block_cache_flush_linear(cpu);
    if (cpu->engine != NULL)
        cpu->engine->linear_flushed(cpu, false);
}

/* Large pages are entered 4 KiB at a time: where there may be such pieces all go, as they are not
 * told apart. True: code was looked up on the page. */
static bool drop_page(struct cpu *cpu, uint32_t linear)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    if (unlikely(extra->large[tlb_region(linear) / 64] >> tlb_region(linear) % 64 & 1)) {
        drop_region(cpu, linear);
        return false;
    }
    bool code = false;
    for (unsigned user = 0; user < 2; user++) {
        set_drop_page(&extra->data[user], linear);
        code |= set_drop_page(&extra->fetch[user], linear);
    }
    drop_victims(extra, linear, false);
    tlb_fast_drop_page(cpu, linear);
    if (cpu->engine != NULL)
        cpu->engine->page_flushed(cpu, linear);
    return code;
}

void tlb_flush_page(struct cpu *cpu, uint32_t linear)
{
    drop_page(cpu, linear);
    block_cache_flush_linear(cpu);
}

/* ---- look-up ---- */

/* A page fault drops what is known of its page, as INVLPG does (SDM 3A 4.10.4.1): systems make a
 * page writable, or another page, in the handler and do no more. */
static _Noreturn void page_fault(struct cpu *cpu, uint32_t linear, uint32_t error)
{
    LOG(cpu->bus.log, MMU, "page fault at %08x, error %02x, eip %08x\n", linear, error,
        (unsigned)cpu->eip);
    if (drop_page(cpu, linear))
        block_cache_flush_linear(cpu);
    cpu_raise_page_fault(cpu, linear, error);
}

static void translate(struct cpu *cpu, struct tlb_page *p, uint32_t linear, enum access_kind kind,
                      bool user)
{
    struct translation t;
    uint32_t error;
    if (!paging_walk(cpu, linear, kind, user, false, &t, &error))
        page_fault(cpu, linear, error);
    p->tag = tlb_tag(linear);
    p->writable = t.writable;
    p->global = t.global;
    p->physical = t.physical & ~(uint64_t)(PAGE_SIZE - 1);
    memory_find_page(cpu->bus.memory, kind == ACCESS_FETCH ? cpu_code_space(cpu) : cpu_space(cpu),
                     p->physical, &p->page);
    if (t.page_size != PAGE_SIZE)
        cpu->tlb_extra->large[tlb_region(linear) / 64] |= UINT64_C(1) << tlb_region(linear) % 64;
}

static bool serves(const struct tlb_page *p, uint32_t linear, enum access_kind kind)
{
    return p->tag == tlb_tag(linear) && (kind != ACCESS_WRITE || p->writable);
}

/* The victim for linear leaves the others. One that does not serve is out of date: what a walk
 * finds now takes its place. */
static bool revive(struct tlb_extra *extra, struct tlb_page *p, uint32_t linear,
                   enum access_kind kind, bool user)
{
    for (unsigned n = 0; n < TLB_VICTIMS; n++) {
        struct tlb_page *victim = &extra->victim[user][n];
        if (victim->tag != tlb_tag(linear))
            continue;
        bool found = serves(victim, linear, kind);
        *p = *victim;
        victim->tag = TLB_INVALID;
        return found;
    }
    return false;
}

static void evict(struct tlb_extra *extra, const struct tlb_page *p, uint32_t linear, bool user)
{
    if (p->tag != TLB_INVALID && p->tag != tlb_tag(linear))
        extra->victim[user][extra->next_victim++ % TLB_VICTIMS] = *p;
}

const struct tlb_page *tlb_find(struct cpu *cpu, uint32_t linear, enum access_kind kind, bool user)
{
    struct tlb_extra *extra = cpu->tlb_extra;
    struct tlb_page *p = &extra->data[user].page[set_index(linear)];
    if (likely(serves(p, linear, kind)))
        return p;
    struct tlb_page found;
    if (!revive(extra, &found, linear, kind, user))
        translate(cpu, &found, linear, kind, user);
    evict(extra, p, linear, user);
    set_put(&extra->data[user], &found);
    tlb_fast_enter(cpu, p, user);
    return p;
}

void tlb_refresh(struct cpu *cpu, uint32_t linear, bool user)
{
    const struct tlb_page *p = &cpu->tlb_extra->data[user].page[set_index(linear)];
    if (p->tag == tlb_tag(linear))
        tlb_fast_enter(cpu, p, user);
}

const struct tlb_page *tlb_find_fetch(struct cpu *cpu, uint32_t linear)
{
    bool user = cpu->cpl == 3;
    struct tlb_set *set = &cpu->tlb_extra->fetch[user];
    struct tlb_page *p = &set->page[set_index(linear)];
    if (unlikely(!serves(p, linear, ACCESS_FETCH))) {
        struct tlb_page fresh;
        translate(cpu, &fresh, linear, ACCESS_FETCH, user);
        set_put(set, &fresh);
    }
    return p;
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
