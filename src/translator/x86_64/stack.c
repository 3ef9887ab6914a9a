// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// PUSH POP PUSHA POPA LEAVE.
#include "translator/x86_64/integer.h"

#include "cpu/arch.h"

/*
 * ESP changes last: an access that faults leaves it. With a 16-bit stack SP alone moves and wraps.
 */
static bool wide_stack(const struct emitter *e)
{
    return e->mode & TRANSLATION_STACK32;
}

static struct host_memory stack_slot(struct emitter *e, int32_t disp, unsigned size,
                                     enum access access)
{
    return memory_based(e, SEG_SS, HOST_R14, disp, !wide_stack(e), size, access);
}

/* PUSH ESP pushes what it was before. */
static void push_host(struct emitter *e, unsigned from, unsigned size)
{
    struct host_memory m = stack_slot(e, -(int32_t)size, size, ACCESS_STORE);
    asm_rm(&e->a, size_form(size), 0x89, from, &m);
    adjust_stack(e, -(int32_t)size);
}

bool emit_push(struct emitter *e, const struct insn *i)
{
    push_host(e, host_gpr(i->reg), operand_size(i));
    return true;
}

bool emit_push_immediate(struct emitter *e, const struct insn *i)
{
    unsigned size = operand_size(i);
    struct host_memory m = stack_slot(e, -(int32_t)size, size, ACCESS_STORE);
    asm_rm(&e->a, size_form(size), 0xc7, 0, &m);
    immediate_bytes(e, size, i->imm);
    adjust_stack(e, -(int32_t)size);
    return true;
}

bool emit_push_modrm(struct emitter *e, const struct insn *i)
{
    unsigned size = operand_size(i);
    if (!(i->flags & INSN_MEMORY)) {
        push_host(e, host_gpr(i->rm), size);
        return true;
    }
    struct host_memory m = memory_operand(e, i, size, ACCESS_LOAD);
    asm_rm(&e->a, size_form(size), 0x8b, HOST_R12, &m);
    push_host(e, HOST_R12, size);
    return true;
}

/* POP ESP: the increment is overwritten; of POP SP it may show in the upper half. */
static bool pop_gpr(struct emitter *e, unsigned guest, unsigned size)
{
    if (guest == RSP && size == 2)
        return false;
    struct host_memory m = stack_slot(e, 0, size, ACCESS_LOAD);
    asm_rm(&e->a, size_form(size), 0x8b, host_gpr(guest), &m);
    if (guest != RSP)
        adjust_stack(e, (int32_t)size);
    return true;
}

bool emit_pop(struct emitter *e, const struct insn *i)
{
    return pop_gpr(e, i->reg, operand_size(i));
}

/* A destination addressed through ESP sees it incremented. */
bool emit_pop_modrm(struct emitter *e, const struct insn *i)
{
    unsigned size = operand_size(i);
    struct insn incremented = *i;
    if (!(i->flags & INSN_MEMORY))
        return pop_gpr(e, i->rm, size);
    if (i->base == RSP) {
        if (!wide_stack(e))
            return false;
        incremented.disp = (int32_t)((uint32_t)incremented.disp + size);
    }
    struct host_memory m = stack_slot(e, 0, size, ACCESS_LOAD);
    asm_rm(&e->a, size_form(size), 0x8b, HOST_R12, &m);
    m = memory_operand(e, &incremented, size, ACCESS_STORE);
    asm_rm(&e->a, size_form(size), 0x89, HOST_R12, &m);
    adjust_stack(e, (int32_t)size);
    return true;
}

/* ---- all registers: 32-bit code with a 32-bit stack, as kernels have ------------------------- */

static struct host_memory frame_slot(struct host_memory frame, unsigned gpr)
{
    frame.disp += (int32_t)(4 * (7 - gpr));
    return frame;
}

/* The upper end is stored as it is, the lower end comes next: so that a fault of either page comes
 * before anything has changed. */
bool emit_pusha(struct emitter *e, const struct insn *i)
{
    if (operand_size(i) != 4 || !wide_stack(e))
        return false;
    struct host_memory frame = stack_slot(e, -32, 32, ACCESS_STORE), top = frame_slot(frame, RAX);
    if (e->way == WAY_WINDOW) {
        asm_load32(&e->a, HOST_R11, &top);
        asm_store32(&e->a, &top, HOST_R11);
    }
    for (unsigned n = 8; n-- > 0;) {
        struct host_memory m = frame_slot(frame, n);
        asm_store32(&e->a, &m, host_gpr(n));
    }
    adjust_stack(e, -32);
    return true;
}

/* The ends are read first, so that no register has changed when there is a fault: the rest lies on
 * their pages. */
bool emit_popa(struct emitter *e, const struct insn *i)
{
    if (operand_size(i) != 4 || !wide_stack(e))
        return false;
    struct host_memory frame = stack_slot(e, 0, 32, ACCESS_LOAD), m = frame_slot(frame, RAX);
    asm_load32(&e->a, HOST_R11, &m);
    m = frame_slot(frame, RDI);
    asm_load32(&e->a, HOST_R12, &m);
    for (unsigned n = RCX; n < RDI; n++) {
        m = frame_slot(frame, n);
        if (n != RSP)
            asm_load32(&e->a, n, &m);
    }
    asm_mov32(&e->a, HOST_RAX, HOST_R11);
    asm_mov32(&e->a, HOST_RDI, HOST_R12);
    adjust_stack(e, 32);
    return true;
}

/* ESP becomes EBP, then EBP is popped; of 16 bits where the stack or the operand is so. */
bool emit_leave(struct emitter *e, const struct insn *i)
{
    unsigned size = operand_size(i);
    struct host_memory m = memory_based(e, SEG_SS, HOST_RBP, 0, !wide_stack(e), size, ACCESS_LOAD);
    asm_rm(&e->a, size_form(size), 0x8b, HOST_R11, &m);
    m = host_at(HOST_RBP, (int32_t)size);
    asm_rm(&e->a, wide_stack(e) ? 0 : ASM_66, 0x8d, HOST_R14, &m);
    asm_rr(&e->a, size_form(size), 0x8b, HOST_RBP, HOST_R11);
    return true;
}
