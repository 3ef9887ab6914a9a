// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A chain of blocks: their instructions in order, and the stubs they jump to, apart from them.
#include "translator/x86_64/emitter.h"

#include "translator/internal.h"
#include "translator/x86_64/fpu_emit.h"

enum stub_kind {
    STUB_LINK,     /* of a near link */
    STUB_FAR,      /* what an empty slot leads to */
    STUB_FAR_JUMP, /* and, before it, the jump through the slot: a Jcc knows no such operand */
    STUB_COMPUTED, /* and, before it, the way of a computed jump to another target */
};

/* A jump in hot code to cold code that is not there yet. */
struct pending_stub {
    enum stub_kind kind;
    struct asm_label label; /* not of STUB_FAR */
    struct link *link;
};
enum { MAX_STUBS = 4 * BLOCK_MAX_INSNS, MAX_STUB_BYTES = 32, FAR_JUMP_BYTES = 7 };

/* A chain takes pages for its stubs, and for its slots one more than they fill. */
_Static_assert(MAX_STUBS *MAX_STUB_BYTES <= 2 * COLD_PAGE, "stubs");
_Static_assert(MAX_STUBS *COMPUTED_SLOTS * sizeof(uint64_t) <= 2 * COLD_PAGE - COLD_PAGE / 2,
               "slots");

/* What lies behind the CALL tells which instruction it is: no stub, no register is needed. */
void slow_path(struct emitter *e)
{
    asm_call(&e->a, translator_of(e->cpu)->glue.execute);
}

static struct pending_stub *new_stub(struct emitter *e, enum stub_kind kind, struct asm_label label)
{
    if (e->stub_count == MAX_STUBS) {
        e->a.overflow = true;
        return e->stubs;
    }
    struct pending_stub *s = &e->stubs[e->stub_count++];
    *s = (struct pending_stub){ .kind = kind, .label = label };
    return s;
}

static struct link *new_link(struct emitter *e, uint32_t target)
{
    if (e->t->link_count == TRANSLATION_MAX_LINKS) {
        e->a.overflow = true;
        return NULL;
    }
    struct link *link = &translation_links(e->t)[e->t->link_count++];
    *link = (struct link){ .target_eip = target,
                           .distance = (uint16_t)((uintptr_t)link - (uintptr_t)e->t),
                           .fpu = e->fpu };
    return link;
}

void link_path(struct emitter *e, struct asm_label label, uint32_t target)
{
    struct pending_stub *s = new_stub(e, STUB_LINK, label);
    s->link = new_link(e, target);
    if (s->link != NULL)
        s->link->site = (uint16_t)(label.patch - 4 - e->t->code);
}

static uint32_t slot_number(const struct emitter *e, const uint64_t *slot)
{
    return (uint32_t)(slot - (const uint64_t *)translator_of(e->cpu)->cache);
}

static uint64_t *take_slots(struct emitter *e, unsigned count)
{
    struct cold_room *cold = &e->cold;
    if (cold->slots - cold->bottom < count) {
        cold->floor -= COLD_PAGE;
        cold->bottom = (uint64_t *)cold->floor;
        cold->slots = (uint64_t *)(cold->floor + COLD_PAGE);
    }
    cold->slots -= count;
    return cold->slots;
}

static void take_stub_room(struct cold_room *cold, unsigned bytes)
{
    if (cold->end - cold->stubs >= bytes)
        return;
    unsigned pages = (bytes + COLD_PAGE - 1) / COLD_PAGE * COLD_PAGE;
    cold->floor -= pages;
    cold->stubs = cold->floor;
    cold->end = cold->floor + pages;
}

static uint64_t *far_link(struct emitter *e, enum stub_kind kind, struct asm_label label,
                          uint32_t target)
{
    struct pending_stub *s = new_stub(e, kind, label);
    s->link = new_link(e, target);
    if (s->link != NULL) {
        s->link->far = true;
        s->link->slot = slot_number(e, take_slots(e, 1));
    }
    return e->cold.slots;
}

