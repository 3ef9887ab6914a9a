// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Near jumps.
#include "translator/x86_64/control.h"

#include "base/bits.h"
#include "translator/internal.h"

/*
 * A target within the block's own page is linked directly: two linear addresses of one page that is
 * mapped twice keep their distance. A link to another page jumps through a slot. What is known
 * only as it runs goes by the table of jump targets, which knows what is mapped now.
 */

bool jump_target(const struct emitter *e, const struct insn *i, uint32_t *target)
{
    *target = e->eip + i->length + i->imm;
    if (i->flags & INSN_OSIZE16)
        *target &= 0xffff;
    return e->mode & MODE_CS32 || *target <= 0xffff;
}

bool optimised(const struct emitter *e, uint32_t which)
{
    return translator_of(e->cpu)->options.optimise & which;
}

bool in_own_page(const struct emitter *e, uint32_t target)
{
    uint32_t start = (uintptr_t)e->block->host & (PAGE_SIZE - 1);
    return e->block->second_page == NULL && start + (target - e->t->eip) < PAGE_SIZE;
}

bool far_links(const struct emitter *e)
{
    return e->mode & TRANSLATION_ZERO_BASE(SEG_CS) && optimised(e, OPTIMISE_CHAIN) &&
           optimised(e, OPTIMISE_LOOKUP);
}

void emit_goto(struct emitter *e, uint32_t target)
{
    if (in_own_page(e, target)) {
        link_path(e, asm_jmp_forward(&e->a), target);
    } else if (far_links(e)) {
        far_link_goto(e, target);
    } else {
        asm_mov32_imm(&e->a, HOST_R8, target);
        emit_lookup(e, false);
    }
}

/* ---- jumps ----------------------------------------------------------------------------------- */

bool emit_jmp(struct emitter *e, const struct insn *i)
{
    uint32_t target;
    if (!jump_target(e, i, &target))
        return false;
    emit_goto(e, target);
    e->ended = true;
    return true;
}

bool emit_jcc(struct emitter *e, const struct insn *i)
{
    uint32_t target;
    unsigned cc = opcode_table[i->op].opcode & 15;
    if (!jump_target(e, i, &target))
        return false;
    if (in_own_page(e, target)) {
        link_path(e, asm_jcc_forward(&e->a, cc), target);
        return true;
    }
    if (far_links(e)) {
        far_link_path(e, asm_jcc_forward(&e->a, cc), target);
        return true;
    }
    struct asm_label not_taken = asm_jcc_forward(&e->a, cc ^ 1);
    emit_goto(e, target);
    asm_bind(&e->a, not_taken);
    return true;
}

/* Behind a JRCXZ whose jump means that the guest's is not taken. */
static void emit_taken(struct emitter *e, struct asm_label not_taken, uint32_t target)
{
    struct asm_label over = asm_jmp_short(&e->a);
    asm_bind(&e->a, not_taken);
    struct asm_label out = asm_jmp_forward(&e->a);
    asm_bind(&e->a, over);
    emit_goto(e, target);
    asm_bind(&e->a, out);
}

/* JRCXZ on the count register of the address size: ECX is zero-extended; CX by way of R9. */
bool emit_jcxz(struct emitter *e, const struct insn *i)
{
    uint32_t target;
    if (!jump_target(e, i, &target) || i->addr_mask != 0xffffffff)
        return false;
    struct asm_label zero = asm_jrcxz(&e->a);
    struct asm_label out = asm_jmp_forward(&e->a);
    asm_bind(&e->a, zero);
    emit_goto(e, target);
    asm_bind(&e->a, out);
    return true;
}

/* ECX - 1 without flags; CX alone with 16-bit addresses. */
static void emit_count_down(struct emitter *e, const struct insn *i)
{
    struct host_memory less = host_at(HOST_RCX, -1);
    if (i->addr_mask == 0xffffffff)
        asm_lea32(&e->a, HOST_RCX, &less);
    else
        asm_rm(&e->a, ASM_66, 0x8d, HOST_RCX, &less);
}

/* Jumps where the count is zero; RCX is as it was on both ways. */
static struct asm_label emit_if_counted_out(struct emitter *e, const struct insn *i)
{
    struct assembler *a = &e->a;
    if (i->addr_mask == 0xffffffff)
        return asm_jrcxz(a);
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_rr(a, ASM_0F, 0xb7, HOST_RCX, HOST_RCX);
    struct asm_label zero = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R9);
    struct asm_label more = asm_jmp_short(a);
    asm_bind(a, zero);
    asm_mov64(a, HOST_RCX, HOST_R9);
    struct asm_label out = asm_jmp_short(a);
    asm_bind(a, more);
    return out;
}

bool emit_loop(struct emitter *e, const struct insn *i)
{
    uint32_t target;
    if (!jump_target(e, i, &target))
        return false;
    emit_count_down(e, i);
    emit_taken(e, emit_if_counted_out(e, i), target);
    return true;
}

bool emit_loop_if(struct emitter *e, const struct insn *i)
{
    uint32_t target;
    unsigned leave_cc = opcode_table[i->op].opcode == 0xe0 ? 4 : 5; /* LOOPNE ends at ZF = 1 */
    if (!jump_target(e, i, &target))
        return false;
    emit_count_down(e, i);
    struct asm_label condition = asm_jcc_forward(&e->a, leave_cc);
    emit_taken(e, emit_if_counted_out(e, i), target);
    asm_bind(&e->a, condition);
    return true;
}

void require_target_fits(struct emitter *e, const struct insn *i, unsigned target)
{
    if (!(e->mode & MODE_CS32) && !(i->flags & INSN_OSIZE16))
        require_zero_above(e, target, 16);
}

void emit_load_target(struct emitter *e, const struct insn *i, unsigned to)
{
    bool word = i->flags & INSN_OSIZE16;
    if (!(i->flags & INSN_MEMORY)) {
        asm_rr(&e->a, word ? ASM_0F : 0, word ? 0xb7 : 0x8b, to, host_gpr(i->rm));
        return;
    }
    struct host_memory m = memory_operand(e, i, word ? 2 : 4, ACCESS_LOAD);
    asm_rm(&e->a, word ? ASM_0F : 0, word ? 0xb7 : 0x8b, to, &m);
}

bool emit_jmp_indirect(struct emitter *e, const struct insn *i)
{
    emit_load_target(e, i, HOST_R8);
    require_target_fits(e, i, HOST_R8);
    emit_computed(e, false);
    e->ended = true;
    return true;
}
