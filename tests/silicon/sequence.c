// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs of 5 to 200 instructions with branches, loops, calls and memory traffic.
#include "sequence.h"

#include "base/bits.h"
#include "generate.h"
#include "maker.h"
#include "random_state.h"

static const struct item *definer(struct random *r)
{
    static const struct item definers[] = {
        { .kind = ITEM_PLAIN,
          .length = 2,
          .bytes = { 0x39, 0xc8 },
          .target = -1,
          .defines = EFLAGS_ARITH },
        { .kind = ITEM_PLAIN,
          .length = 2,
          .bytes = { 0x3c, 0x80 },
          .target = -1,
          .defines = EFLAGS_ARITH },
        { .kind = ITEM_PLAIN,
          .length = 3,
          .bytes = { 0x66, 0x39, 0xd3 },
          .target = -1,
          .defines = EFLAGS_ARITH },
        { .kind = ITEM_PLAIN,
          .length = 3,
          .bytes = { 0x83, 0xfe, 0xff },
          .target = -1,
          .defines = EFLAGS_ARITH },
    };
    return &definers[random_below(r, ARRAY_SIZE(definers))];
}

/* Flags that are undefined are defined before they are read. */
static bool mend(struct program *p, struct random *r, uint32_t linear, struct silicon_case *c)
{
    unsigned where;
    while (!program_emit(p, linear, c, &where)) {
        if (where == p->count || p->count + 1 >= PROGRAM_ITEMS)
            return false;
        program_insert(p, where, definer(r));
    }
    return true;
}

static unsigned random_groups(struct random *r)
{
    static const unsigned groups[] = { GROUP_INTEGER,
                                       GROUP_INTEGER | GROUP_SYSTEM,
                                       GROUP_X87,
                                       GROUP_INTEGER | GROUP_X87,
                                       GROUP_INTEGER | GROUP_SSE,
                                       GROUP_SSE | GROUP_MMX,
                                       ~0u };
    return groups[random_below(r, ARRAY_SIZE(groups))];
}

static bool try_make(struct random *r, struct program *p, struct silicon_case *c, uint32_t linear,
                     bool segments)
{
    struct maker m = { .random = r, .program = p, .c = c, .known = 1 << RSP, .patchable = -1 };
    struct silicon_state in;
    random_state_fill(r, &in, !one_in(r, 8));
    in.eip = linear;
    in.gpr[RSP] = STACK + 0x800 + random_below(r, 8) * 4;
    m.segments = segments && one_in(r, 4);
    if (m.segments) {
        in.segment[SEG_FS] = layout_selector(one_in(r, 2) ? ENTRY_ARENA : ENTRY_BASED);
        in.segment[SEG_GS] = layout_selector(one_in(r, 2) ? ENTRY_ARENA16 : ENTRY_WRAP);
    }
    p->count = 0;
    c->in = in;
    m.value[RSP] = in.gpr[RSP];
    m.groups = random_groups(r);
    m.changes_itself = one_in(r, 4);
    m.room = 5 + random_below(r, one_in(r, 2) ? 30 : 196);
    maker_add_block(&m, m.room, 0);
    c->in = in;
    return mend(p, r, linear, c);
}

uint32_t sequence_make(struct program *p, struct silicon_case *c, uint64_t seed, uint64_t number,
                       bool segments)
{
    struct random r = random_begin(seed ^ 0x5e90e7ce, number);
    uint32_t linear;
    c->row = NULL;
    c->seed = seed;
    c->number = number;
    do {
        linear = CODE + random_below(&r, CODE_SIZE - CASE_BYTES / 2);
    } while (!try_make(&r, p, c, linear, segments));
    return linear;
}

void sequence_case(struct silicon_case *c, uint64_t seed, uint64_t number, bool segments)
{
    static struct program p;
    sequence_make(&p, c, seed, number, segments);
}