void far_link_path(struct emitter *e, struct asm_label label, uint32_t target)
{
    far_link(e, STUB_FAR_JUMP, label, target);
}

void far_link_goto(struct emitter *e, uint32_t target)
{
    asm_jmp_slot(&e->a, far_link(e, STUB_FAR, (struct asm_label){ 0 }, target));
}

void far_link_call(struct emitter *e, uint32_t target)
{
    asm_call_slot(&e->a, far_link(e, STUB_FAR, (struct asm_label){ 0 }, target));
}

uint64_t *computed_link(struct emitter *e)
{
    struct link *link = new_link(e, 0);
    uint64_t *slots = take_slots(e, COMPUTED_SLOTS);
    if (link != NULL) {
        link->far = true;
        link->slot = slot_number(e, slots);
    }
    return slots;
}

void computed_miss_path(struct emitter *e, struct asm_label label)
{
    struct pending_stub *s = new_stub(e, STUB_COMPUTED, label);
    s->link = &translation_links(e->t)[e->t->link_count - 1];
}

/* Are all six flags written, and none read? SDM 1 appendix A. */
static bool overwrites_flags(const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return false;
    const struct opcode *row = &opcode_table[i->op];
    return (row->flags_written & EFLAGS_ARITH) == EFLAGS_ARITH && !(row->flags_read & EFLAGS_ARITH);
}

static void note(const struct emitter *e, bool executed)
{
    struct translation_notes *notes = &translator_of(e->cpu)->notes[e->number];
    notes->executed |= (uint64_t)executed << e->index;
    notes->soft |= (uint64_t)(e->way == WAY_SOFT) << e->index;
    notes->flags_dead |= (uint64_t)e->flags_dead << e->index;
}

static void emit_insn(struct emitter *e, const struct insn *i)
{
    emit_fn *fn = i->op == INSN_OP_UNDEFINED ? NULL : emitter_of(&opcode_table[i->op]);
    e->way = e->mode & TRANSLATION_WINDOW && !(e->block->slow_sites >> e->index & 1) ? WAY_WINDOW
                                                                                     : WAY_SOFT;
    e->flags_dead = overwrites_flags(i);
    if (i->op != INSN_OP_UNDEFINED && opcode_table[i->op].attributes & (OP_X87 | OP_MMX | OP_SSE) &&
        !(translator_of(e->cpu)->options.optimise & OPTIMISE_FPU))
        fn = NULL;
    uint8_t *start = e->a.p;
    bool emitted = fn != NULL && fn(e, i);
    note(e, !emitted);
    if (emitted)
        return;
    host_assert(e->a.p == start || e->a.overflow, "an emit function declined after emitting");
    slow_path(e);
}

/* Here it begins. */
static void set_stub(struct emitter *e, struct link *link)
{
    while ((uintptr_t)e->a.p % STUB_ALIGN != 0)
        asm_8(&e->a, 0xcc);
    link->stub = (uint32_t)(e->a.p - translator_of(e->cpu)->cache) / STUB_ALIGN;
}

static void emit_link_stub(struct emitter *e, const struct pending_stub *s)
{
    struct translator *tr = translator_of(e->cpu);
    if (s->link == NULL)
        return;
    set_stub(e, s->link);
    asm_bind(&e->a, s->label);
    asm_mov32_imm(&e->a, HOST_R8, data_ref_of(tr, s->link));
    asm_jmp(&e->a, tr->glue.link);
}

static void emit_far_stub(struct emitter *e, const struct pending_stub *s)
{
    struct translator *tr = translator_of(e->cpu);
    if (s->link == NULL)
        return;
    uint64_t *slot = (uint64_t *)tr->cache + s->link->slot;
    if (s->kind == STUB_COMPUTED) {
        asm_bind(&e->a, s->label);
        asm_mov64_imm(&e->a, HOST_R13, (uint64_t)(uintptr_t)s->link);
        asm_jmp(&e->a, tr->glue.computed_miss);
    }
    set_stub(e, s->link);
    *slot = (uint64_t)(uintptr_t)runs_at(tr, e->a.p);
    asm_mov32_imm(&e->a, HOST_R8, data_ref_of(tr, s->link));
    asm_jmp(&e->a, tr->glue.far_link);
}

