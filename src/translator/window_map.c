// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// From a linear address to pages of RAM in a window: runs in the host's fault handler, on the CPU's
// thread.
#include "translator/window_internal.h"

#include "cpu/system.h"

#define PAGE_ADDRESS UINT64_C(0xffffff000)        /* bits 35-12 */
#define PAE_RESERVED UINT64_C(0x7ffffff000000000) /* bits 62-36: MAXPHYADDR is 36 */
#define ENTRY_NX     (UINT64_C(1) << 63)

/* One page of a stretch as the guest has it now. */
struct look {
    struct ram_block *ram;
    uint64_t offset;
    uint64_t leaf;
    uint32_t frame;
    bool writable;
};

/* All that is needed to look at the pages of one stretch. */
struct view {
    struct windows *ws;
    struct window *w;
    struct cpu *cpu;
    unsigned index;
    struct place place;
    uint64_t base; /* physical address of the stretch, where table is NULL */
};

/* ---- the page tables ---- */

static const struct memory_page *page_at(const struct windows *ws, uint64_t physical)
{
    return tlb_walk_page(ws->cpu, cpu_a20(ws->cpu, physical));
}

static uint64_t directory_entry_address(const struct cpu *cpu, unsigned index, bool pae)
{
    if (pae)
        return (cpu->pdpte[index >> 9] & PAGE_ADDRESS) | (index & 511) << 3;
    return (cpu->cr3 & 0xfffff000) | (index >> 1) << 2;
}

unsigned directory_find(const struct windows *ws, unsigned index, const uint8_t **entries)
{
    struct cpu *cpu = ws->cpu;
    bool pae = cpu->cr4 & CR4_PAE;
    if (pae && !(cpu->pdpte[index >> 9] & ENTRY_P))
        return 0;
    uint64_t at = directory_entry_address(cpu, index, pae);
    const uint8_t *page = page_at(ws, at)->read;
    if (page == NULL)
        return 0;
    *entries = page + at % PAGE_SIZE;
    return pae ? 512 - (index & 511) : STRETCHES - index;
}

bool place_find(const struct windows *ws, unsigned index, struct place *place)
{
    struct cpu *cpu = ws->cpu;
    bool pae = cpu->cr4 & CR4_PAE;
    const uint8_t *entry;
    if (directory_find(ws, index, &entry) == 0)
        return false;
    place->entry_size = pae ? 8 : 4;
    place->entry = stored_entry(entry, place->entry_size);
    place->table = NULL;
    if (!(place->entry & ENTRY_P))
        return false;
    if (place->entry & ENTRY_PS && (pae || cpu->cr4 & CR4_PSE))
        return true;
    const uint8_t *table = page_at(ws, place->entry & (pae ? PAGE_ADDRESS : 0xfffff000))->read;
    if (table == NULL)
        return false;
    /* A table of 1024 entries maps two stretches. */
    place->table = table + (pae ? 0 : (index & 1) * STRETCH_PAGES * 4);
    return true;
}

/* May a bit be set in an entry on this page here, in a fault handler? Not if that had to be told to
 * anybody. */
static bool may_mark(const struct windows *ws, uint64_t physical)
{
    const struct memory_page *page = page_at(ws, physical);
    if (page->write == NULL || page->write != page->read)
        return false;
    const uint8_t *flags = &page->write_block->page_flags[page->write_offset >> PAGE_SHIFT];
    return !(__atomic_load_n(flags, __ATOMIC_RELAXED) & RAM_PAGE_CODE);
}

static uint64_t leaf_entry(const struct place *place, unsigned page)
{
    return place->table == NULL
               ? place->entry
               : stored_entry(place->table + page * place->entry_size, place->entry_size);
}

uint64_t leaf_find(const struct windows *ws, uint32_t linear)
{
    struct place place;
    if (!place_find(ws, linear >> STRETCH_SHIFT, &place))
        return 0;
    uint64_t leaf = leaf_entry(&place, linear >> PAGE_SHIFT & (STRETCH_PAGES - 1));
    return leaf & ENTRY_P ? leaf : 0;
}

