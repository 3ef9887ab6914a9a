// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs of 5 to 200 instructions with branches, loops, calls and memory traffic.
#include "sequence.h"

#include <string.h>

#include "base/bits.h"
#include "effects.h"
#include "encode.h"
#include "generate.h"
#include "random_state.h"
#include "rows.h"
#include "values.h"

/*
 * Nobody knows what the registers will hold. So those with an address that is needed are loaded with
 * it just before, unless they are known to hold what they were loaded with last.
 */
struct maker {
    struct random *random;
    struct program *program;
    struct silicon_case *c; /* c->in: the state before; scratch for the encoder */
    uint32_t value[8];
    uint8_t known;      /* registers that hold value[] */
    uint8_t kept;       /* registers that may not be written: counters of loops */
    bool stack_is_kept; /* a return address is on it */
    bool segments;
    unsigned room;      /* items left */
    unsigned groups;
};

/* The arena's last bytes: counters of loops, addresses of jumps. */
#define SLOTS (ARENA + ARENA_SIZE - 48)

static struct item *add(struct maker *m, enum item_kind kind)
{
    struct program *p = m->program;
    struct item *item = &p->items[p->count++];
    *item = (struct item){ .kind = kind, .target = -1 };
    return item;
}

static struct item *add_bytes(struct maker *m, enum item_kind kind, const void *bytes,
                              unsigned length)
{
    struct item *item = add(m, kind);
    memcpy(item->bytes, bytes, length);
    item->length = (uint8_t)length;
    return item;
}
#define ADD(m, kind, bytes) add_bytes(m, kind, bytes, sizeof(bytes) - 1)

static void load_register(struct maker *m, unsigned r, uint32_t value)
{
    uint8_t bytes[5] = { (uint8_t)(0xb8 | r) };
    store_le32(bytes + 1, value);
    add_bytes(m, ITEM_PLAIN, bytes, sizeof bytes);
    m->value[r] = value;
    m->known |= (uint8_t)(1 << r);
}

static bool has_room(const struct maker *m)
{
    return m->program->count + 24 < PROGRAM_ITEMS - 100;
}

/* ---- single instructions ------------------------------------------------------------------------- */

static const struct opcode *random_row(struct maker *m)
{
    for (;;) {
        const struct opcode *row = &opcode_table[random_below(m->random, opcode_count)];
        if (row_group(row) & m->groups)
            return row;
    }
}

static void begin_encoder(struct maker *m, struct encoder *e, const struct opcode *row)
{
    struct random *r = m->random;
    *e = (struct encoder){ .random = r, .c = m->c, .row = row, .segment = SEG_NONE };
    e->in_program = true;
    e->fixed = m->known | m->kept | 1 << RSP;
    if (m->stack_is_kept)
        e->fixed |= 1 << RSP;
    bool size16 = row->prefix == PFX_66 || ((row->prefix == PFX_ANY || row->prefix >= PFX_F3) && one_in(r, 4));
    e->osize16 = size16;
    if (one_in(r, 6))
        e->segment = random_below(r, SEGMENTS);
    if (m->segments && !(row->attributes & OP_STRING) && one_in(r, 8)) {
        e->segment = one_in(r, 2) ? SEG_FS : SEG_GS;
        e->asize16 = layout_base(m->c->in.segment[e->segment]) == ARENA && one_in(r, 3);
    }
    for (unsigned n = 0; n < 8; n++)
        m->c->in.gpr[n] = m->known >> n & 1 ? m->value[n] : random_value(r);
}

/* The instruction may not be wanted: false, try another. */
static bool accept(struct maker *m, const struct encoder *e, const struct insn *i)
{
    const struct opcode *row = &opcode_table[i->op];
    uint8_t written = effects_written(i), set = 0;
    bool stack = row_uses_stack(row) || written & 1 << RSP;
    for (unsigned n = 0; n < 8; n++)
        if (e->used >> n & 1 && !(m->known >> n & 1))
            set |= (uint8_t)(1 << n);
    if ((written | set) & m->kept || (m->stack_is_kept && (stack || set & 1 << RSP)))
        return false;
    /* ESP as any other register: seldom, for it ends most programs. */
    if (written & 1 << RSP && !row_uses_stack(row) && !one_in(m->random, 24))
        return false;
    if (row->map == MAP_1B && (row->opcode & 0xfe) == 0xf6 && row->reg >= 6)
        return one_in(m->random, 6);
    return true;
}