static void emit_stub(struct emitter *e, const struct pending_stub *s)
{
    if (s->kind == STUB_LINK)
        emit_link_stub(e, s);
    else
        emit_far_stub(e, s);
}

/* MOV R8D, EIP; JMP look-up */
enum { TOMBSTONE_SIZE = 6 + 5 };

/* What conditional jumps to other pages go through. It stays, for all of a chain, when its last
 * translation becomes a tombstone. */
static void emit_far_jumps(struct emitter *e)
{
    while (e->a.p < e->t->code + TOMBSTONE_SIZE && !e->a.overflow)
        asm_8(&e->a, 0xcc);
    for (unsigned n = 0; n < e->stub_count; n++) {
        const struct pending_stub *s = &e->stubs[n];
        if (s->kind != STUB_FAR_JUMP || s->link == NULL)
            continue;
        asm_bind(&e->a, s->label);
        asm_jmp_slot(&e->a, (uint64_t *)translator_of(e->cpu)->cache + s->link->slot);
    }
}

/* A slot must not lead to a stub that is not there: only if all else had room. */
static void emit_stubs(struct emitter *e)
{
    if (e->a.overflow)
        return;
    struct assembler hot = e->a;
    take_stub_room(&e->cold, e->stub_count * MAX_STUB_BYTES);
    e->a = (struct assembler){ .p = e->cold.stubs, .start = e->cold.stubs, .end = e->cold.end };
    for (unsigned n = 0; n < e->stub_count; n++)
        emit_stub(e, &e->stubs[n]);
    host_assert(!e->a.overflow, "stubs have room");
    struct translation_notes *notes = &translator_of(e->cpu)->notes[e->number - 1];
    notes->stubs = e->cold.stubs;
    notes->stub_bytes = (uint32_t)(e->a.p - e->cold.stubs);
    e->cold.stubs = e->a.p;
    e->a = hot;
}

void emit_tombstone(struct translator *tr, struct translated *t)
{
    struct assembler a = { .p = t->code, .start = t->code, .end = t->code + TOMBSTONE_SIZE };
    asm_mov32_imm(&a, HOST_R8, t->eip);
    asm_jmp(&a, tr->glue.lookup);
}

static uint32_t wrapped(const struct emitter *e, uint32_t eip)
{
    return e->mode & MODE_CS32 ? eip : eip & 0xffff;
}

/* What a block asks for at its begin; where it is not so, for instruction number `count`. */
static void emit_gs_entry(struct emitter *e)
{
    struct host_memory kind = host_cpu_field(seg[SEG_GS].translation);
    struct host_memory difference = host_at(HOST_R10, -(int32_t)e->t->gs);
    if (e->t->gs == TRANSLATION_NO_GS)
        return;
    e->mode |= e->t->gs & TRANSLATION_ZERO_BASE(0) ? TRANSLATION_ZERO_BASE(SEG_GS) : 0;
    e->mode |= e->t->gs & TRANSLATION_NO_LIMIT(0) ? TRANSLATION_NO_LIMIT(SEG_GS) : 0;
    e->index = e->t->count;
    asm_load32(&e->a, HOST_R10, &kind);
    asm_lea32(&e->a, HOST_R10, &difference);
    require_zero(e, HOST_R10);
}

static void emit_fpu_entry(struct emitter *e)
{
    if (!(translator_of(e->cpu)->options.optimise & OPTIMISE_FPU))
        return;
    for (unsigned n = 0; n < e->t->count; n++)
        e->fpu |= (uint8_t)fpu_kinds(&e->block->insns[n]);
    e->t->fpu = e->fpu;
    e->index = e->t->count;
    fpu_guard(e, e->fpu);
}