/* Would the walk of an access to this page only touch plain RAM? */
static bool walk_is_plain(const struct view *v, unsigned page, bool write)
{
    const struct cpu *cpu = v->cpu;
    bool pae = v->place.entry_size == 8;
    uint64_t missing = ENTRY_A | (write ? ENTRY_D : 0);
    if ((v->place.table == NULL ? missing : ENTRY_A) & ~v->place.entry &&
        !may_mark(v->ws, directory_entry_address(cpu, v->index, pae)))
        return false;
    return v->place.table == NULL || !(missing & ~leaf_entry(&v->place, page)) ||
           may_mark(v->ws, v->place.entry & (pae ? PAGE_ADDRESS : 0xfffff000));
}

/* ---- looking at a page ---- */

/* What the entries allow without a bit being set, SDM 3A 4.6. */
static bool entries_allow(const struct view *v, struct look *l, uint64_t *physical, unsigned page)
{
    const struct cpu *cpu = v->cpu;
    const struct place *p = &v->place;
    l->leaf = leaf_entry(p, page);
    uint64_t rights = l->leaf & p->entry;
    if (!(l->leaf & ENTRY_P) || !(rights & ENTRY_A) || (v->w->user && !(rights & ENTRY_U)))
        return false;
    l->writable = l->leaf & ENTRY_D && (rights & ENTRY_W || (!v->w->user && !(cpu->cr0 & CR0_WP)));
    if (p->table == NULL) {
        *physical = v->base + ((uint64_t)page << PAGE_SHIFT);
    } else if (p->entry_size == 4) {
        *physical = l->leaf & 0xfffff000;
    } else {
        if (l->leaf & (PAE_RESERVED | (cpu->msr.efer & EFER_NXE ? 0 : ENTRY_NX)))
            return false;
        *physical = l->leaf & PAGE_ADDRESS;
    }
    return true;
}

/* False: the page must not be mapped. */
static bool look_at(const struct view *v, unsigned page, struct look *l)
{
    struct cpu *cpu = v->cpu;
    uint64_t physical = v->base + ((uint64_t)page << PAGE_SHIFT);
    *l = (struct look){ .writable = true };
    if (v->w->paged && !entries_allow(v, l, &physical, page))
        return false;
    uint32_t linear = (uint32_t)((v->index << STRETCH_SHIFT) + (page << PAGE_SHIFT));
    if ((cpu->dr[7] & 0xff || cpu->debug != NULL) && debug_watches_page(cpu, linear))
        return false;

    struct memory_page m;
    memory_find_page(cpu->bus.memory, cpu_space(cpu), cpu_a20(cpu, physical), &m);
    if (m.read == NULL || !frame_of(v->ws, m.read_block, m.read_offset, &l->frame))
        return false;
    l->ram = m.read_block;
    l->offset = m.read_offset;
    l->writable = l->writable && m.write == m.read &&
                  !ram_page_store_is_slow(m.read_block, m.read_offset >> PAGE_SHIFT);
    return true;
}

/*
 * The page is about to be stored to. If all that makes the store slow are clean dirty bits, they
 * are set here: one fault less. Whoever clears them meanwhile tells this CPU, which protects the
 * page again and then counts it as written.
 */
static void note_store(const struct look *l)
{
    uint64_t page = l->offset >> PAGE_SHIFT;
    if (!(__atomic_load_n(&l->ram->page_flags[page], __ATOMIC_RELAXED) & RAM_PAGE_CODE))
        ram_page_set_flags(l->ram, page, l->ram->dirty_clients);
}

/* ---- mapping ---- */

/* The stretch to map into; one that was mapped under another directory entry goes. */
static struct stretch *stretch_for(const struct view *v)
{
    struct window *w = v->w;
    unsigned n = stretch_position(w, v->index);
    struct stretch *s = stretch_at(v->ws, w, v->index);
    if (s != NULL && s->table == v->place.table && !((w->entry[n] ^ v->place.entry) & ~ENTRY_D)) {
        w->entry[n] |= v->place.entry; /* D: clear only if no page was mapped with it set */
        return s;
    }
    if (s != NULL)
        stretches_unmap(v->ws, w, n, n + 1);
    return stretch_add(v->ws, w, v->index, v->place.entry, v->place.table, v->place.entry_size);
}

