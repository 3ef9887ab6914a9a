// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where generated code is kept: regions that are filled in turn and emptied as a whole.
#include "translator/internal.h"

#include "base/bits.h"

#define ALIGN(p, n) ((uint8_t *)(((uintptr_t)(p) + (n)-1) & ~(uintptr_t)((n)-1)))
enum { MAX_PER_REGION_SHIFT = 6 }; /* no translation is smaller than 64 bytes */

_Static_assert(CODE_CACHE_MIN / CODE_REGIONS >= 2 * TRANSLATION_MAX_CODE, "a region holds some");

/* Blocks of a few instructions have more data than code. */
static size_t data_size(const struct region *r)
{
    size_t code = (size_t)(r->code_end - r->code);
    return code + code / 2 + TRANSLATION_MAX_DATA;
}

static void region_create(struct region *r, uint8_t *code, uint8_t *end)
{
    size_t size = (size_t)(end - code);
    *r = (struct region){
        .code = code, .code_end = end, .code_used = code, .slots = (uint64_t *)end
    };
    r->data = host_alloc(data_size(r));
    r->data_used = r->data;
    r->by_address = host_alloc((size >> MAX_PER_REGION_SHIFT) * sizeof *r->by_address);
}

bool code_cache_create(struct translator *tr)
{
    tr->code = host_code_create(tr->options.cache_size);
    if (tr->code == NULL)
        return false;
    tr->cache_size = tr->options.cache_size;
    tr->cache = host_code_write_address(tr->code);
    tr->to_run = host_code_run_address(tr->code) - tr->cache;
    uint64_t each = tr->cache_size / CODE_REGIONS;
    for (unsigned n = 0; n < CODE_REGIONS; n++) {
        uint8_t *code = tr->cache + n * each, *end = code + each;
        if (n == 0)
            code = ALIGN(emit_glue(tr, code, end), 64);
        region_create(&tr->regions[n], code, end);
    }
    return true;
}

void code_cache_destroy(struct translator *tr)
{
    for (unsigned n = 0; n < CODE_REGIONS; n++) {
        host_free(tr->regions[n].data);
        host_free(tr->regions[n].by_address);
    }
    if (tr->code != NULL)
        host_code_destroy(tr->code);
}

static void empty(struct translator *tr, struct region *r)
{
    far_links_empty(tr);
    for (struct translated *t = r->first; t != NULL; t = t->next_in_region)
        translation_drop(tr, t);
    tr->counts.code_bytes -= (uint64_t)(r->code_used - r->code);
    r->first = NULL;
    r->count = 0;
    r->code_used = r->code;
    r->slots = (uint64_t *)r->code_end;
    r->data_used = r->data;
    tr->pending = NULL;
}

static bool has_room(const struct region *r)
{
    return (size_t)((uint8_t *)r->slots - r->code_used) >= TRANSLATION_MAX_CODE &&
           data_size(r) - (size_t)(r->data_used - r->data) >= TRANSLATION_MAX_DATA &&
           r->count + TRANSLATION_CHAIN <= (size_t)(r->code_end - r->code) >> MAX_PER_REGION_SHIFT;
}

struct region *code_cache_reserve(struct translator *tr)
{
    struct region *r = &tr->regions[tr->current];
    if (has_room(r))
        return r;
    tr->current = (tr->current + 1) % CODE_REGIONS;
    r = &tr->regions[tr->current];
    if (r->first != NULL) {
        empty(tr, r);
        tr->counts.evictions++;
    }
    return r;
}

void code_cache_publish(struct translator *tr, struct region *r, struct translated *t,
                        uint8_t *code_end, uint8_t *data_end)
{
    uint8_t *used = MIN(ALIGN(code_end, 64), (uint8_t *)r->slots);
    tr->counts.code_bytes += (uint64_t)(used - r->code_used);
    r->code_used = used;
    r->data_used = ALIGN(data_end, 16);
    t->next_in_region = r->first;
    r->first = t;
    r->by_address[r->count++] = t;
}

void code_cache_flush(struct translator *tr)
{
    for (unsigned n = 0; n < CODE_REGIONS; n++)
        empty(tr, &tr->regions[n]);
    tr->current = 0;
}

struct translated *code_cache_find(const struct translator *tr, uint64_t pc)
{
    uint64_t at = pc - (uint64_t)(uintptr_t)runs_at(tr, tr->cache);
    if (at >= tr->cache_size)
        return NULL;
    const uint8_t *written = tr->cache + at;
    const struct region *r = &tr->regions[at / (tr->cache_size / CODE_REGIONS)];
    unsigned low = 0, high = r->count;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (r->by_address[middle]->code <= written)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return NULL;
    struct translated *t = r->by_address[low - 1];
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
