// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Near jumps, calls and returns.
#include "translator/x86_64/emit_functions.h"

#include "base/bits.h"
#include "translator/internal.h"

/*
 * A target within the block's own page is linked directly: two linear addresses of one page that is
 * mapped twice keep their distance. Any other goes by the table of jump targets, which knows what is
 * mapped now.
 *
 * Returns are predicted by the host's own CALL and RET. A guest CALL pushes minus its return address and
 * calls; the host return address leads to a landing which drops that word and jumps to the block behind
 * the guest's CALL. A guest RET that pops the address whose negative is on the return stack returns
 * by the host's RET; any other looks its target up, and leaves the return stack as it is:
 * entries that were not returned to are met by later returns, do not fit, and all of them are
 * forgotten when C is entered next.
 */

/* Where the instruction goes; 16-bit operand size cuts it. False: beyond what can be an EIP here. */
static bool jump_target(const struct emitter *e, const struct insn *i, uint32_t *target)
{
    *target = e->eip + i->length + i->imm;
    if (i->flags & INSN_OSIZE16)
        *target &= 0xffff;
    return e->mode & MODE_CS32 || *target <= 0xffff;
}

static bool optimised(const struct emitter *e, uint32_t which)
{
    return translator_of(e->cpu)->options.optimise & which;
}

/* Is the target in the page that holds all of this block? */
static bool in_own_page(const struct emitter *e, uint32_t target)
{
    uint32_t start = (uintptr_t)e->block->host & (PAGE_SIZE - 1);
    return e->block->second_page == NULL && start + (target - e->t->eip) < PAGE_SIZE;
}

/* Leave generated code for the EIP in R8D. */
static void leave_for_lookup(struct assembler *a, uint8_t *exit)
{
    asm_mov32_imm(a, HOST_R10, EXIT_LOOKUP);
    asm_jmp(a, exit);
}

void emit_table_jump(struct assembler *a, unsigned linear, uint8_t *exit, bool call)
{
    asm_rorx(a, 32, HOST_R9, linear, 12);
    struct host_memory sum = { .base = HOST_R9, .index = (uint8_t)linear };
    asm_lea32(a, HOST_R9, &sum);
    asm_rr(a, ASM_0F, 0xb7, HOST_R9, HOST_R9);
    sum = (struct host_memory){ .base = HOST_R9, .index = HOST_R9 };
    asm_lea64(a, HOST_R9, &sum);
    sum = (struct host_memory){ .base = HOST_R10, .index = (uint8_t)linear };
    asm_lea64(a, HOST_R10, &sum);
    struct host_memory entry = host_cpu_field(jump_targets);
    entry.index = HOST_R9;
    entry.scale = 3;
    asm_load64(a, HOST_R11, &entry);
    sum = (struct host_memory){ .base = HOST_R10, .index = HOST_R11 };
    asm_lea64(a, HOST_R10, &sum);
    asm_mov64(a, HOST_R12, HOST_RCX);
    asm_mov64(a, HOST_RCX, HOST_R10);
    struct asm_label hit = asm_jrcxz(a);
    asm_mov64(a, HOST_RCX, HOST_R12);
    leave_for_lookup(a, exit);
    asm_bind(a, hit);
    asm_mov64(a, HOST_RCX, HOST_R12);
    entry.disp += (int32_t)offsetof(struct jump_target, code);
    if (call)
        asm_call_mem(a, &entry);
    else
        asm_jmp_mem(a, &entry);
}

/* To the block at the EIP in R8D by the table; R9-R13 are clobbered, flags kept. */
static void emit_lookup(struct emitter *e, bool call)
{
    uint8_t *exit = translator_of(e->cpu)->glue.exit;
    unsigned linear = HOST_R8;
    if (!optimised(e, OPTIMISE_LOOKUP)) {
        leave_for_lookup(&e->a, exit);
        return;
    }
    if (!(e->mode & TRANSLATION_ZERO_BASE(SEG_CS))) {
        add_segment_base(e, SEG_CS, HOST_R13, HOST_R8);
        linear = HOST_R13;
    }
    asm_mov64_imm(&e->a, HOST_R10, (uint64_t)e->mode << 32);
    emit_table_jump(&e->a, linear, exit, call);
}

