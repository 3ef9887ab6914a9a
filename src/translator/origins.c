// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Translations by the bytes that they were made of: what the table of jump targets has forgotten.
#include "translator/internal.h"

#include "cpu/system.h"

/*
 * A change of CR3 empties the table of jump targets of all that is not global, as it empties the
 * processor's TLB. What it asks for then is found here without leaving generated code: the page
 * tables say which page is at the address, by a walk if need be, and what was translated of that
 * page's bytes is as right as before. So nothing of this depends on linear addresses, and only
 * translation_drop() takes entries out. Blocks that reach into a second page are left to the
 * dispatcher, which looks where that is.
 */
static struct origin *origin_at(struct translator *tr, const uint8_t *host, uint32_t eip,
                                uint32_t mode)
{
    uint64_t mixed = (uint64_t)(uintptr_t)host ^ (uint64_t)eip << 24 ^ (uint64_t)mode << 44;
    return &tr->origins[mixed * UINT64_C(0x9e3779b97f4a7c15) >> (64 - ORIGIN_BITS)];
}

/* In 16-bit code the last bytes of 64 KiB are within some limits and beyond others. */
static bool is_found_by_bytes(const struct translated *t)
{
    return t->block->second_page == NULL &&
           (t->mode & MODE_CS32 || t->eip + t->block->length <= 0x10000);
}

void origin_add(struct translator *tr, struct translated *t)
{
    const uint8_t *host = t->block->host;
    if (is_found_by_bytes(t))
        *origin_at(tr, host, t->eip, t->mode) =
            (struct origin){ host, t->eip, t->mode, runs_at(tr, t->code), t };
}

void origin_forget(struct translator *tr, const struct translated *t)
{
    struct origin *o = origin_at(tr, t->block->host, t->eip, t->mode);
    if (o->code == runs_at(tr, t->code))
        *o = (struct origin){ 0 };
}

/* Entries of generated code that have work besides are left to the dispatcher. */
static bool may_go_on(struct translator *tr)
{
    static const uint32_t needed = OPTIMISE_LOOKUP | OPTIMISE_ORIGINS;
    if ((tr->options.optimise & needed) != needed || tr->cpu->jit.stale != NULL ||
        tr->until_sites_look <= 1)
        return false;
    tr->until_sites_look--;
    return true;
}

static bool is_of(const struct origin *o, const uint8_t *host, uint32_t eip, uint32_t mode)
{
    return o->host == host && o->eip == eip && o->mode == mode;
}

/* Another one took its entry. */
static bool bring_back(struct translator *tr, const uint8_t *host, uint32_t eip, uint32_t mode)
{
    const struct block *b = block_find(tr->cpu, host, NULL);
    struct translated *t = b != NULL ? translation_find(tr->cpu, b, eip, mode) : NULL;
    if (t == NULL || !is_found_by_bytes(t))
        return false;
    origin_add(tr, t);
    return true;
}

/* The mode is that of the code that control comes from; the page may be another one. */
static const uint8_t *find(struct translator *tr, struct cpu *cpu, struct link *link)
{
    uint32_t eip = (uint32_t)cpu->eip, mode = cpu->jit.mode & ~TRANSLATION_CS_MASK;
    uint32_t linear = (uint32_t)cpu->seg[SEG_CS].base + eip;
    if (eip > cpu->seg[SEG_CS].limit) /* the dispatcher raises #GP */
        return NULL;
    cpu->jit.leave = false;
    const struct tlb_page *page = tlb_find_fetch(cpu, linear);
    if (page->page.read == NULL || cpu->jit.leave)
        return NULL;
    const uint8_t *host = page->page.read + (linear & (PAGE_SIZE - 1));
    const struct origin *o = origin_at(tr, host, eip, mode);
    if (unlikely(!is_of(o, host, eip, mode)) && !bring_back(tr, host, eip, mode))
        return NULL;
    if (likely(mode & TRANSLATION_ZERO_BASE(SEG_CS)))
        jump_target_set(tr, linear, page->global, o->code);
    else
        jump_target_add(tr, linear, page->global, o->t);
    if (link != NULL)
        far_link_fill(tr, link, o->code);
    return o->code;
}

const uint8_t *translator_find(struct cpu *cpu, const void *value, enum exit_kind kind)
{
    struct translator *tr = translator_of(cpu);
    struct link *link = kind == EXIT_LINK ? (struct link *)value : NULL;
    flags_from_image(cpu);
    cpu->eip = link != NULL ? link->target_eip : (uint32_t)(uintptr_t)value;
    cpu->block = NULL;
    cpu->current = NULL;
    const uint8_t *code = may_go_on(tr) ? find(tr, cpu, link) : NULL;
    if (likely(code != NULL)) {
        tr->counts.found++;
        return code;
    }
    tr->counts.found_not++;
    tr->pending = link;
    return NULL;
}
