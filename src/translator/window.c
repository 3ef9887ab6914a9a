// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: creation, faults, and the protection of pages of RAM in all of them.
#include "translator/window.h"

#include "translator/window_internal.h"

/* Page tables are read through addresses that a change of the map makes wrong: nothing mapped under
 * the old map is looked at again. Listeners run on the CPU's thread or while it stands. */
static void map_changed(void *opaque)
{
    struct windows *ws = opaque;
    ws->map_epoch++;
    window_flush(ws, false);
}

/* Half of what the host allows: the rest of the process has mappings, too. */
static uint32_t default_budget(void)
{
    return (uint32_t)MIN(host_window_mapping_limit() / 2, UINT64_C(1) << 24);
}

struct windows *windows_create(struct cpu *cpu, enum window_policy policy, const char **why)
{
    struct windows *ws = host_alloc(sizeof *ws);
    ws->cpu = cpu;
    ws->policy = policy;
    ws->epoch = ws->map_epoch = 1;
    ws->budget = default_budget();
    stretches_create(ws);
    spaces_create(ws);
    if (policy != WINDOW_NEVER) {
        struct window *w = &ws->window[0];
        w->host = host_window_create(WINDOW_SIZE);
        if (w->host == NULL) {
            *why = "the host gives no 4 GiB of addresses";
            windows_destroy(ws);
            return NULL;
        }
        w->address = host_window_address(w->host);
        ws->counts.created = ws->counts.windows = 1;
    }
    ws->listener = (struct memory_listener){ .map_changed = map_changed, .opaque = ws };
    memory_add_listener(cpu->bus.memory, &ws->listener);
    return ws;
}

void windows_destroy(struct windows *ws)
{
    if (ws == NULL)
        return;
    memory_remove_listener(ws->cpu->bus.memory, &ws->listener);
    for (unsigned n = 0; n < WINDOWS_MAX; n++)
        host_window_destroy(ws->window[n].host);
    stretches_destroy(ws);
    host_free(ws);
}

void windows_set_budget(struct windows *ws, uint32_t mappings)
{
    ws->budget = mappings;
}

void windows_count(const struct windows *ws, struct window_counts *counts)
{
    *counts = ws->counts;
}

/* ---- faults ---- */

static bool is_mappable(const struct windows *ws, const struct window *w, uint32_t linear)
{
    /* Another thread has switched address line 20: the window is changed at the next flush. */
    if (!(w->flags & SPACE_A20_MASKED) != (ws->cpu->a20_mask == UINT32_MAX))
        return false;
    return w->user || ws->policy != WINDOW_AUTO || w->churn[linear >> STRETCH_SHIFT] < CHURN_LIMIT;
}

static bool map_page(struct windows *ws, struct window *w, uint32_t linear, bool write, bool hint)
{
    unsigned index = linear >> STRETCH_SHIFT;
    if (!is_mappable(ws, w, linear) || !window_map_page(ws, w, linear, write, hint))
        return false;
    if (w->lost[index] > 0) {
        w->lost[index]--;
        w->churn[index] += w->churn[index] < UINT8_MAX;
    }
    return true;
}

bool window_fault(struct windows *ws, uint32_t linear, bool write)
{
    struct window *w = ws->current;
    ws->guests_fault = false;
    if (w == NULL || !map_page(ws, w, linear, write, false))
        return false;
    window_cost(ws, w, COST_FAULT);
    ws->counts.faults++;
    return true;
}

bool window_fault_is_guests(const struct windows *ws)
{
    return ws->guests_fault;
}

bool window_map_ahead(struct windows *ws, struct window *w, uint32_t linear, bool write)
{
    if (!map_page(ws, w, linear, write, true))
        return false;
    ws->counts.prefilled++;
    return true;
}

void window_hint(struct windows *ws, uint32_t linear, bool write)
{
    if (ws->current != NULL)
        window_map_ahead(ws, ws->current, linear, write);
}

/* ---- protection ---- */

static bool any_writable(const struct windows *ws, uint32_t first, uint32_t count)
{
    if (count >= FRAME_FILTER)
        return true;
    for (uint32_t frame = first; frame - first < count; frame++)
        if (ws->writable_frames[frame % FRAME_FILTER] != 0)
            return true;
    return false;
}

/*
 * Pages that could be stored to until now count as written: the caller may have heard late that
 * somebody cleared their dirty bits.
 */
static void mark_dirty(struct ram_block *ram, uint64_t offset, const struct stretch *s,
                       unsigned page, uint32_t first)
{
    ram_page_set_flags(ram, (offset >> PAGE_SHIFT) + (s->frame[page] - first), ram->dirty_clients);
}

struct protection {
    struct windows *ws;
    struct ram_block *ram;
    uint64_t offset;
    uint32_t first, count; /* frames */
};

static bool concerns(const struct protection *p, const struct stretch *s, unsigned page)
{
    return page_bit(s->writable, page) && s->frame[page] - p->first < p->count;
}

/* False: the window is empty now. */
static bool protect_stretch(const struct protection *p, struct window *w, struct stretch *s)
{
    for (unsigned page = 0; page < STRETCH_PAGES; page++) {
        unsigned first = page;
        while (page < STRETCH_PAGES && concerns(p, s, page))
            mark_dirty(p->ram, p->offset, s, page++, p->first);
        if (page > first && !pages_protect(p->ws, w, s, first, page, false))
            return false;
    }
    return true;
}

static bool may_concern(const struct protection *p, const struct stretch *s, bool tables)
{
    return s->writable_pages != 0 && (s->table == NULL || tables) && s->frame_max >= p->first &&
           s->frame_min < p->first + p->count;
}

static void protect_window(const struct protection *p, struct window *w, bool tables)
{
    for (unsigned n = 0; n < w->count; n++) {
        struct stretch *s = stretch_at(p->ws, w, w->used[n]);
        if (may_concern(p, s, tables) && !protect_stretch(p, w, s))
            return;
    }
}

static void protect(struct windows *ws, struct ram_block *ram, uint64_t offset, uint64_t length)
{
    struct protection p = { .ws = ws, .ram = ram, .offset = offset };
    uint64_t pages = ((offset + length - 1) >> PAGE_SHIFT) - (offset >> PAGE_SHIFT) + 1;
    if (!frame_of(ws, ram, offset, &p.first))
        return;
    p.count = (uint32_t)pages;
    bool tables = any_writable(ws, p.first, p.count);
    for (unsigned n = 0; n < WINDOWS_MAX; n++)
        protect_window(&p, &ws->window[n], tables);
}

void window_protect(struct windows *ws, struct ram_block *ram, uint64_t offset, uint64_t length)
{
    if (ram != NULL && length > 0)
        protect(ws, ram, offset, length);
    for (unsigned n = 0; ram == NULL && n < ws->frame_blocks; n++)
        protect(ws, ws->frames[n].ram, 0, ws->frames[n].ram->size);
}
