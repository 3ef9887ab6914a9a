// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a window still maps after a flush: pages whose entries are as they were.
#include "translator/window_internal.h"

enum verdict { KEEP, READ_ONLY, GONE };

/*
 * A page under `old` that now has `now`. After the flush the processor would walk again: an
 * access must set A again if it is clear, and a store D, so what was cleared has to fault. More
 * rights than before are found by a fault, too.
 */
static enum verdict judge(uint64_t old, uint64_t now)
{
    const uint64_t ignored = 0xe00; /* bits 11-9 are the system's */
    uint64_t changed = (old ^ now) & ~ignored;
    if (likely(changed == 0))
        return KEEP;
    if (changed & ~(uint64_t)(ENTRY_D | ENTRY_W))
        return GONE;
    return changed & old ? READ_ONLY : KEEP;
}

static void note_loss(struct window *w, const struct stretch *s, unsigned pages)
{
    unsigned lost = w->lost[s->index] + pages;
    w->lost[s->index] = (uint8_t)MIN(lost, UINT8_MAX);
    w->churned = true;
}

/* Pages [first, end) have the same verdict. False: the window is empty now. */
static bool execute(struct windows *ws, struct window *w, struct stretch *s, unsigned first,
                    unsigned end, enum verdict verdict)
{
    if (verdict == GONE) {
        note_loss(w, s, end - first);
        return pages_unmap(ws, w, s, first, end);
    }
    for (unsigned page = first; page < end; page++)
        if (page_bit(s->writable, page))
            return pages_protect(ws, w, s, first, end, false);
    return true;
}

static enum verdict judge_page(struct stretch *s, unsigned page)
{
    uint64_t now = stored_entry(s->table + page * s->entry_size, s->entry_size);
    enum verdict verdict = judge(s->leaf[page], now);
    if (verdict != GONE)
        s->leaf[page] = now;
    return verdict;
}

/* 64 pages of a table. False: the window is empty now. */
static bool check_word(struct windows *ws, struct window *w, struct stretch *s, unsigned word)
{
    unsigned first = 0, next = STRETCH_PAGES; /* next: of a run of `run` that began at first */
    enum verdict run = KEEP;
    for (uint64_t left = s->mapped[word]; left != 0; left &= left - 1) {
        unsigned page = word * 64 + (unsigned)__builtin_ctzll(left);
        enum verdict verdict = judge_page(s, page);
        if (verdict == run && page == next) {
            next++;
            continue;
        }
        if (run != KEEP && !execute(ws, w, s, first, next, run))
            return false;
        run = verdict;
        first = page;
        next = page + 1;
    }
    return run == KEEP || execute(ws, w, s, first, next, run);
}

/* All 512 entries as pages of a table. */
static bool check_table(struct windows *ws, struct window *w, struct stretch *s)
{
    for (unsigned word = 0; word < PAGE_WORDS; word++)
        if (s->mapped[word] != 0 && !check_word(ws, w, s, word))
            return false;
    return true;
}

/* D of a large page was cleared, or W. */
static bool protect_all(struct windows *ws, struct window *w, struct stretch *s)
{
    for (unsigned page = 0; page < STRETCH_PAGES; page++) {
        unsigned first = page;
        while (page < STRETCH_PAGES && page_bit(s->writable, page))
            page++;
        if (page > first && !pages_protect(ws, w, s, first, page, false))
            return false;
    }
    return true;
}

/* used[n] as the page directory has it now. */
static enum verdict judge_stretch(const struct windows *ws, const struct window *w, unsigned n,
                                  struct place *place)
{
    const struct stretch *s = stretch_at(ws, w, w->used[n]);
    if (!place_find(ws, w->used[n], place) || place->entry_size != s->entry_size ||
        place->table != s->table)
        return GONE;
    if (s->table == NULL)
        return judge(w->entry[n], place->entry);
    return w->entry[n] == place->entry ? KEEP : GONE;
}

/* A stretch whose directory entry is judged already not to be gone. */
static bool check_kept(struct windows *ws, struct window *w, unsigned n, const struct place *place,
                       enum verdict verdict)
{
    struct stretch *s = stretch_at(ws, w, w->used[n]);
    w->entry[n] = place->entry;
    if (s->table != NULL)
        return check_table(ws, w, s);
    return verdict == KEEP || protect_all(ws, w, s);
}