/* Pages [first, end) whose frames follow each other. */
struct run {
    unsigned first, end;
    struct look start;
    uint64_t writable[PAGE_WORDS]; /* by page of the stretch */
    bool any_writable;
};

static void run_add(struct run *r, unsigned page, const struct look *l)
{
    r->writable[page / 64] |= (uint64_t)l->writable << (page % 64);
    r->any_writable |= l->writable;
    r->first = MIN(r->first, page);
    r->end = MAX(r->end, page + 1);
    if (r->first == page)
        r->start = *l;
}

/* One mapping, of which pages that must not be written are protected again. */
static bool map_run(const struct view *v, struct stretch *s, const struct run *r)
{
    if (!pages_map(v->ws, v->w, s, r->first, r->end, r->start.ram, r->start.offset,
                   r->any_writable))
        return false;
    for (unsigned page = r->first; page < r->end; page++)
        page_note_mapped(v->ws, v->w, s, page, r->start.frame + (page - r->first),
                         leaf_entry(&v->place, page), r->any_writable);
    for (unsigned page = r->first; r->any_writable && page < r->end; page++) {
        unsigned first = page;
        while (page < r->end && !page_bit(r->writable, page))
            page++;
        if (page > first && !pages_protect(v->ws, v->w, s, first, page, false))
            return false;
    }
    return true;
}

/* May `next` be in one mapping with `l`, `distance` pages before it? */
static bool follows(const struct look *l, const struct look *next, unsigned distance)
{
    return next->ram == l->ram && next->frame == l->frame + distance;
}

/* Map `page` and neighbours before and behind it: of a large page all there are, else few, and only
 * such as are like it. */
static bool map_around(const struct view *v, struct stretch *s, unsigned page, const struct look *l,
                       unsigned low, unsigned high)
{
    bool mixed = v->place.table == NULL;
    struct run r = { .first = page, .end = page };
    struct look other;
    run_add(&r, page, l);
    while (r.first > low && !page_bit(s->mapped, r.first - 1) && look_at(v, r.first - 1, &other) &&
           follows(&other, &r.start, 1) && (mixed || other.writable == l->writable))
        run_add(&r, r.first - 1, &other);
    while (r.end < high && !page_bit(s->mapped, r.end) && look_at(v, r.end, &other) &&
           follows(&r.start, &other, r.end - r.first) && (mixed || other.writable == l->writable))
        run_add(&r, r.end, &other);
    v->ws->counts.prefilled += r.end - r.first - 1;
    return map_run(v, s, &r);
}

/* The rest of a stretch that is one large page, or not paged at all. */
static bool map_rest(const struct view *v, struct stretch *s)
{
    for (unsigned page = 0; page < STRETCH_PAGES; page++) {
        struct look l;
        if (!page_bit(s->mapped, page) && look_at(v, page, &l) &&
            !map_around(v, s, page, &l, page, STRETCH_PAGES))
            return false;
    }
    return true;
}

/* The page is mapped, and may be written now; so may neighbours that are as it was. */
static bool make_writable(const struct view *v, struct stretch *s, unsigned page,
                          const struct look *l, unsigned low, unsigned high)
{
    unsigned first = page, end = page + 1;
    struct look other;
    if (s->table != NULL)
        s->leaf[page] = l->leaf;
    while (s->table == NULL && first > low && page_bit(s->mapped, first - 1) &&
           !page_bit(s->writable, first - 1) && look_at(v, first - 1, &other) && other.writable &&
           other.frame == s->frame[first - 1])
        first--;
    while (s->table == NULL && end < high && page_bit(s->mapped, end) &&
           !page_bit(s->writable, end) && look_at(v, end, &other) && other.writable &&
           other.frame == s->frame[end])
        end++;
    return pages_protect(v->ws, v->w, s, first, end, true);
}