static bool try_instruction(struct maker *m)
{
    struct encoder e;
    struct insn insn;
    begin_encoder(m, &e, random_row(m));
    encode(&e, 0);
    if (insn_decode(&insn, e.bytes, e.length, MODE_CS32, NULL) != (int)e.length ||
        !effects_allowed(&insn) || !accept(m, &e, &insn))
        return false;
    for (unsigned n = 0; n < 8; n++)
        if (e.used >> n & 1 && (!(m->known >> n & 1) || m->value[n] != m->c->in.gpr[n]))
            load_register(m, n, m->c->in.gpr[n]);
    struct item *item = add_bytes(m, ITEM_PLAIN, e.bytes, e.length);
    effects_flags(&insn, item);
    m->known &= (uint8_t)~effects_written(&insn);
    return true;
}

static void add_instruction(struct maker *m)
{
    while (!try_instruction(m))
        ;
}

/* ---- control flow -------------------------------------------------------------------------------- */

static void add_block(struct maker *m, unsigned count, unsigned depth);

/* What both ways agree on. */
static void merge(struct maker *m, const struct maker *other)
{
    for (unsigned n = 0; n < 8; n++)
        if (!(other->known >> n & 1) || other->value[n] != m->value[n])
            m->known &= (uint8_t)~(1 << n);
}

static uint16_t condition_reads(unsigned condition)
{
    static const uint16_t reads[8] = {
        EFLAGS_OF, EFLAGS_CF, EFLAGS_ZF, EFLAGS_CF | EFLAGS_ZF,
        EFLAGS_SF, EFLAGS_PF, EFLAGS_SF | EFLAGS_OF, EFLAGS_ZF | EFLAGS_SF | EFLAGS_OF,
    };
    return reads[condition >> 1];
}

static void add_branch(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    unsigned condition = random_below(r, 16), at = m->program->count;
    unsigned count = 1 + random_below(r, one_in(r, 4) ? 20 : 4);
    if (one_in(r, 12) && !(m->kept & 1 << RCX)) {
        uint8_t loop[2] = { (uint8_t)(0xe0 + random_below(r, 4)) };
        struct item *i = add_bytes(m, ITEM_BRANCH, loop, 2);
        i->only_short = true;
        i->reads = loop[0] < 0xe2 ? EFLAGS_ZF : 0;
        m->known &= (uint8_t)~(1 << RCX);
        count = 1;
    } else {
        uint8_t jump[2] = { (uint8_t)(0x70 | condition) };
        add_bytes(m, ITEM_BRANCH, jump, 2)->reads = condition_reads(condition);
    }
    struct maker before = *m;
    add_block(m, count, depth + 1);
    merge(m, &before);
    m->program->items[at].target = (int16_t)m->program->count;
}

/* Over code that nobody reaches: by a jump, or by a register or memory that holds the address. */
static void add_skip(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    unsigned first = m->program->count, way = random_below(r, 3);
    static const uint8_t usable[] = { RAX, RCX, RDX, RBX, RBP, RSI, RDI };
    unsigned reg = usable[random_below(r, ARRAY_SIZE(usable))];
    if (m->kept >> reg & 1)
        way = 0;
    if (way == 1) {
        uint8_t load[5] = { (uint8_t)(0xb8 | reg) }, jump[2] = { 0xff, (uint8_t)(0xe0 | reg) };
        add_bytes(m, ITEM_ADDRESS, load, 5);
        add_bytes(m, ITEM_INDIRECT, jump, 2);
        m->known &= (uint8_t)~(1 << reg);
    } else if (way == 2) {
        uint8_t store[10] = { 0xc7, 0x05 }, jump[6] = { 0xff, 0x25 };
        store_le32(store + 2, SLOTS);
        store_le32(jump + 2, SLOTS);
        add_bytes(m, ITEM_ADDRESS, store, 10);
        add_bytes(m, ITEM_INDIRECT, jump, 6);
    } else {
        ADD(m, ITEM_JUMP, "\xeb\x00");
    }
    unsigned end = m->program->count;
    struct maker before = *m;
    add_block(m, random_below(r, 3), depth + 1);
    m->known = before.known;
    memcpy(m->value, before.value, sizeof m->value);
    for (unsigned n = first; n < end; n++)
        m->program->items[n].target = (int16_t)m->program->count;
}

