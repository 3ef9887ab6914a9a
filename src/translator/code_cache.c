// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where generated code is kept: regions that are filled in turn and emptied as a whole.
#include "translator/internal.h"

#include "base/bits.h"

#define ALIGN(p, n) ((uint8_t *)(((uintptr_t)(p) + (n)-1) & ~(uintptr_t)((n)-1)))
/* A region is full, too, when its translations are smaller than 64 bytes on average. */
enum { MAX_PER_REGION_SHIFT = 6 };
enum { DATA_ALIGN = 8, CODE_ALIGN = 16 };

_Static_assert(CODE_CACHE_MIN / CODE_REGIONS >= 2 * (TRANSLATION_MAX_CODE + COLD_ROOM),
               "a region holds some");

/* Of a region. Blocks of a few instructions have more data than code. */
static size_t data_size(const struct translator *tr)
{
    return ((tr->region_size + tr->region_size / 2) & ~(size_t)(DATA_ALIGN - 1)) +
           TRANSLATION_MAX_DATA;
}

static struct cold_room all_cold(uint8_t *end)
{
    return (struct cold_room){
        .floor = end, .stubs = end, .end = end, .slots = (uint64_t *)end, .bottom = (uint64_t *)end
    };
}

static void region_create(struct region *r, uint8_t *code, uint8_t *end, uint8_t *data)
{
    size_t size = (size_t)(end - code);
    *r = (struct region){ .code = code,
                          .code_end = end,
                          .code_used = code,
                          .cold = all_cold(end),
                          .data = data,
                          .data_used = data };
    r->starts = host_alloc((size >> MAX_PER_REGION_SHIFT) * sizeof *r->starts);
    r->translations = host_alloc((size >> MAX_PER_REGION_SHIFT) * sizeof *r->translations);
    r->before = host_alloc((size / START_STEP + 1) * sizeof *r->before);
}

/* The next region, filled after `before`; the first begins with the glue. */
static void add_region(struct translator *tr, struct region *before)
{
    unsigned n = tr->regions_used++;
    uint8_t *code = tr->cache + n * tr->region_size, *end = code + tr->region_size;
    if (n == 0)
        code = ALIGN(emit_glue(tr, code, end), CODE_ALIGN);
    struct region *r = &tr->regions[n];
    region_create(r, code, end, tr->data + DATA_ALIGN + n * data_size(tr));
    r->next = before->next; /* of the first, itself */
    before->next = n;
    tr->counts.code_room += tr->region_size;
}

bool code_cache_create(struct translator *tr)
{
    unsigned most = tr->options.cache_grows ? CODE_REGIONS_MAX : CODE_REGIONS;
    tr->region_size = tr->options.cache_size / CODE_REGIONS & ~(uint64_t)(PAGE_SIZE - 1);
    host_assert(tr->region_size * most <= CODE_CACHE_MAX, "links reach all of the code cache");
    tr->code = host_code_create(tr->region_size * most);
    if (tr->code == NULL && most > CODE_REGIONS) {
        most = CODE_REGIONS; /* the host has a limit: it stays as it is */
        tr->code = host_code_create(tr->region_size * most);
    }
    if (tr->code == NULL)
        return false;
    tr->cache_size = tr->region_size * most;
    tr->cache = host_code_write_address(tr->code);
    tr->to_run = host_code_run_address(tr->code) - tr->cache;
    tr->data = host_alloc(DATA_ALIGN + most * data_size(tr)); /* NO_DATA is nobody's */
    for (unsigned n = 0; n < CODE_REGIONS; n++)
        add_region(tr, &tr->regions[n > 0 ? n - 1 : 0]);
    return true;
}

void code_cache_destroy(struct translator *tr)
{
    for (unsigned n = 0; n < tr->regions_used; n++) {
        host_free(tr->regions[n].starts);
        host_free(tr->regions[n].translations);
        host_free(tr->regions[n].before);
    }
    host_free(tr->data);
    if (tr->code != NULL)
        host_code_destroy(tr->code);
}

static void empty(struct translator *tr, struct region *r)
{
    far_links_empty(tr);
    for (unsigned n = 0; n < RECENT_SITES; n++)
        tr->recent[n].pc = 0;
    for (unsigned n = r->count; n-- > 0;)
        translation_drop(tr, data_at(tr, r->translations[n]));
    tr->counts.code_bytes -= (uint64_t)((r->code_used - r->code) + (r->code_end - r->cold.floor));
    r->count = r->steps = 0;
    r->code_used = r->code;
    r->cold = all_cold(r->code_end);
    r->data_used = r->data;
    tr->pending = NULL;
}