/* From used[n] on, the first stretch that is not a large page as before: a kernel has hundreds. */
static unsigned skip_large(const struct windows *ws, const struct window *w, unsigned n)
{
    unsigned size = w->flags & SPACE_PAE ? 8 : 4, first = 0, end = 0;
    const uint8_t *entries = NULL;
    if (!(w->flags & (SPACE_PAE | SPACE_PSE)))
        return n;
    for (; n < w->count; n++) {
        unsigned index = w->used[n];
        if (index >= end) {
            first = index;
            end = first + directory_find(ws, index, &entries);
            if (end == first)
                return n;
        }
        unsigned distance = size == 8 ? index - first : index / 2 - first / 2;
        if (!(w->entry[n] & ENTRY_PS) ||
            stored_entry(entries + distance * size, size) != w->entry[n])
            return n;
    }
    return n;
}

/* From used[n] on, how many in succession are gone. The verdict is on the one behind them. A large
 * page is one loss: it is split once, and its 512 pages are not what changes often. */
static unsigned count_gone(const struct windows *ws, struct window *w, unsigned n,
                           struct place *place, enum verdict *verdict)
{
    unsigned gone = n;
    for (; gone < w->count; gone++) {
        *verdict = judge_stretch(ws, w, gone, place);
        if (*verdict != GONE)
            break;
        const struct stretch *s = stretch_at(ws, w, w->used[gone]);
        note_loss(w, s, s->table != NULL ? s->pages : 1);
    }
    return gone - n;
}

static void check_tables(struct windows *ws, struct window *w)
{
    for (unsigned n = skip_large(ws, w, 0); n < w->count; n = skip_large(ws, w, n)) {
        struct place place = { 0 };
        enum verdict verdict = KEEP;
        unsigned gone = count_gone(ws, w, n, &place, &verdict);
        bool kept = n + gone < w->count;
        if (gone > 0 && !stretches_unmap(ws, w, n, n + gone))
            return;
        if (kept && !check_kept(ws, w, n++, &place, verdict))
            return;
    }
}

void window_check(struct windows *ws, struct window *w)
{
    if (w->map_epoch != ws->map_epoch)
        window_drop(ws, w);
    else if (w->paged)
        check_tables(ws, w);
    w->map_epoch = ws->map_epoch;
    w->epoch = ws->epoch;
}

/* page: -1 if only the directory entry matters. */
static void check_stretch(struct windows *ws, struct window *w, unsigned index, int page)
{
    struct stretch *s = stretch_at(ws, w, index);
    struct place place = { 0 };
    if (s == NULL)
        return;
    unsigned n = stretch_position(w, index);
    enum verdict verdict = judge_stretch(ws, w, n, &place);
    if (verdict == GONE) {
        stretches_unmap(ws, w, n, n + 1);
    } else if (s->table == NULL) {
        check_kept(ws, w, n, &place, verdict);
    } else if (page >= 0 && page_bit(s->mapped, (unsigned)page)) {
        verdict = judge_page(s, (unsigned)page);
        if (verdict != KEEP)
            execute(ws, w, s, (unsigned)page, (unsigned)page + 1, verdict);
    }
}

/* INVLPG, SDM 3A 4.10.4.1. A directory entry of 4 MiB covers two stretches. */
void window_check_page(struct windows *ws, struct window *w, uint32_t linear)
{
    unsigned index = linear >> STRETCH_SHIFT;
    if (!w->paged)
        return;
    if (!(w->flags & SPACE_PAE))
        check_stretch(ws, w, index ^ 1, -1);
    check_stretch(ws, w, index, (int)(linear >> PAGE_SHIFT & (STRETCH_PAGES - 1)));
}

unsigned window_matches(const struct windows *ws, const struct window *w)
{
    unsigned matches = 0;
    for (unsigned n = 0; n < w->count; n++) {
        struct place place = { 0 };
        matches += judge_stretch(ws, w, n, &place) != GONE;
    }
    return matches;
}
