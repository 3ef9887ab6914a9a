// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The soft TLB's fast entries: what makes one, and how they go. One may outlive the whole
// translation that it was made from.
#include "cpu/access.h"
#include "cpu/system.h"
#include "cpu/tlb_internal.h"

static unsigned fast_index(uint32_t linear)
{
    return (linear >> PAGE_SHIFT) & (TLB_SIZE - 1);
}

static void invalidate(struct tlb_entry *e)
{
    e->read_tag = e->write_tag = TLB_INVALID;
}

/* Either tag may be missing; where both are there, they are equal. */
static uint32_t either_tag(const struct tlb_entry *e)
{
    return e->read_tag | e->write_tag;
}

/*
 * Plain host accesses are right where the page is RAM with nothing to be noticed: no data
 * breakpoint, no alignment check, and for stores no code and no clean dirty bit.
 */
static bool fill(struct cpu *cpu, struct tlb_entry *e, const struct tlb_page *p, bool user)
{
    const struct memory_page *m = &p->page;
    uint32_t linear = tlb_tag_linear(p->tag);
    invalidate(e);
    if (user && cpu->cr0 & CR0_AM && cpu->eflags & EFLAGS_AC)
        return false;
    if ((cpu->dr[7] & 0xff || cpu->debug != NULL) && debug_watches_page(cpu, linear))
        return false;
    if (m->read != NULL) {
        e->host = (uint64_t)(uintptr_t)m->read - linear;
        e->read_tag = p->tag;
    }
    if (p->writable && m->write != NULL && m->read == m->write &&
        !ram_page_store_is_slow(m->write_block, m->write_offset >> PAGE_SHIFT)) {
        e->host = (uint64_t)(uintptr_t)m->write - linear;
        e->write_tag = p->tag;
    }
    return either_tag(e) != TLB_INVALID;
}

void tlb_fast_enter(struct cpu *cpu, const struct tlb_page *p, bool user)
{
    struct tlb_fast *fast = &cpu->tlb_extra->fast;
    unsigned index = fast_index(tlb_tag_linear(p->tag));
    if (!fill(cpu, &cpu->tlbs[user][index], p, user))
        return;
    unsigned kind = p->global ? TLB_LIST_GLOBAL : TLB_LIST_LOCAL;
    unsigned state = fast->state[user][index] & ~TLB_GLOBAL;
    if (!(state & TLB_LISTED << kind)) {
        struct tlb_list *list = &fast->list[user][kind];
        list->index[list->count++] = (uint16_t)index;
    }
    fast->state[user][index] = (uint8_t)(state | TLB_LISTED << kind | (p->global ? TLB_GLOBAL : 0));
}

/* ---- how they go ---- */

/* What was local when it was listed may be global now: then it is in the other list too. */
static void flush_list(struct cpu *cpu, unsigned user, unsigned kind, bool keep_global)
{
    struct tlb_fast *fast = &cpu->tlb_extra->fast;
    struct tlb_list *list = &fast->list[user][kind];
    for (uint32_t n = 0; n < list->count; n++) {
        unsigned index = list->index[n];
        uint8_t *state = &fast->state[user][index];
        *state &= (uint8_t) ~(TLB_LISTED << kind);
        if (!keep_global || !(*state & TLB_GLOBAL))
            invalidate(&cpu->tlbs[user][index]);
    }
    list->count = 0;
}

void tlb_fast_flush(struct cpu *cpu, bool keep_global)
{
    for (unsigned user = 0; user < 2; user++) {
        flush_list(cpu, user, TLB_LIST_LOCAL, keep_global);
        if (!keep_global)
            flush_list(cpu, user, TLB_LIST_GLOBAL, false);
    }
}

void tlb_fast_drop_page(struct cpu *cpu, uint32_t linear)
{
    for (unsigned user = 0; user < 2; user++) {
        struct tlb_entry *e = &cpu->tlbs[user][fast_index(linear)];
        if (either_tag(e) == tlb_tag(linear))
            invalidate(e);
    }
}

void tlb_fast_drop_region(struct cpu *cpu, uint32_t linear)
{
    unsigned first = fast_index(linear & ~((1u << 22) - 1));
    for (unsigned user = 0; user < 2; user++) {
        const uint8_t *state = &cpu->tlb_extra->fast.state[user][first];
        struct tlb_entry *e = &cpu->tlbs[user][first];
        for (unsigned n = 0; n < 1u << (22 - PAGE_SHIFT); n++)
            if (state[n] != 0 &&
                tlb_region(tlb_tag_linear(either_tag(&e[n]))) == tlb_region(linear))
                invalidate(&e[n]);
    }
}

static void protect_entry(struct tlb_entry *e, struct ram_block *ram, uint64_t offset,
                          uint64_t length, bool mark)
{
    if (e->write_tag == TLB_INVALID)
        return;
    uint64_t host = e->host + tlb_tag_linear(e->write_tag);
    uint64_t in_ram = host - (uint64_t)(uintptr_t)ram->host;
    if (in_ram - offset >= length)
        return;
    e->write_tag = TLB_INVALID;
    if (mark)
        ram_page_set_flags(ram, in_ram >> PAGE_SHIFT, ram->dirty_clients);
}

static void protect_list(struct cpu *cpu, unsigned user, unsigned kind, struct ram_block *ram,
                         uint64_t offset, uint64_t length, bool mark)
{
    const struct tlb_list *list = &cpu->tlb_extra->fast.list[user][kind];
    for (uint32_t n = 0; n < list->count; n++)
        protect_entry(&cpu->tlbs[user][list->index[n]], ram, offset, length, mark);
}

void tlb_protect(struct cpu *cpu, struct ram_block *ram, uint64_t offset, uint64_t length,
                 bool mark)
{
    for (unsigned user = 0; user < 2; user++)
        for (unsigned kind = 0; kind < TLB_LISTS; kind++)
            protect_list(cpu, user, kind, ram, offset, length, mark);
    if (cpu->engine != NULL)
        cpu->engine->protect(cpu, ram, offset, length);
}
