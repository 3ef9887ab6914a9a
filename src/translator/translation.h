// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A translated block, and the links between translations.
#ifndef TRANSLATOR_TRANSLATION_H
#define TRANSLATOR_TRANSLATION_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/block_cache.h"

struct translated;

/*
 * A direct jump out of a translation to a known EIP. It starts by going to its stub, which leaves
 * for the dispatcher; once the target is translated, it goes there. Within a page its instruction
 * is patched. What another page is may change without this one: a far link jumps through a slot,
 * which is emptied with the table of jump targets (link.c).
 */
struct link {
    union {
        uint8_t *site;  /* near: the 32-bit displacement of a JMP, Jcc or CALL; writable view */
        uint64_t *slot; /* far: the address that it jumps to; writable view */
    };
    uint32_t target_eip;
    uint16_t stub;      /* where it goes while unlinked: bytes from the code of `from`; */
    uint8_t lookup;     /* near: bytes from there to the way by the table, for a target that can
                           not be linked to */
    uint8_t far : 1, fpu : 2; /* FPU_*: what is known to be open where it is */
    struct translated *from, *to; /* to: NULL while unlinked, and of far links */
    struct link *next_incoming;   /* of the links into `to` */
};

enum { TRANSLATION_MAX_LINKS = 2 * BLOCK_MAX_INSNS };

/*
 * What a block needs of the FPU: that the guest's registers are in the host's, and that it may use
 * them (jit.x87_closed, sse_closed). This is tested where the block is entered, and holds until it
 * is left: what closes the FPU is C code, behind which the FPU is opened again or the block left.
 * A link between two blocks that need it goes past the test.
 */
enum { FPU_X87 = 1 << 0, FPU_SSE = 1 << 1 }; /* FPU_X87: and MMX */

#define TRANSLATION_NO_GS UINT32_MAX /* no segment's: it has bits that none has */

/* One block translated for one EIP and one mode. */
struct translated {
    struct block *block; /* NULL once dropped; its code stays until its region of the cache goes */
    struct translated *next_of_block; /* the same bytes for another EIP or mode */
    struct translated *next_in_region;
    uint32_t eip, mode;
    uint32_t gs; /* what seg[SEG_GS].translation is in it, or TRANSLATION_NO_GS: it does not use it */
    uint64_t probed;   /* the block's slow_sites when it was made */
    uint8_t *code;     /* writable view; what runs is at code + cache->to_run */
    uint32_t hot_size; /* bytes of code in the order of the guest's; stubs follow */
    uint32_t size;
    uint16_t count; /* instructions */
    uint16_t link_count;
    uint8_t fpu;           /* FPU_*: tested between code and offsets[0] */
    uint16_t jump_index;   /* where the table of jump targets leads here, if jump_entries is 1; */
    uint16_t jump_entries; /* more: anywhere */
    struct link *incoming;
    /* count + 1: of each instruction's host code from code; [count]: hot_size. Behind them the
     * following. */
    uint16_t offsets[];
};

/* Of each instruction: where its bytes are in the block's. */
static inline uint16_t *translation_guest_offsets(struct translated *t)
{
    return &t->offsets[t->count + 1];
}

static inline uint16_t translation_guest_offset(const struct translated *t, unsigned n)
{
    return t->offsets[t->count + 1 + n];
}

/* Of each instruction: device and code-page faults (windows). */
static inline uint8_t *translation_faults(struct translated *t)
{
    return (uint8_t *)&translation_guest_offsets(t)[t->count];
}

/* link_count of them. */
static inline struct link *translation_links(struct translated *t)
{
    return (struct link *)(((uintptr_t)&translation_faults(t)[t->count] + 7) & ~(uintptr_t)7);
}

#endif