static void emit_hot(struct emitter *e, struct translated *t)
{
    e->t = t;
    e->block = t->block;
    e->fpu = 0;
    t->code = e->a.p;
    e->mode = t->mode;
    emit_gs_entry(e);
    emit_fpu_entry(e);
    for (unsigned n = 0; n < t->count; n++) {
        const struct insn *i = &t->block->insns[n];
        e->insn = i;
        e->index = n;
        e->eip = wrapped(e, t->eip + i->offset);
        e->next_eip = wrapped(e, t->eip + i->offset + i->length);
        e->ended = false;
        t->offsets[n] = (uint16_t)(e->a.p - t->code);
        emit_insn(e, i);
    }
    t->offsets[t->count] = (uint16_t)(e->a.p - t->code);
    if (!e->ended)
        emit_goto(e, e->next_eip);
    t->hot_size = t->size = (uint16_t)(e->a.p - t->code);
}

/* JMP rel32 and a NOP of as many bytes, with the displacement's place in it. SDM 2B, NOP */
static const uint8_t jump_opcode = 0xe9, nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

/* The link in the jump that ends the translation made last, if that is how it ends. */
static struct link *last_link(const struct emitter *e)
{
    struct link *l = e->t->link_count > 0 ? &translation_links(e->t)[e->t->link_count - 1] : NULL;
    uint8_t *site = l != NULL ? e->t->code + l->site : NULL;
    bool last = l != NULL && !l->far && site + 4 == e->a.p && site[-1] == jump_opcode;
    return last && e->t->hot_size >= TOMBSTONE_SIZE ? l : NULL;
}

/* In instructions: what translation_behind() may add. */
static unsigned room_left(const struct emitter *e)
{
    size_t used = (size_t)(e->a.p - e->a.start) + e->stub_count * FAR_JUMP_BYTES;
    size_t all = (size_t)(e->a.end - e->a.start);
    return used < all ? (unsigned)(all - used) / TRANSLATION_INSN_CODE : 0;
}

unsigned emit_chain(struct translator *tr, struct region *r, struct translated **chain,
                    unsigned most)
{
    struct pending_stub stubs[MAX_STUBS];
    uint8_t *start = r->code_used;
    struct emitter e = {
        .a = { .p = start, .start = start, .end = start + TRANSLATION_MAX_CODE },
        .cold = r->cold,
        .cpu = tr->cpu,
        .mode = chain[0]->mode,
        .stubs = stubs,
    };
    struct translated *next = chain[0];
    do {
        chain[e.number] = next;
        emit_hot(&e, next);
        struct link *behind = ++e.number < most ? last_link(&e) : NULL;
        next =
            behind == NULL ? NULL : translation_behind(tr, chain, e.number, behind, room_left(&e));
    } while (next != NULL && !e.a.overflow);
    emit_far_jumps(&e);
    e.t->size = (uint16_t)(e.a.p - e.t->code);
    emit_stubs(&e);
    if (e.a.overflow)
        return 0;
    host_assert(e.cold.floor >= start + TRANSLATION_MAX_CODE, "cold code lies behind hot code");
    tr->counts.code_bytes += (uint64_t)(r->cold.floor - e.cold.floor);
    r->cold = e.cold;
    return e.number;
}

/*
 * The displacement counts from the end of its four bytes, which are the instruction's last. A jump
 * to what lies behind it becomes a NOP.
 */
void emit_patch_link(uint8_t *site, const uint8_t *target)
{
    int32_t displacement = (int32_t)(target - (site + 4));
    if (displacement == 0 && site[-1] == jump_opcode) {
        __builtin_memcpy(site - 1, nop, sizeof nop);
        return;
    }
    if (site[-1] == nop[0] && site[0] == nop[1])
        site[-1] = jump_opcode;
    __builtin_memcpy(site, &displacement, sizeof displacement);
}
