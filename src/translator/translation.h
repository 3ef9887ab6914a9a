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
 * What a region holds besides hot code: stubs, and the slots of far links, which are written to. Each
 * kind takes pages of its own from the region's end downwards.
 */
struct cold_room {
    uint8_t *floor;           /* the last page that was taken */
    uint8_t *stubs, *end;     /* room for more stubs */
    uint64_t *slots, *bottom; /* the slot that was taken last; down to `bottom` there is room */
};
enum { COLD_PAGE = 4096, COLD_ROOM = 4 * COLD_PAGE };

/*
 * What belongs to translations lies in one piece of memory and refers to itself by the number of a
 * word in it: there is about as much of it as of code.
 */
typedef uint32_t data_ref;
enum { NO_DATA = 0, DATA_WORD = 4 };

/*
 * A jump or call out of a translation. It starts by going to its stub.
 *
 * Near, within the page: the stub leaves for C. Once the target is translated C patches the
 * instruction, which goes there from then on; or, where that would not be right for long, tells the
 * stub to look the target up in the table of jump targets (link.c).
 *
 * Far, to any other page: what that is may change without this one, so it jumps through a slot. The
 * stub looks the target up and fills the slot, which is emptied with the table (far_link.c). A
 * computed jump has one for the target that it went to last (x86_64/computed.c).
 *
 * Stubs lie apart from the code, as each is run a few times only.
 */
enum { STUB_ALIGN = 4 };
struct link {
    uint32_t target_eip; /* of a computed jump: where it went last */
    union {
        data_ref to;   /* near; NO_DATA: it goes to its stub */
        uint32_t slot; /* far: counted in eight bytes from the cache's begin */
    };
    data_ref next_incoming; /* near: of the links into `to` */
    /* Near: the 32-bit displacement of a JMP, Jcc or CALL, in bytes from the code of the
     * translation that the link is in. */
    uint16_t site;
    uint16_t distance; /* bytes from its translation's data */
    union {
        struct {
            uint32_t stub : 28; /* from the cache's begin, in units of STUB_ALIGN */
            uint32_t far : 1;
            uint32_t fpu : 2;      /* near: FPU_*: what is known to be open where it is */
            uint32_t by_table : 1; /* near: the stub looks the target up: it cannot be linked to */
        };
        uint32_t bits; /* LINK_BY_TABLE_BIT is by_table */
    };
};
enum { LINK_BY_TABLE_BIT = 31 };

enum { TRANSLATION_MAX_LINKS = 2 * BLOCK_MAX_INSNS };
_Static_assert(TRANSLATION_MAX_LINKS <= UINT8_MAX, "link_count");

/*
 * What a block needs of the FPU: that the guest's registers are in the host's, and that it may use
 * them (jit.x87_closed, sse_closed). This is tested where the block is entered, and holds until it
 * is left: what closes the FPU is C code, behind which the FPU is opened again or the block left.
 * A near link between two blocks that need it goes past the test.
 */
enum { FPU_X87 = 1 << 0, FPU_SSE = 1 << 1 }; /* FPU_X87: and MMX */

#define TRANSLATION_NO_GS UINT32_MAX /* no segment's: it has bits that none has */

/* One block translated for one EIP, one mode and one kind of GS: a version of the block. */
struct translated {
    struct block *block; /* NULL once dropped; its code stays until its region of the cache goes */
    uint8_t *code;       /* writable view; runs_at() tells where it runs */
    data_ref next_of_block; /* another version */
    data_ref incoming;      /* near links that lead here */
    uint32_t eip, mode;
    uint32_t gs; /* seg[SEG_GS].translation that it is for; TRANSLATION_NO_GS: it does not use it */
    uint16_t hot_size; /* bytes of code in the order of the guest's */
    uint16_t size;     /* with the jumps through slots that lie behind the last of a chain */
    /* The table of jump targets leads here in jump_entries places; if it is one, this is which. */
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

#endif
