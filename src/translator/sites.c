// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Which accesses of a block go by a probe though there is a window: those that met devices or code,
// until they no longer do.
#include "translator/internal.h"

#include "base/memory_functions.h"

/*
 * A fault costs 2 us or more, a probe about ten cycles each time. So a site that has faulted a few
 * times gets a probe, and loses it when it was not seen to meet a device or code for a while: a
 * kernel's memcpy meets each once. Whether a probe found plain RAM is nowhere counted, which would
 * cost flags; but what is not plain ends in the executor, which counts. Each return makes the block
 * wait twice as long for its next, and after some it keeps its probes.
 */

static struct probed_block *entry_of(struct translator *tr, const struct block *b)
{
    uintptr_t key = (uintptr_t)b / 64;
    return &tr->probed[(key ^ key / PROBED_BLOCKS) % PROBED_BLOCKS];
}

/* Where another block has the entry, its probes stay. */
static void remember(struct translator *tr, struct block *b)
{
    struct probed_block *p = entry_of(tr, b);
    if (p->block != b)
        *p = (struct probed_block){ .block = b };
    p->met = b->slow_sites; /* until the next look but one at least */
    p->wait = 1u << p->returns;
}

/* Where there was one fault too many, other instructions of the block that had some get a probe,
 * too: they would want the block translated anew soon. */
static void rewrite(struct translator *tr, struct translated *t)
{
    for (unsigned n = 0; n < t->count; n++)
        if (translation_insns(t)[n].faults > 0 && !(t->block->slow_sites >> n & 1)) {
            t->block->slow_sites |= UINT64_C(1) << n;
            tr->counts.rewritten++;
        }
    remember(tr, t->block);
    tr->cpu->jit.stale = t;
}

/* Another version of the block may have got its probe before: what counts is what this one has. */
void sites_count_fault(struct translator *tr, struct translated *t, unsigned n)
{
    struct translated_insn *i = &translation_insns(t)[n];
    if (i->faults < REWRITE_FAULTS)
        i->faults++;
    else if (tr->options.optimise & OPTIMISE_REWRITE && !i->probed)
        rewrite(tr, t);
}

void sites_note_met(struct translator *tr, struct block *b, unsigned n)
{
    struct probed_block *p = entry_of(tr, b);
    if (p->block == b)
        p->met |= UINT64_C(1) << n;
}

static void look_at(struct translator *tr, struct probed_block *p)
{
    uint64_t back = p->block->slow_sites & ~p->met;
    p->met = 0;
    if (p->returns == PROBE_RETURNS_MAX || (p->wait > 0 && p->wait-- > 0) || back == 0)
        return;
    p->block->slow_sites &= ~back;
    p->returns++;
    tr->counts.restored += (unsigned)__builtin_popcountll(back);
    translations_drop(tr, p->block);
}

void sites_look(struct translator *tr)
{
    tr->until_sites_look = SITES_LOOK;
    for (unsigned n = 0; n < PROBED_BLOCKS; n++)
        if (tr->probed[n].block != NULL)
            look_at(tr, &tr->probed[n]);
}

void sites_forget(struct translator *tr, const struct block *b)
{
    struct probed_block *p = entry_of(tr, b);
    if (p->block == b)
        *p = (struct probed_block){ 0 };
}

void sites_forget_all(struct translator *tr)
{
    memset(tr->probed, 0, sizeof tr->probed);
}
