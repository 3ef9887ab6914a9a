// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pipeline: a decoded block becomes a translation.
#include "translator/internal.h"

_Static_assert(TRANSLATION_MAX_CODE <= UINT16_MAX && TRANSLATION_MAX_DATA <= UINT16_MAX,
               "places within a translation are 16 bits wide");

static struct translated *new_translation(const struct translator *tr, uint8_t *data,
                                          struct block *b, uint32_t eip, uint32_t mode)
{
    struct translated *t = (struct translated *)data;
    __builtin_memset(t, 0, sizeof *t);
    t->block = b;
    t->eip = eip;
    t->mode = mode;
    t->gs = b->uses_gs ? tr->cpu->seg[SEG_GS].translation : TRANSLATION_NO_GS;
    t->count = b->count;
    for (unsigned n = 0; n < t->count; n++)
        translation_insns(t)[n] = (struct translated_insn){ .length = b->insns[n].length & 15,
                                                            .probed = b->slow_sites >> n & 1 };
    return t;
}

static uint8_t *data_end(struct translated *t)
{
    return (uint8_t *)(((uintptr_t)&translation_links(t)[t->link_count] + 7) & ~(uintptr_t)7);
}

/* An instruction makes two links at most. */
static size_t most_data(const struct block *b)
{
    size_t each = sizeof(uint16_t) + sizeof(struct translated_insn) + 2 * sizeof(struct link);
    return sizeof(struct translated) + (b->count + 1u) * each + 32;
}

/* Is one more version of b wanted? */
static bool lacks_version(const struct translator *tr, const struct block *b, uint32_t eip,
                          uint32_t mode)
{
    unsigned versions = 0;
    for (const struct translated *t = translations_of(tr, b); t != NULL;
         t = translation_next(tr, t)) {
        if (t->eip == eip && t->mode == mode)
            return false;
        versions++;
    }
    return versions < TRANSLATION_MAX_VERSIONS;
}

static bool is_in_chain(struct translated *const *chain, unsigned count, const struct block *b)
{
    while (count > 0 && chain[count - 1]->block != b)
        count--;
    return count > 0;
}

/*
 * A block that was executed at least half as often as its first version wants: behind a CALL that
 * returned, where a long block goes on, a JMP's target. It saves a jump. Not one whose decoded
 * instructions were forgotten: decoding it could make another of the chain forget its own.
 */
struct translated *translation_behind(struct translator *tr, struct translated **chain,
                                      unsigned count, const struct link *link, unsigned insns)
{
    struct translated *last = chain[count - 1];
    if (link->target_eip < last->eip) /* backwards: it is translated already, or no loop */
        return NULL;
    struct block *b = block_find(tr->cpu, last->block->host + (link->target_eip - last->eip), NULL);
    uint8_t *data = data_end(last), *limit = (uint8_t *)chain[0] + TRANSLATION_MAX_DATA;
    if (b == NULL || b->insns == NULL || b->entries < tr->options.threshold / 2 ||
        !lacks_version(tr, b, link->target_eip, last->mode) || is_in_chain(chain, count, b))
        return NULL;
    if (b->count > insns || (size_t)(limit - data) < most_data(b))
        return NULL;
    return new_translation(tr, data, b, link->target_eip, last->mode);
}

static void publish(struct translator *tr, struct region *r, struct translated *t)
{
    code_cache_publish(tr, r, t, t->code + t->size, data_end(t));
    t->next_of_block = t->block->translations;
    t->block->translations = data_ref_of(tr, t);
    t->block->entries = 0;
    regrets_made(&tr->regrets, t);
    tr->counts.translations++;
    tr->counts.translated_insns += t->count;
}

/* The last link of each leads to the next. */
static void join(struct translator *tr, struct translated *const *chain, unsigned count)
{
    for (unsigned n = 1; n < count; n++) {
        struct translated *t = chain[n - 1];
        link_to(tr, &translation_links(t)[t->link_count - 1], chain[n]);
        tr->cpu->engine->warm(tr->cpu, chain[n]->block);
    }
}

/* A chain; one block alone, where the estimate of what fits into one emission was too low. */
static unsigned emit(struct translator *tr, struct region *r, struct block *b, uint32_t eip,
                     uint32_t mode, struct translated **chain)
{
    unsigned most = tr->options.optimise & OPTIMISE_CHAIN ? TRANSLATION_CHAIN : 1, count = 0;
    for (; count == 0 && most > 0; most = most > 1 ? 1 : 0) {
        chain[0] = new_translation(tr, r->data_used, b, eip, mode);
        __builtin_memset(tr->notes, 0, sizeof tr->notes);
        count = emit_chain(tr, r, chain, most);
    }
    return count;
}

/* Which flags are dead is found while emitting, instruction by instruction. */
struct translated *translate(struct translator *tr, struct block *b, uint32_t eip, uint32_t mode)
{
    block_insns(tr->cpu, b); /* decoded for the executor, and perhaps forgotten since */
    struct region *r = code_cache_reserve(tr);
    struct translated *chain[TRANSLATION_CHAIN];
    unsigned count = emit(tr, r, b, eip, mode, chain);
    if (count == 0)
        return NULL;
    for (unsigned n = 0; n < count; n++)
        publish(tr, r, chain[n]);
    join(tr, chain, count);
    for (unsigned n = 0; n < count; n++)
        show_translation(tr, chain[n], &tr->notes[n]);
    return chain[0];
}
