// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Stretches: what is known of the pages that windows map. No host calls but at creation: all of
// this also runs in the host's fault handler.
#include "translator/window_internal.h"

#include "base/memory_functions.h"

void stretches_create(struct windows *ws)
{
    ws->pool = host_alloc(STRETCH_POOL * sizeof *ws->pool);
    ws->free = host_alloc(STRETCH_POOL * sizeof *ws->free);
    while (ws->free_count < STRETCH_POOL) {
        ws->free[ws->free_count] = (uint16_t)(STRETCH_POOL - 1 - ws->free_count);
        ws->free_count++;
    }
}

void stretches_destroy(struct windows *ws)
{
    host_free(ws->pool);
    host_free(ws->free);
}

/* ---- frames ---- */

/* One number is left out between blocks: pages of two of them never look contiguous. */
bool frame_of(struct windows *ws, struct ram_block *ram, uint64_t offset, uint32_t *frame)
{
    unsigned n = 0;
    while (n < ws->frame_blocks && ws->frames[n].ram != ram)
        n++;
    if (n == ws->frame_blocks) {
        uint64_t pages = ram->size >> PAGE_SHIFT;
        if (n == FRAME_BLOCKS_MAX || pages >= UINT32_MAX - ws->next_frame)
            return false;
        ws->frames[ws->frame_blocks++] = (struct ram_frames){ ram, ws->next_frame };
        ws->next_frame += (uint32_t)pages + 1;
    }
    *frame = ws->frames[n].first + (uint32_t)(offset >> PAGE_SHIFT);
    return true;
}

/* ---- stretches ---- */

unsigned stretch_position(const struct window *w, unsigned index)
{
    unsigned low = 0, high = w->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (w->used[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct stretch *stretch_add(struct windows *ws, struct window *w, unsigned index, uint64_t entry,
                            const uint8_t *table, uint8_t entry_size)
{
    if (ws->free_count == 0)
        return NULL;
    unsigned place = ws->free[--ws->free_count], n = stretch_position(w, index);
    memmove(&w->used[n + 1], &w->used[n], (w->count - n) * sizeof w->used[0]);
    memmove(&w->entry[n + 1], &w->entry[n], (w->count - n) * sizeof w->entry[0]);
    w->used[n] = (uint16_t)index;
    w->entry[n] = entry;
    w->count++;
    w->at[index] = (uint16_t)(place + 1);

    struct stretch *s = &ws->pool[place];
    s->table = table;
    s->index = (uint16_t)index;
    s->entry_size = entry_size;
    s->pages = s->writable_pages = 0;
    s->frame_min = UINT32_MAX;
    s->frame_max = 0;
    memset(s->mapped, 0, sizeof s->mapped);
    memset(s->writable, 0, sizeof s->writable);
    return s;
}

static void forget(struct windows *ws, struct window *w, unsigned index)
{
    struct stretch *s = stretch_at(ws, w, index);
    for (unsigned word = 0; s->table != NULL && word < PAGE_WORDS; word++)
        for (uint64_t left = s->writable[word]; left != 0; left &= left - 1)
            page_note_writable(ws, s, word * 64 + (unsigned)__builtin_ctzll(left), false);
    w->pages -= s->pages;
    ws->counts.unmapped += s->pages;
    ws->free[ws->free_count++] = (uint16_t)(w->at[index] - 1);
    w->at[index] = 0;
}

void stretches_remove(struct windows *ws, struct window *w, unsigned from, unsigned to)
{
    for (unsigned n = from; n < to; n++)
        forget(ws, w, w->used[n]);
    memmove(&w->used[from], &w->used[to], (w->count - to) * sizeof w->used[0]);
    memmove(&w->entry[from], &w->entry[to], (w->count - to) * sizeof w->entry[0]);
    w->count -= to - from;
}

/* ---- pages ---- */

void page_note_writable(struct windows *ws, struct stretch *s, unsigned page, bool writable)
{
    if (page_bit(s->writable, page) == writable)
        return;
    s->writable[page / 64] ^= UINT64_C(1) << (page % 64);
    s->writable_pages += writable ? 1 : -1;
    if (s->table != NULL)
        ws->writable_frames[s->frame[page] % FRAME_FILTER] += writable ? 1 : -1;
}

void page_note_mapped(struct windows *ws, struct window *w, struct stretch *s, unsigned page,
                      uint32_t frame, uint64_t leaf, bool writable)
{
    s->mapped[page / 64] |= UINT64_C(1) << (page % 64);
    s->frame[page] = frame;
    if (s->table != NULL)
        s->leaf[page] = leaf;
    s->frame_min = MIN(s->frame_min, frame);
    s->frame_max = MAX(s->frame_max, frame);
    s->pages++;
    w->pages++;
    ws->counts.mapped++;
    page_note_writable(ws, s, page, writable);
}

void page_note_unmapped(struct windows *ws, struct window *w, struct stretch *s, unsigned page)
{
    page_note_writable(ws, s, page, false);
    s->mapped[page / 64] &= ~(UINT64_C(1) << (page % 64));
    s->pages--;
    w->pages--;
    ws->counts.unmapped++;
}