/* Faults that follow each other upwards: the pages behind, wherever in RAM they are, twice as many
 * each time. False: the window is empty now. */
static bool map_ahead(const struct view *v, struct stretch *s, unsigned page)
{
    struct window *w = v->w;
    uint32_t linear = (v->index << (STRETCH_SHIFT - PAGE_SHIFT)) + page;
    w->ahead = linear == w->expected ? MIN(2 * w->ahead + 2, AHEAD_MAX) : 0;
    unsigned end = MIN(page + 1 + w->ahead, STRETCH_PAGES);
    struct look l;
    for (page++; page < STRETCH_PAGES; page++) {
        if (page_bit(s->mapped, page))
            continue;
        if (page >= end || !look_at(v, page, &l))
            break;
        if (!map_around(v, s, page, &l, page, end))
            return false;
        v->ws->counts.prefilled++;
    }
    w->expected = (v->index << (STRETCH_SHIFT - PAGE_SHIFT)) + page;
    return true;
}

static bool map_found(const struct view *v, unsigned page, const struct look *l, bool alone)
{
    struct stretch *s = stretch_for(v);
    if (s == NULL)
        return false;
    bool table = v->place.table != NULL, fresh = s->pages == 0;
    unsigned low = 0, high = STRETCH_PAGES;
    if (table) {
        low = page > NEIGHBOURS ? page - NEIGHBOURS : 0;
        high = MIN(page + NEIGHBOURS + 1, STRETCH_PAGES);
    }
    if (alone) {
        low = page;
        high = page + 1;
    }
    if (page_bit(s->mapped, page)) {
        if (s->frame[page] == l->frame)
            return l->writable && !page_bit(s->writable, page) &&
                   make_writable(v, s, page, l, low, high);
        if (!pages_unmap(v->ws, v->w, s, page, page + 1))
            return false;
    }
    if (!map_around(v, s, page, l, low, high))
        return false;
    if (alone)
        return true;
    return table ? map_ahead(v, s, page) : !fresh || map_rest(v, s);
}

/* The linear address means something, and the access may set what it has to set. */
static bool walk(struct view *v, uint32_t linear, bool write, bool hint)
{
    struct translation t;
    uint32_t error;
    unsigned page = linear >> PAGE_SHIFT & (STRETCH_PAGES - 1);
    if (!place_find(v->ws, v->index, &v->place)) {
        v->ws->guests_fault = true;
        return false;
    }
    if (!hint && !walk_is_plain(v, page, write))
        return false;
    if (!paging_walk(v->cpu, linear, write ? ACCESS_WRITE : ACCESS_READ, v->w->user, hint, &t,
                     &error)) {
        v->ws->guests_fault = true;
        return false;
    }
    if (!place_find(v->ws, v->index, &v->place)) /* with the bits that the walk has set */
        return false;
    v->base = (t.physical & ~(uint64_t)(PAGE_SIZE - 1)) - ((uint64_t)page << PAGE_SHIFT);
    return true;
}

bool window_map_page(struct windows *ws, struct window *w, uint32_t linear, bool write, bool hint)
{
    struct cpu *cpu = ws->cpu;
    struct view v = { .ws = ws, .w = w, .cpu = cpu, .index = linear >> STRETCH_SHIFT };
    unsigned page = linear >> PAGE_SHIFT & (STRETCH_PAGES - 1);
    struct look l;
    if (w->user && cpu->cr0 & CR0_AM && cpu->eflags & EFLAGS_AC)
        return false;
    if (w->paged && !walk(&v, linear, write, hint))
        return false;
    if (!w->paged)
        v.base = (uint64_t)v.index << STRETCH_SHIFT;
    if (!look_at(&v, page, &l))
        return false;
    if (write && !l.writable && !hint) {
        note_store(&l);
        if (!look_at(&v, page, &l) || !l.writable)
            return false;
    }
    window_make_room(ws, w);
    /* With address line 20 masked, a large page is not contiguous in the way its base tells. */
    return map_found(&v, page, &l, w->paged && cpu->a20_mask != UINT32_MAX);
}
