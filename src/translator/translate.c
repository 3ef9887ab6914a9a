// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pipeline: a decoded block becomes a translation.
#include "translator/internal.h"

static struct translated *new_translation(struct region *r, struct block *b, uint32_t eip,
                                           uint32_t mode)
{
    struct translated *t = (struct translated *)r->data_used;
    __builtin_memset(t, 0, sizeof *t);
    t->block = b;
    t->eip = eip;
    t->mode = mode;
    t->probed = b->slow_sites;
    t->count = b->count;
    t->code = r->code_used;
    t->guest_offsets = &t->offsets[t->count + 1];
    t->fault_count = (uint8_t *)&t->guest_offsets[t->count];
    t->links = (struct link *)(((uintptr_t)&t->fault_count[t->count] + 7) & ~(uintptr_t)7);
    __builtin_memset(t->fault_count, 0, t->count);
    return t;
}

/* Decoding was done for the executor; flags are looked at instruction by instruction while emitting. */
struct translated *translate(struct translator *tr, struct block *b, uint32_t eip, uint32_t mode)
{
    const struct insn *insns = block_insns(tr->cpu, b);
    struct region *r = code_cache_reserve(tr);
    struct translated *t = new_translation(r, b, eip, mode);
    for (unsigned n = 0; n < t->count; n++)
        t->guest_offsets[n] = insns[n].offset;
    tr->notes = (struct translation_notes){ 0 };
    if (!emit_block(tr, r, t))
        return NULL;
    code_cache_publish(tr, r, t, t->code + t->size, (uint8_t *)&t->links[t->link_count]);
    t->next_of_block = b->translations;
    b->translations = t;
    tr->counts.translations++;
    tr->counts.translated_insns += t->count;
    show_translation(tr, t);
    return t;
}
