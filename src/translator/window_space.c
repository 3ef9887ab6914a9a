// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Which window serves which address space, and whether one does at all.
#include "translator/window_internal.h"

#include "base/memory_functions.h"

/*
 * User windows belong to one CR3. A kernel is the same in all of them, so a supervisor window is
 * shared by all spaces whose page tables map most of what it has mapped in the same way; the
 * check at CR3 loads takes out what differs: pages of the process before. Kernels with two sets
 * of tables for each process end up with a window for each set.
 *
 * Under WINDOW_AUTO a space runs soft until it has run for a while, and again after its window
 * did not pay. Without paging everything is a few mappings: a window at once.
 */

void spaces_create(struct windows *ws)
{
    for (unsigned n = 0; n < SPACES_MAX; n++)
        ws->spaces[n].key = SPACE_UNUSED;
    ws->key = SPACE_UNUSED;
    ws->patience = 1;
    ws->stay_weight = ws->until_stay = 1;
}

static uint32_t space_flags(const struct cpu *cpu)
{
    uint32_t flags =
        (cpu->smm ? SPACE_IN_SMM : 0) | (cpu->a20_mask != UINT32_MAX ? SPACE_A20_MASKED : 0);
    if (!(cpu->cr0 & CR0_PG))
        return flags;
    return flags | SPACE_PAGED | (cpu->cr0 & CR0_WP ? SPACE_WP : 0) |
           (cpu->cr4 & CR4_PSE ? SPACE_PSE : 0) | (cpu->cr4 & CR4_PAE ? SPACE_PAE : 0) |
           (cpu->msr.efer & EFER_NXE ? SPACE_NXE : 0);
}

static uint64_t space_key(const struct cpu *cpu)
{
    uint32_t flags = space_flags(cpu);
    return (uint64_t)flags << 32 | (flags & SPACE_PAGED ? (uint32_t)cpu->cr3 : 0);
}