void emit_goto(struct emitter *e, uint32_t target)
{
    if (in_own_page(e, target)) {
        link_path(e, asm_jmp_forward(&e->a), target);
        return;
    }
    asm_mov32_imm(&e->a, HOST_R8, target);
    emit_lookup(e, false);
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

/* The target of an indirect jump may be beyond the limit in 16-bit code with 32-bit operands. */
static bool indirect_fits(const struct emitter *e, const struct insn *i)
{
    return e->mode & MODE_CS32 || i->flags & INSN_OSIZE16;
}

/* r/m into a scratch register, zero-extended. */
static void emit_load_target(struct emitter *e, const struct insn *i, unsigned to)
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
    if (!indirect_fits(e, i))
        return false;
    emit_load_target(e, i, HOST_R12);
    asm_mov32(&e->a, HOST_R8, HOST_R12);
    emit_lookup(e, false);
    e->ended = true;
    return true;
}

/* ---- calls and returns ------------------------------------------------------------------------- */

static void emit_push_return(struct emitter *e, const struct insn *i)
{
    bool word = i->flags & INSN_OSIZE16;
    int32_t size = word ? 2 : 4;
    struct host_memory m = memory_based(e, SEG_SS, HOST_R14, -size,
                                        !(e->mode & TRANSLATION_STACK32), (unsigned)size,
                                        ACCESS_STORE);
    asm_rm(&e->a, word ? ASM_66 : 0, 0xc7, 0, &m);
    if (word)
        asm_16(&e->a, (uint16_t)e->next_eip);
    else
        asm_32(&e->a, e->next_eip);
    adjust_stack(e, -size);
}

/* PUSH imm32, sign-extended: only its low 32 bits are looked at. */
static void emit_open_call(struct emitter *e)
{
    asm_8(&e->a, 0x68);
    asm_32(&e->a, -e->next_eip);
}

static void emit_landing(struct emitter *e)
{
    struct host_memory drop = host_at(HOST_RSP, 8);
    asm_lea64(&e->a, HOST_RSP, &drop);
    e->fpu = 0; /* whatever was called may have closed it */
    emit_goto(e, e->next_eip);
    e->ended = true;
}

bool emit_call(struct emitter *e, const struct insn *i)
{
    uint32_t target;
    if (!jump_target(e, i, &target))
        return false;
    emit_push_return(e, i);
    if (!optimised(e, OPTIMISE_RETURN)) {
        emit_goto(e, target);
        e->ended = true;
        return true;
    }
    emit_open_call(e);
    if (in_own_page(e, target)) {
        link_path(e, asm_call_forward(&e->a), target);
    } else {
        asm_mov32_imm(&e->a, HOST_R8, target);
        emit_lookup(e, true);
    }
    emit_landing(e);
    return true;
}

bool emit_call_indirect(struct emitter *e, const struct insn *i)
{
    if (!indirect_fits(e, i))
        return false;
    emit_load_target(e, i, HOST_R12);
    emit_push_return(e, i);
    asm_mov32(&e->a, HOST_R8, HOST_R12);
    if (!optimised(e, OPTIMISE_RETURN)) {
        emit_lookup(e, false);
        e->ended = true;
        return true;
    }
    emit_open_call(e);
    emit_lookup(e, true);
    emit_landing(e);
    return true;
}

bool emit_ret(struct emitter *e, const struct insn *i)
{
    struct assembler *a = &e->a;
    bool word = i->flags & INSN_OSIZE16;
    int32_t size = word ? 2 : 4;
    if (!indirect_fits(e, i))
        return false;
    struct host_memory m = memory_based(e, SEG_SS, HOST_R14, 0, !(e->mode & TRANSLATION_STACK32),
                                        (unsigned)size, ACCESS_LOAD);
    asm_rm(a, word ? ASM_0F : 0, word ? 0xb7 : 0x8b, HOST_R8, &m);
    adjust_stack(e, size + (opcode_table[i->op].opcode == 0xc2 ? (int32_t)i->imm : 0));
    e->ended = true;
    if (optimised(e, OPTIMISE_RETURN)) {
        struct host_memory open = host_at(HOST_RSP, 8);
        asm_load32(a, HOST_R9, &open);
        struct host_memory sum = { .base = HOST_R9, .index = HOST_R8 };
        asm_lea32(a, HOST_R9, &sum);
        asm_mov64(a, HOST_R10, HOST_RCX);
        asm_mov64(a, HOST_RCX, HOST_R9);
        struct asm_label hit = asm_jrcxz(a);
        asm_mov64(a, HOST_RCX, HOST_R10);
        struct asm_label miss = asm_jmp_forward(a);
        asm_bind(a, hit);
        asm_mov64(a, HOST_RCX, HOST_R10);
        asm_8(a, 0xc3);
        asm_bind(a, miss);
    }
    emit_lookup(e, false);
    return true;
}
