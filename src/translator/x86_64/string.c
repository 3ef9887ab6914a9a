// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOVS STOS LODS SCAS CMPS, one element or repeated.
#include "translator/x86_64/integer.h"

#include "cpu/arch.h"
#include "translator/internal.h"

/* ---- one element ----------------------------------------------------------------------------- */

static unsigned element_size(const struct insn *i)
{
    return insn_row(i)->opcode & 1 ? operand_size(i) : 1;
}

/* [SI] or [DI] by the address size; R13 holds the 16-bit one. */
static struct host_memory element(struct emitter *e, const struct insn *i, unsigned seg,
                                  unsigned gpr, enum access access)
{
    if (i->addr_mask == 0xffff) {
        asm_rr(&e->a, ASM_0F, 0xb7, HOST_R13, gpr);
        gpr = HOST_R13;
    }
    return memory_at(e, seg, gpr, element_size(i), access);
}

static struct host_memory source(struct emitter *e, const struct insn *i)
{
    return element(e, i, i->seg, HOST_RSI, ACCESS_LOAD);
}

static struct host_memory destination(struct emitter *e, const struct insn *i, enum access access)
{
    return element(e, i, SEG_ES, HOST_RDI, access);
}

/* The opcode is its byte form. */
static void with_element(struct emitter *e, const struct insn *i, uint8_t opcode, unsigned reg,
                         const struct host_memory *m)
{
    unsigned size = element_size(i);
    asm_rm(&e->a, size_form(size) | ASM_BYTE_REG * (size == 1), sized_opcode(opcode, size), reg, m);
}

static void advance(struct emitter *e, const struct insn *i, unsigned gpr)
{
    int32_t size = (int32_t)element_size(i);
    struct host_memory m = host_at(gpr, e->mode & TRANSLATION_DF ? -size : size);
    asm_rm(&e->a, i->addr_mask == 0xffff ? ASM_66 : 0, 0x8d, gpr, &m);
}

bool emit_movs(struct emitter *e, const struct insn *i)
{
    struct host_memory m = source(e, i);
    with_element(e, i, 0x8a, HOST_R12, &m);
    m = destination(e, i, ACCESS_STORE);
    with_element(e, i, 0x88, HOST_R12, &m);
    advance(e, i, HOST_RSI);
    advance(e, i, HOST_RDI);
    return true;
}

bool emit_stos(struct emitter *e, const struct insn *i)
{
    struct host_memory m = destination(e, i, ACCESS_STORE);
    with_element(e, i, 0x88, HOST_RAX, &m);
    advance(e, i, HOST_RDI);
    return true;
}

/* Repeated it is rare: only the last element shows. */
bool emit_lods(struct emitter *e, const struct insn *i)
{
    if (i->flags & (INSN_REP | INSN_REPNE))
        return false;
    struct host_memory m = source(e, i);
    with_element(e, i, 0x8a, HOST_RAX, &m);
    advance(e, i, HOST_RSI);
    return true;
}

bool emit_scas(struct emitter *e, const struct insn *i)
{
    struct host_memory m = destination(e, i, ACCESS_LOAD);
    with_element(e, i, 0x3a, HOST_RAX, &m);
    advance(e, i, HOST_RDI);
    return true;
}

bool emit_cmps(struct emitter *e, const struct insn *i)
{
    struct host_memory m = source(e, i);
    with_element(e, i, 0x8a, HOST_R12, &m);
    m = destination(e, i, ACCESS_LOAD);
    with_element(e, i, 0x3a, HOST_R12, &m);
    advance(e, i, HOST_RSI);
    advance(e, i, HOST_RDI);
    return true;
}

/* ---- repeated -------------------------------------------------------------------------------- */

/*
 * In a window the host repeats it: with the window's base added to ESI and EDI, as ES has no
 * override. The base is taken off by adding its complement and 1: NOT keeps the flags. Where a host
 * fault in the middle has to end in the executor, frame_unwind() takes it off, and what is left in
 * ECX is a whole instruction again. Elsewhere a helper goes from page to page by the soft TLB.
 */
static void rebase(struct emitter *e, unsigned gpr, bool add)
{
    struct host_memory sum = { .base = (uint8_t)gpr, .index = HOST_R11, .disp = !add };
    if (add)
        asm_lea64(&e->a, gpr, &sum);
    else
        asm_lea32(&e->a, gpr, &sum);
}

static bool repeats_on_host(const struct emitter *e, const struct insn *i, bool from_source)
{
    return e->way == WAY_WINDOW && i->addr_mask != 0xffff && !(e->mode & TRANSLATION_DF) &&
           emitter_flat(e, SEG_ES) && (!from_source || emitter_flat(e, i->seg));
}

static bool has_source(uint8_t opcode)
{
    return (opcode & ~1) == 0xa4 || (opcode & ~1) == 0xa6;
}

/* What emit_repeat() is for: string.inc. */
static bool is_repeatable(uint8_t opcode)
{
    return has_source(opcode) || (opcode & ~1) == 0xaa || (opcode & ~1) == 0xae;
}

bool emit_repeat(struct emitter *e, const struct insn *i)
{
    uint8_t opcode = insn_row(i)->opcode;
    bool from_source = has_source(opcode);
    struct host_memory window = host_cpu_field(jit.window);
    if (!repeats_on_host(e, i, from_source)) {
        emit_help(e, help_repeat);
        return true;
    }
    asm_load64(&e->a, HOST_R11, &window);
    if (from_source)
        rebase(e, HOST_RSI, true);
    rebase(e, HOST_RDI, true);
    if (element_size(i) == 2)
        asm_8(&e->a, 0x66);
    asm_8(&e->a, i->flags & INSN_REPNE ? 0xf2 : 0xf3);
    asm_8(&e->a, opcode);
    asm_rr(&e->a, ASM_W, 0xf7, 2, HOST_R11);
    if (from_source)
        rebase(e, HOST_RSI, false);
    rebase(e, HOST_RDI, false);
    return true;
}

/*
 * What the host was doing tells: the guest's bytes may be others by now, by a transfer that the
 * processor has not heard of. No other code begins so: behind a prefix of SSE is 0F or REX.
 */
bool frame_unwind(const struct translator *tr, struct host_frame *frame)
{
    const uint8_t *code = (const uint8_t *)(uintptr_t)frame->pc - tr->to_run;
    uintptr_t window = (uintptr_t)tr->cpu->jit.window;
    code += *code == 0x66;
    if ((*code != 0xf2 && *code != 0xf3) || !is_repeatable(code[1]))
        return false;
    frame->gpr[HOST_RDI] = (uint32_t)(frame->gpr[HOST_RDI] - window);
    if (has_source(code[1]))
        frame->gpr[HOST_RSI] = (uint32_t)(frame->gpr[HOST_RSI] - window);
    return true;
}
