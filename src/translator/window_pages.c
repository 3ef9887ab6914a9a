// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Changes of what windows map, and the host's limit of mappings.
#include "translator/window_internal.h"

/*
 * The host counts mappings, and its limit holds for the whole process. An exact count would have
 * to know how it merges; so each change adds the most it can, and once the sum passes the budget
 * the windows are counted anew. Where the host refuses all the same, whole windows are emptied,
 * which it cannot refuse: a range from the first page mapped to the last splits no mapping.
 */

static void count_change(struct windows *ws, struct window *w, uint32_t mappings)
{
    w->mappings += mappings;
    ws->mappings += mappings;
}

/* Linear address of the first page mapped, and of the end of the last one. False: none is. */
static bool hull(const struct windows *ws, const struct window *w, uint64_t *from, uint64_t *to)
{
    unsigned first = 0, last = w->count, low = 0, high = STRETCH_PAGES;
    while (first < last && stretch_at(ws, w, w->used[first])->pages == 0)
        first++;
    while (last > first && stretch_at(ws, w, w->used[last - 1])->pages == 0)
        last--;
    if (first == last)
        return false;
    const struct stretch *bottom = stretch_at(ws, w, w->used[first]);
    const struct stretch *top = stretch_at(ws, w, w->used[last - 1]);
    while (!page_bit(bottom->mapped, low))
        low++;
    while (!page_bit(top->mapped, high - 1))
        high--;
    *from = page_linear(bottom, low);
    *to = page_linear(top, high);
    return true;
}

void window_drop(struct windows *ws, struct window *w)
{
    uint64_t from, to;
    if (hull(ws, w, &from, &to)) {
        bool done = host_window_unmap(w->host, from, to - from);
        host_assert(done, "the host does not unmap a window");
        window_cost(ws, w, COST_UNMAP);
    }
    stretches_remove(ws, w, 0, w->count);
    ws->mappings -= w->mappings;
    w->mappings = 0;
}

/* By runs of pages that the host can have in one mapping. */
static uint32_t count_mappings(const struct windows *ws, const struct window *w)
{
    uint32_t runs = 0;
    for (unsigned n = 0; n < w->count; n++) {
        const struct stretch *s = stretch_at(ws, w, w->used[n]);
        uint32_t next_frame = 0;
        bool mapped = false, writable = false;
        for (unsigned page = 0; page < STRETCH_PAGES; page++) {
            bool now = page_bit(s->mapped, page), now_writable = page_bit(s->writable, page);
            if (now && !(mapped && s->frame[page] == next_frame && now_writable == writable))
                runs++;
            mapped = now;
            writable = now_writable;
            next_frame = s->frame[page] + 1;
        }
    }
    return runs * host_window_mappings_per_run(w->host);
}

static void recount(struct windows *ws)
{
    ws->mappings = 0;
    for (unsigned n = 0; n < WINDOWS_MAX; n++) {
        struct window *w = &ws->window[n];
        w->mappings = w->count > 0 ? count_mappings(ws, w) : 0;
        ws->mappings += w->mappings;
    }
}

/* Empty the window that was used longest ago. False: only `spared` has anything. */
static bool empty_another(struct windows *ws, const struct window *spared)
{
    struct window *oldest = NULL;
    for (unsigned n = 0; n < WINDOWS_MAX; n++) {
        struct window *w = &ws->window[n];
        if (w != spared && w->count > 0 && (oldest == NULL || w->last_used < oldest->last_used))
            oldest = w;
    }
    if (oldest == NULL)
        return false;
    window_drop(ws, oldest);
    ws->counts.dropped_for_limit++;
    return true;
}

static void empty(struct windows *ws, struct window *w)
{
    window_drop(ws, w);
    ws->counts.dropped_for_limit++;
}

void window_make_room(struct windows *ws, struct window *w)
{
    if (unlikely(ws->mappings >= ws->budget)) {
        recount(ws);
        while (ws->mappings >= ws->budget - ws->budget / 4)
            if (!empty_another(ws, w)) {
                empty(ws, w);
                break;
            }
    }
    if (unlikely(ws->free_count == 0) && !empty_another(ws, w))
        empty(ws, w);
}

/* Not one page can be mapped: the next selection, as soon as C decides where to go on, is that of
 * no window, and so are all for a while. */
static void go_without(struct windows *ws)
{
    ws->refused_until = host_monotonic_ns() + REFUSED_PERIOD;
    ws->counts.refused++;
    ws->patience = 1;
    ws->cpu->jit.space_changed = true;
}

bool pages_map(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
               unsigned end, struct ram_block *ram, uint64_t offset, bool writable)
{
    uint64_t at = page_linear(s, first), size = (uint64_t)(end - first) << PAGE_SHIFT;
    while (!host_window_map(w->host, at, ram->ram, offset, size, writable)) {
        if (!empty_another(ws, w)) {
            empty(ws, w);
            go_without(ws);
            return false;
        }
    }
    count_change(ws, w, 2);
    window_cost(ws, w, COST_MAP);
    return true;
}

bool pages_protect(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
                   unsigned end, bool writable)
{
    uint64_t at = page_linear(s, first), size = (uint64_t)(end - first) << PAGE_SHIFT;
    while (!host_window_protect(w->host, at, size, writable)) {
        if (!empty_another(ws, w)) {
            empty(ws, w);
            return false;
        }
    }
    for (unsigned page = first; page < end; page++)
        page_note_writable(ws, s, page, writable);
    ws->counts.protected += writable ? 0 : end - first;
    count_change(ws, w, 2);
    window_cost(ws, w, COST_PROTECT);
    return true;
}

static bool unmap_range(struct windows *ws, struct window *w, uint64_t at, uint64_t size)
{
    while (!host_window_unmap(w->host, at, size)) {
        if (!empty_another(ws, w)) {
            empty(ws, w);
            return false;
        }
    }
    count_change(ws, w, 2);
    window_cost(ws, w, COST_UNMAP);
    return true;
}

bool pages_unmap(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
                 unsigned end)
{
    if (!unmap_range(ws, w, page_linear(s, first), (uint64_t)(end - first) << PAGE_SHIFT))
        return false;
    for (unsigned page = first; page < end; page++)
        if (page_bit(s->mapped, page))
            page_note_unmapped(ws, w, s, page);
    return true;
}

bool stretches_unmap(struct windows *ws, struct window *w, unsigned from, unsigned to)
{
    uint64_t at = (uint64_t)w->used[from] << STRETCH_SHIFT;
    uint64_t end = (uint64_t)(w->used[to - 1] + 1) << STRETCH_SHIFT;
    if (!unmap_range(ws, w, at, end - at))
        return false;
    stretches_remove(ws, w, from, to);
    return true;
}
