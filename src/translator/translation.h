// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A translated block, and the links between translations.
#ifndef TRANSLATOR_TRANSLATION_H
#define TRANSLATOR_TRANSLATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/block_cache.h"

/*
 * What belongs to translations lies in one piece of memory and refers to itself by the number of a
 * word in it: there is about as much of it as of code.
 */
typedef uint32_t data_ref;
enum { NO_DATA = 0, DATA_WORD = 4 };

/*
 * A direct jump out of a translation to a known EIP. It starts by going to its stub, which leaves
 * for the dispatcher; once the target is translated, it goes there. Within a page its instruction
 * is patched. What another page is may change without this one: a far link jumps through a slot,
 * which is emptied with the table of jump targets (far_link.c).
 */
struct link {
    uint32_t target_eip; /* of a computed jump: where it went last */
    union {
        data_ref to;   /* near: NO_DATA while unlinked */
        uint32_t slot; /* far: where the address is that it jumps to: eight bytes each from the
                          cache's begin */
    };
    data_ref next_incoming;   /* of the links into `to` */
    uint16_t site;            /* near: the 32-bit displacement of a JMP, Jcc or CALL: bytes from the
                               code of the translation that the link is in */
    uint16_t stub;            /* where it goes while unlinked: the same */
    uint16_t distance;        /* bytes from its translation's data */
    uint8_t far : 1, fpu : 2; /* FPU_*: what is known to be open where it is */
    uint8_t by_table; /* near: the stub looks in the table, the target cannot be linked to */
};

enum { TRANSLATION_MAX_LINKS = 2 * BLOCK_MAX_INSNS };
_Static_assert(TRANSLATION_MAX_LINKS <= UINT8_MAX, "link_count");

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
    uint8_t *code;       /* writable view; what runs is at code + cache->to_run */
    data_ref next_of_block; /* the same bytes for another EIP or mode */
    data_ref incoming;      /* links */
    uint32_t eip, mode;
    uint32_t gs; /* seg[SEG_GS].translation that it is for; TRANSLATION_NO_GS: it does not use it */
    uint16_t hot_size; /* bytes of code in the order of the guest's; stubs follow */
    uint16_t size;
    /* The table of jump targets leads here in so many places; if it is one, jump_index is which. */
    uint16_t jump_index;
    uint8_t jump_entries;
    uint8_t fpu;   /* FPU_*: tested between code and offsets[0] */
    uint8_t count; /* instructions */
    uint8_t link_count;
    /* count + 1: of each instruction's host code from code; [count]: hot_size. Behind them
     * translation_insns(), then translation_links(). */
    uint16_t offsets[];
};

_Static_assert(sizeof(struct link) == 20 && offsetof(struct translated, offsets) == 46,
               "there are many of them");

struct translated_insn {
    uint8_t length : 4; /* the guest's bytes */
    uint8_t probed : 1; /* its accesses met devices or code before the translation was made */
    uint8_t faults : 3; /* device and code-page faults (windows) */
};

static inline struct translated_insn *translation_insns(struct translated *t)
{
    return (struct translated_insn *)&t->offsets[t->count + 1];
}

/* Where an instruction's bytes are in the block's. */
static inline unsigned translation_guest_offset(const struct translated *t, unsigned n)
{
    const struct translated_insn *insns = (const struct translated_insn *)&t->offsets[t->count + 1];
    unsigned offset = 0;
    while (n > 0)
        offset += insns[--n].length;
    return offset;
}

/* link_count of them. */
static inline struct link *translation_links(struct translated *t)
{
    return (struct link *)(((uintptr_t)&translation_insns(t)[t->count] + 3) & ~(uintptr_t)3);
}

/* The translation that a link leads out of. */
static inline struct translated *link_from(const struct link *link)
{
    return (struct translated *)((uintptr_t)link - link->distance);
}

static inline const uint8_t *link_stub(const struct link *link)
{
    return link_from(link)->code + link->stub;
}

#endif