/* The counter is in memory, or in a register that nothing else writes. */
static void add_loop(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    static const uint8_t usable[] = { RBX, RBP, RSI, RDI };
    unsigned reg = usable[random_below(r, ARRAY_SIZE(usable))], times = 1 + random_below(r, 12);
    uint8_t kept = m->kept;
    uint32_t slot = SLOTS + 8 + 4 * depth;
    bool in_register = one_in(r, 2) && !(m->kept >> reg & 1);
    if (in_register) {
        load_register(m, reg, times);
        m->kept |= (uint8_t)(1 << reg);
    } else {
        uint8_t store[10] = { 0xc7, 0x05 };
        store_le32(store + 2, slot);
        store_le32(store + 6, times);
        add_bytes(m, ITEM_PLAIN, store, 10);
    }
    unsigned head = m->program->count;
    m->program->items[head - 1].keep = true;
    m->known = 0;
    add_block(m, 1 + random_below(r, 8), depth + 1);
    uint8_t one[1] = { (uint8_t)(0x48 | reg) }, memory[6] = { 0xff, 0x0d };
    store_le32(memory + 2, slot);
    struct item *i = in_register ? add_bytes(m, ITEM_PLAIN, one, 1)
                                 : add_bytes(m, ITEM_PLAIN, memory, 6);
    i->keep = true;
    i->defines = EFLAGS_ARITH & ~EFLAGS_CF;
    m->known &= (uint8_t)~(in_register ? 1 << reg : 0);
    i = ADD(m, ITEM_BRANCH, "\x75\x00");
    i->target = (int16_t)head;
    i->reads = EFLAGS_ZF;
    m->kept = kept;
}

/* call f; jmp end; f: ...; ret; end: */
static void add_call(struct maker *m, unsigned depth)
{
    struct random *r = m->random;
    uint8_t kept = m->kept;
    bool indirect = one_in(r, 3) && !(m->kept & 1 << RDX);
    if (indirect) {
        ADD(m, ITEM_ADDRESS, "\xba\0\0\0\0");
        ADD(m, ITEM_INDIRECT, "\xff\xd2");
        m->known &= (uint8_t)~(1 << RDX);
    } else {
        ADD(m, ITEM_CALL, "\xe8\x00");
    }
    unsigned call = m->program->count - 1;
    ADD(m, ITEM_JUMP, "\xeb\x00");
    for (unsigned n = call - indirect; n <= call; n++)
        m->program->items[n].target = (int16_t)m->program->count;
    bool stack = m->stack_is_kept;
    m->known &= (uint8_t)~(1 << RSP);
    m->stack_is_kept = true;
    add_block(m, 1 + random_below(r, 6), depth + 1);
    m->stack_is_kept = stack;
    ADD(m, ITEM_INDIRECT, "\xc3")->target = (int16_t)(call + 1);
    m->program->items[call + 1].target = (int16_t)m->program->count;
    m->kept = kept;
}

static void add_block(struct maker *m, unsigned count, unsigned depth)
{
    struct random *r = m->random;
    while (count > 0 && m->room > 0 && has_room(m)) {
        count--;
        m->room--;
        unsigned way = depth < 4 ? random_below(r, 60) : 60;
        if (way < 6)
            add_branch(m, depth);
        else if (way < 8)
            add_skip(m, depth);
        else if (way < 11 && depth < 3)
            add_loop(m, depth);
        else if (way < 13)
            add_call(m, depth);
        else
            add_instruction(m);
    }
}

/* ---- the whole ----------------------------------------------------------------------------------- */

static const struct item *definer(struct random *r)
{
    static const struct item definers[] = {
        { .kind = ITEM_PLAIN, .length = 2, .bytes = { 0x39, 0xc8 }, .target = -1, .defines = EFLAGS_ARITH },
        { .kind = ITEM_PLAIN, .length = 2, .bytes = { 0x3c, 0x80 }, .target = -1, .defines = EFLAGS_ARITH },
        { .kind = ITEM_PLAIN, .length = 3, .bytes = { 0x66, 0x39, 0xd3 }, .target = -1, .defines = EFLAGS_ARITH },
        { .kind = ITEM_PLAIN, .length = 3, .bytes = { 0x83, 0xfe, 0xff }, .target = -1, .defines = EFLAGS_ARITH },
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
    static const unsigned groups[] = { GROUP_INTEGER, GROUP_INTEGER | GROUP_SYSTEM, GROUP_X87,
                                       GROUP_INTEGER | GROUP_X87, GROUP_INTEGER | GROUP_SSE,
                                       GROUP_SSE | GROUP_MMX, ~0u };
    return groups[random_below(r, ARRAY_SIZE(groups))];
}

static bool try_make(struct random *r, struct program *p, struct silicon_case *c, uint32_t linear,
                     bool segments)
{
    struct maker m = { .random = r, .program = p, .c = c, .known = 1 << RSP };
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
    m.room = 5 + random_below(r, one_in(r, 2) ? 30 : 196);
    add_block(&m, m.room, 0);
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
    c->undefined.pointers = true;
    return linear;
}

void sequence_case(struct silicon_case *c, uint64_t seed, uint64_t number, bool segments)
{
    static struct program p;
    sequence_make(&p, c, seed, number, segments);
}