static uint32_t key_flags(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

static struct space *space_find(struct windows *ws, uint64_t key)
{
    struct space *oldest = &ws->spaces[0];
    for (unsigned n = 0; n < SPACES_MAX; n++) {
        struct space *space = &ws->spaces[n];
        if (space->key == key)
            return space;
        if (space->last_used < oldest->last_used)
            oldest = space;
    }
    if (oldest->window[1] != NULL)
        oldest->window[1]->taken = false;
    *oldest = (struct space){ .key = key };
    return oldest;
}

/* ---- windows ---- */

static bool shared(const struct windows *ws, const struct window *w)
{
    for (unsigned n = 0; n < SPACES_MAX; n++)
        if (ws->spaces[n].window[0] == w)
            return true;
    return false;
}

static void detach(struct windows *ws, struct window *w)
{
    for (unsigned n = 0; n < SPACES_MAX; n++)
        for (unsigned user = 0; user < 2; user++)
            if (ws->spaces[n].window[user] == w)
                ws->spaces[n].window[user] = NULL;
    for (unsigned user = 0; user < 2; user++)
        if (ws->choice[user] == w)
            ws->chosen[user] = 0;
    w->taken = false;
}

/* One that nobody has; else a new one; else the one used longest ago. Never one of the current
 * space, which would take it back at once. */
static struct window *find_free(struct windows *ws)
{
    struct window *unused = NULL, *oldest = NULL;
    for (unsigned n = 0; n < WINDOWS_MAX; n++) {
        struct window *w = &ws->window[n];
        if (w->host == NULL)
            unused = unused != NULL ? unused : w;
        else if (!w->taken || (!w->user && !shared(ws, w)))
            return w;
        else if (w != ws->space->window[0] && w != ws->space->window[1] &&
                 (oldest == NULL || w->last_used < oldest->last_used))
            oldest = w;
    }
    if (unused != NULL) {
        unused->host = host_window_create(WINDOW_SIZE);
        if (unused->host != NULL) {
            unused->address = host_window_address(unused->host);
            ws->counts.created++;
            ws->counts.windows++;
            return unused;
        }
    }
    ws->counts.evicted += oldest != NULL;
    return oldest;
}

static struct window *take(struct windows *ws, uint64_t key, bool user)
{
    struct window *w = find_free(ws);
    if (w == NULL)
        return NULL;
    detach(ws, w);
    window_drop(ws, w);
    w->taken = true;
    w->user = user;
    w->flags = key_flags(key);
    w->paged = w->flags & SPACE_PAGED;
    w->epoch = 0;
    w->map_epoch = ws->map_epoch;
    memset(w->lost, 0, sizeof w->lost);
    memset(w->churn, 0, sizeof w->churn);
    w->churned = false;
    w->expected = 0;
    w->ahead = 0;
    return w;
}

/* A supervisor window that has most of what it maps in common with the current space. */
static struct window *find_alike(struct windows *ws, uint64_t key)
{
    struct window *best = NULL;
    unsigned best_matches = 0;
    for (unsigned n = 0; n < WINDOWS_MAX; n++) {
        struct window *w = &ws->window[n];
        if (!w->taken || w->user || w->flags != key_flags(key) || w->map_epoch != ws->map_epoch)
            continue;
        unsigned matches = window_matches(ws, w);
        if (matches * 4 >= w->count * 3 && (best == NULL || matches > best_matches)) {
            best = w;
            best_matches = matches;
        }
    }
    return best;
}

/* ---- policy ---- */

static bool earned(const struct windows *ws, const struct space *space, bool user)
{
    if (ws->policy == WINDOW_ALWAYS || !(key_flags(space->key) & SPACE_PAGED))
        return true;
    return user ? space->user_ran >= EARNED_USER : space->ran >= EARNED_SUPERVISOR;
}

/* Another process has taken over the page directory: it starts anew. */
static void start_over(struct windows *ws, struct space *space)
{
    if (space->window[1] != NULL)
        detach(ws, space->window[1]);
    space->ran = space->user_ran = space->soft_until = 0;
    space->failures = 0;
    space->witness_leaf = 0;
}

/*
 * While a space has no window, a page of its stack tells whether it is still the same process: time
 * that many short ones have spent, one after the other, earns none of them a window.
 */
static void look_at_witness(struct windows *ws, struct space *space, bool user)
{
    const uint64_t frame = UINT64_C(0xffffff001); /* and P */
    if (!(key_flags(space->key) & SPACE_PAGED) || space->window[1] != NULL)
        return;
    if (space->witness_leaf != 0 &&
        ((leaf_find(ws, space->witness) ^ space->witness_leaf) & frame) != 0)
        start_over(ws, space);
    if (user && space->witness_leaf == 0) {
        space->witness = (uint32_t)ws->cpu->gpr[RSP];
        space->witness_leaf = leaf_find(ws, space->witness);
    }
}

static void forget_churn(struct windows *ws, int64_t now)
{
    if (now < ws->decay_at)
        return;
    ws->decay_at = now + CHURN_PERIOD;
    for (unsigned n = 0; n < WINDOWS_MAX; n++) {
        struct window *w = &ws->window[n];
        if (!w->churned)
            continue;
        w->churned = false;
        for (unsigned index = 0; index < STRETCHES; index++) {
            w->lost[index] /= 2;
            w->churn[index] /= 2;
            w->churned |= w->lost[index] != 0 || w->churn[index] != 0;
        }
    }
}

static void look_at_cost(struct windows *ws, struct space *space)
{
    space->credit -= space->cost;
    space->cost = 0;
    if (space->window[1] == NULL)
        return;
    if (space->credit < 0) {
        space->soft_until = space->user_ran + (SOFT_PERIOD << space->failures);
        space->failures += space->failures < FAILURES_MAX;
        detach(ws, space->window[1]);
    } else if (space->user_ran - space->taken_at > PROVEN) {
        space->failures = 0;
    }
}

static void add_user_time(struct windows *ws, struct space *space, int64_t ns)
{
    space->user_ran += ns;
    space->credit = MIN(space->credit + ns / CREDIT_SHARE, CREDIT_MAX);
    if (space->window[1] == NULL && space->user_ran >= MAX(space->soft_until, EARNED_USER))
        ws->chosen[1] = 0; /* a window now, not when patience ends: that may be 30 timer ticks */
}

/*
 * Selections come in pairs: into user code and out of it. What an interrupt from outside ended may
 * have been long, a whole timer tick: the next stay is measured. A program that begins to compute
 * would have to wait for STAY_EVERY ticks otherwise.
 */
static void measure_stay(struct windows *ws, bool user)
{
    uint32_t interrupts = ws->cpu->jit.interrupts;
    if (user) {
        if (ws->stay_began == 0 && --ws->until_stay == 0)
            ws->stay_began = host_monotonic_ns();
    } else if (ws->stay_began != 0) {
        int64_t stay = host_monotonic_ns() - ws->stay_began;
        if (ws->space != NULL)
            add_user_time(ws, ws->space, MIN(stay * ws->stay_weight, STAY_MAX));
        ws->stay_began = 0;
        ws->stay_weight = ws->until_stay = stay < STAY_LONG ? STAY_EVERY : 1;
    } else if (interrupts != ws->interrupts) {
        ws->stay_weight = ws->until_stay = 1;
    }
    ws->interrupts = interrupts;
}

/* The time since the last call went to the current space. */
static void account(struct windows *ws)
{
    int64_t now = host_monotonic_ns();
    if (ws->space != NULL) {
        ws->space->ran += MIN(now - ws->since, ACCOUNT_MAX);
        if (ws->policy == WINDOW_AUTO)
            look_at_cost(ws, ws->space);
    }
    ws->since = now;
    forget_churn(ws, now);
}

/* ---- selection ---- */

/* Up to date with the page tables; and still what the space had, not another process. */
static bool refresh(struct windows *ws, struct space *space, struct window *w)
{
    uint32_t before = w->map_epoch == ws->map_epoch ? w->pages : 0;
    if (w->epoch != ws->epoch)
        window_check(ws, w);
    if (ws->policy == WINDOW_AUTO && w->user && before >= REPLACED_PAGES &&
        w->pages < before / REPLACED_SHARE) {
        start_over(ws, space);
        return false;
    }
    return true;
}

static struct window *choose(struct windows *ws, struct space *space, bool user)
{
    if (ws->since < ws->refused_until || (user && space->user_ran < space->soft_until))
        return NULL;
    struct window *w = space->window[user];
    if (w == NULL && !user)
        w = find_alike(ws, space->key);
    if (w == NULL && earned(ws, space, user)) {
        w = take(ws, space->key, user);
        if (user)
            space->credit = CREDIT_MAX;
        space->taken_at = space->user_ran;
    }
    if (w == NULL)
        return NULL;
    space->window[user] = w;
    if (!refresh(ws, space, w))
        return NULL;
    w->last_used = ++ws->stamp;
    return w;
}

/* The guest has handled a page fault and goes back to user code, which repeats the access: one
 * fault of the host's less if the page is mapped already. */
static void map_after_page_fault(struct windows *ws, struct window *w)
{
    ws->seen_cr2 = ws->cpu->cr2;
    if (w->epoch == ws->epoch)
        window_map_ahead(ws, w, ws->seen_cr2, true);
}

static bool use(struct windows *ws, struct window *w)
{
    ws->current = w;
    if (w == NULL) {
        ws->cpu->jit.window = NULL;
        ws->counts.soft_selected++;
        return false;
    }
    ws->cpu->jit.window = w->address;
    host_set_window_base(w->address);
    ws->counts.selected++;
    if (unlikely(w->user && ws->cpu->cr2 != ws->seen_cr2))
        map_after_page_fault(ws, w);
    return true;
}

static bool select_slowly(struct windows *ws, uint64_t key, bool user)
{
    account(ws);
    ws->patience = SELECT_PATIENCE;
    if (key != ws->key) {
        ws->key = key;
        ws->space = space_find(ws, key);
        ws->chosen[0] = ws->chosen[1] = 0;
        ws->seen_cr2 = ws->cpu->cr2;
    }
    if (ws->policy == WINDOW_AUTO)
        look_at_witness(ws, ws->space, user);
    ws->space->last_used = ++ws->stamp;
    ws->choice[user] = choose(ws, ws->space, user);
    ws->chosen[user] = ws->epoch;
    return use(ws, ws->choice[user]);
}

bool window_select(struct windows *ws)
{
    struct cpu *cpu = ws->cpu;
    uint64_t key = space_key(cpu);
    bool user = cpu->cpl == 3 && cpu->cr0 & CR0_PG;
    if (ws->policy == WINDOW_NEVER)
        return use(ws, NULL);
    if (ws->policy == WINDOW_AUTO)
        measure_stay(ws, user);
    if (likely(key == ws->key && ws->chosen[user] == ws->epoch && --ws->patience > 0))
        return use(ws, ws->choice[user]);
    return select_slowly(ws, key, user);
}

void window_flush(struct windows *ws, bool keep_global)
{
    struct cpu *cpu = ws->cpu;
    bool watched = cpu->dr[7] & 0xff || cpu->debug != NULL;
    /* Breakpoints come and go with full flushes. */
    if (!keep_global && (watched || ws->watched))
        ws->map_epoch++;
    ws->watched = watched;
    ws->epoch++;
    /* Where the space itself changes, window_select() follows. */
    if (ws->current != NULL && space_key(cpu) == ws->key) {
        window_check(ws, ws->current);
        for (unsigned user = 0; user < 2; user++)
            if (ws->choice[user] == ws->current)
                ws->chosen[user] = ws->epoch;
    }
}

void window_flush_page(struct windows *ws, uint32_t linear)
{
    for (unsigned n = 0; n < WINDOWS_MAX; n++)
        if (ws->window[n].epoch == ws->epoch && ws->window[n].count > 0)
            window_check_page(ws, &ws->window[n], linear);
}
