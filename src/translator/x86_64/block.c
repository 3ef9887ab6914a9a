// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One block: its instructions in order, then the stubs they jump to.
#include "translator/x86_64/emitter.h"

#include "translator/internal.h"

enum stub_kind { STUB_SLOW, STUB_LINK, STUB_FAR, STUB_FAR_JUMP };

/* A jump in hot code to cold code that is not there yet. */
struct pending_stub {
    enum stub_kind kind;
    struct asm_label label;
    unsigned index;    /* STUB_SLOW: the instruction */
    struct link *link; /* STUB_LINK, STUB_FAR*: the latter is a jump of its own */
};
enum { MAX_STUBS = 4 * BLOCK_MAX_INSNS };

static struct pending_stub *new_stub(struct emitter *e, enum stub_kind kind, struct asm_label label)
{
    if (e->stub_count == MAX_STUBS) {
        e->a.overflow = true;
        return e->stubs;
    }
    struct pending_stub *s = &e->stubs[e->stub_count++];
    *s = (struct pending_stub){ .kind = kind, .label = label, .index = e->index };
    return s;
}

void slow_path(struct emitter *e, struct asm_label label)
{
    new_stub(e, STUB_SLOW, label);
}

static struct link *new_link(struct emitter *e, uint32_t target)
{
    if (e->t->link_count == TRANSLATION_MAX_LINKS) {
        e->a.overflow = true;
        return NULL;
    }
    struct link *link = &e->t->links[e->t->link_count++];
    *link = (struct link){ .target_eip = target, .from = e->t, .fpu = e->fpu };
    return link;
}

void link_path(struct emitter *e, struct asm_label label, uint32_t target)
{
    struct pending_stub *s = new_stub(e, STUB_LINK, label);
    s->link = new_link(e, target);
    if (s->link != NULL)
        s->link->site = label.patch - 4;
}

static uint64_t *far_link(struct emitter *e, enum stub_kind kind, struct asm_label label,
                          uint32_t target)
{
    struct pending_stub *s = new_stub(e, kind, label);
    s->link = new_link(e, target);
    if (s->link != NULL) {
        s->link->far = true;
        s->link->slot = --e->slots;
    }
    return e->slots;
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

void emit_execute(struct emitter *e)
{
    slow_path(e, asm_jmp_forward(&e->a));
}

/* Has the row no say in a flag that it does not overwrite? SDM 1 appendix A. */
static bool overwrites_flags(const struct insn *i)
{
    if (i->op == INSN_OP_UNDEFINED)
        return false;
    const struct opcode *row = &opcode_table[i->op];
    return (row->flags_written & EFLAGS_ARITH) == EFLAGS_ARITH && !(row->flags_read & EFLAGS_ARITH);
}

static void note(const struct emitter *e, bool executed)
{
    struct translation_notes *notes = &translator_of(e->cpu)->notes;
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
    emit_execute(e);
}

static void emit_slow_stub(struct emitter *e, const struct pending_stub *s)
{
    asm_bind(&e->a, s->label);
    asm_mov64_imm(&e->a, HOST_R8, (uint64_t)(uintptr_t)e->t);
    asm_mov32_imm(&e->a, HOST_R9, s->index);
    asm_jmp(&e->a, translator_of(e->cpu)->glue.execute);
}

static void emit_link_stub(struct emitter *e, const struct pending_stub *s)
{
    if (s->link == NULL)
        return;
    s->link->stub = e->a.p;
    asm_bind(&e->a, s->label);
    asm_mov64_imm(&e->a, HOST_R8, (uint64_t)(uintptr_t)s->link);
    asm_jmp(&e->a, translator_of(e->cpu)->glue.exit_link);
    s->link->lookup_stub = e->a.p;
    asm_mov32_imm(&e->a, HOST_R8, s->link->target_eip);
    asm_jmp(&e->a, translator_of(e->cpu)->glue.lookup);
}

static void emit_far_stub(struct emitter *e, const struct pending_stub *s)
{
    struct translator *tr = translator_of(e->cpu);
    if (s->link == NULL)
        return;
    if (s->kind == STUB_FAR_JUMP) {
        asm_bind(&e->a, s->label);
        asm_jmp_slot(&e->a, s->link->slot);
    }
    s->link->stub = e->a.p;
    *s->link->slot = (uint64_t)(uintptr_t)runs_at(tr, e->a.p);
    asm_mov64_imm(&e->a, HOST_R8, (uint64_t)(uintptr_t)s->link);
    asm_jmp(&e->a, tr->glue.far_link);
}

static void emit_stub(struct emitter *e, const struct pending_stub *s)
{
    switch (s->kind) {
    case STUB_SLOW: emit_slow_stub(e, s); break;
    case STUB_LINK: emit_link_stub(e, s); break;
    default: emit_far_stub(e, s); break;
    }
}

/* MOV R8D, EIP; JMP look-up */
enum { TOMBSTONE_SIZE = 6 + 5 };

static void emit_stubs(struct emitter *e)
{
    for (unsigned n = 0; n < e->stub_count; n++)
        emit_stub(e, &e->stubs[n]);
    while (e->a.p < e->t->code + TOMBSTONE_SIZE && !e->a.overflow)
        asm_8(&e->a, 0xcc);
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

/* Instruction number `count` stands for the block's begin with the FPU closed. */
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

bool emit_block(struct translator *tr, struct region *r, struct translated *t)
{
    struct pending_stub stubs[MAX_STUBS];
    uint8_t *end = t->code + TRANSLATION_MAX_CODE - TRANSLATION_MAX_LINKS * sizeof(uint64_t);
    struct emitter e = {
        .a = { .p = t->code, .start = t->code, .end = end },
        .slots = r->slots,
        .cpu = tr->cpu,
        .t = t,
        .block = t->block,
        .mode = t->mode,
        .stubs = stubs,
    };
    emit_fpu_entry(&e);
    for (unsigned n = 0; n < t->count; n++) {
        const struct insn *i = &t->block->insns[n];
        e.insn = i;
        e.index = n;
        e.eip = wrapped(&e, t->eip + i->offset);
        e.next_eip = wrapped(&e, t->eip + i->offset + i->length);
        e.ended = false;
        t->offsets[n] = (uint16_t)(e.a.p - t->code);
        emit_insn(&e, i);
    }
    t->offsets[t->count] = (uint16_t)(e.a.p - t->code);
    if (!e.ended)
        emit_goto(&e, e.next_eip);
    t->hot_size = (uint32_t)(e.a.p - t->code);
    emit_stubs(&e);
    t->size = (uint32_t)(e.a.p - t->code);
    if (e.a.overflow)
        return false;
    r->slots = e.slots;
    return true;
}

bool emits(const struct opcode *row)
{
    return emitter_of(row) != NULL;
}

/* The displacement counts from the end of its four bytes, which are the instruction's last. */
void emit_patch_link(uint8_t *site, const uint8_t *target)
{
    int32_t displacement = (int32_t)(target - (site + 4));
    __builtin_memcpy(site, &displacement, sizeof displacement);
}