/* The oldest, to make room. */
static void evict(struct translator *tr, struct region *r)
{
    for (unsigned n = 0; n < r->count; n++) {
        const struct translated *t = data_at(tr, r->translations[n]);
        if (t->block != NULL)
            regrets_dropped(&tr->regrets, t);
    }
    empty(tr, r);
    tr->counts.evictions++;
}

static bool has_room(const struct translator *tr, const struct region *r)
{
    return (size_t)(r->cold.floor - r->code_used) >= TRANSLATION_MAX_CODE + COLD_ROOM &&
           data_size(tr) - (size_t)(r->data_used - r->data) >= TRANSLATION_MAX_DATA &&
           r->count + TRANSLATION_CHAIN <= (size_t)(r->code_end - r->code) >> MAX_PER_REGION_SHIFT;
}

static bool may_grow(const struct translator *tr)
{
    return (tr->regions_used + 1) * tr->region_size <= tr->cache_size;
}

struct region *code_cache_reserve(struct translator *tr)
{
    struct region *r = &tr->regions[tr->current];
    if (has_room(tr, r))
        return r;
    bool is_full = tr->regions[r->next].count > 0;
    if (is_full && regrets_are_many(&tr->regrets) && may_grow(tr))
        add_region(tr, r);
    tr->current = r->next;
    r = &tr->regions[tr->current];
    if (r->count > 0)
        evict(tr, r);
    return r;
}

void code_cache_publish(struct translator *tr, struct region *r, struct translated *t,
                        uint8_t *code_end, uint8_t *data_end)
{
    uint8_t *used = MIN(ALIGN(code_end, CODE_ALIGN), r->cold.floor);
    tr->counts.code_bytes += (uint64_t)(used - r->code_used);
    r->code_used = used;
    r->data_used = ALIGN(data_end, DATA_ALIGN);
    uint32_t start = (uint32_t)(t->code - r->code);
    while (r->steps <= start / START_STEP)
        r->before[r->steps++] = r->count;
    r->starts[r->count] = start;
    r->translations[r->count++] = data_ref_of(tr, t);
}

void code_cache_flush(struct translator *tr)
{
    for (unsigned n = 0; n < tr->regions_used; n++)
        empty(tr, &tr->regions[n]);
    tr->current = 0;
}

/* How many translations begin at or before this byte. Every way to the executor comes here. */
static unsigned count_begun(const struct region *r, uint32_t at)
{
    unsigned step = at / START_STEP;
    unsigned low = step < r->steps ? r->before[step] : r->count;
    unsigned high = step + 1 < r->steps ? r->before[step + 1] : r->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (r->starts[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct translated *code_cache_find(const struct translator *tr, uint64_t pc)
{
    uint64_t at = pc - (uint64_t)(uintptr_t)runs_at(tr, tr->cache);
    if (at >= tr->cache_size)
        return NULL;
    const uint8_t *written = tr->cache + at;
    const struct region *r = &tr->regions[at / tr->region_size];
    unsigned begun = count_begun(r, (uint32_t)(written - r->code));
    if (written < r->code || begun == 0)
        return NULL;
    struct translated *t = data_at(tr, r->translations[begun - 1]);
    return written < t->code + t->size ? t : NULL;
}

unsigned code_cache_insn_at(const struct translator *tr, const struct translated *t, uint64_t pc)
{
    uint32_t at = (uint32_t)(pc - (uint64_t)(uintptr_t)runs_at(tr, t->code));
    if (at < t->offsets[0] || at >= t->offsets[t->count])
        return t->count;
    unsigned low = 0, high = t->count;
    while (high - low > 1) {
        unsigned middle = (low + high) / 2;
        if (t->offsets[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

const struct recent_site *code_cache_site(struct translator *tr, uint64_t pc)
{
    struct recent_site *site = &tr->recent[pc % RECENT_SITES];
    if (likely(site->pc == pc))
        return site;
    site->pc = pc;
    site->t = code_cache_find(tr, pc);
    site->index = code_cache_insn_at(tr, site->t, pc);
    site->guest_offset = translation_guest_offset(site->t, site->index);
    return site;
}
