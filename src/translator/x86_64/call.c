// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Near calls and returns.
#include "translator/x86_64/control.h"

#include "translator/internal.h"
#include "translator/x86_64/glue.h"

/*
 * Returns are predicted by the host's own CALL and RET. A guest's CALL is a host CALL on the return
 * stack (RSP); the host's return address leads to a landing. A guest's RET pops EIP into R8D and
 * is a host RET, whatever it has popped: the landing looks whether that is the address behind its
 * CALL. It mostly is. Where it is not (another stack, longjmp(), calls that the executor made, an
 * address that was pushed), the glue looks for a landing further up that fits, or else the target
 * up in the table. The bottom entry leads there too.
 *
 * CALL    mov [ESP - 4], return    RET    mov r8d, [ESP]       landing   mov r9, rcx
 *         lea ESP, [ESP - 4]              lea ESP, [ESP + 4]             lea ecx, [r8 - return]
 *         call target                     ret                            lea rcx, [rcx - 1]
 *                                                                        rorx rcx, rcx, 32
 *                                                                        jecxz mismatch
 *                                                                        mov r10, imm64
 *                                                                        mov rcx, r9
 *
 * The usual way has no taken jump (asm_unless_zero()): each takes a cycle, and room in the history
 * by which the host predicts computed jumps. The immediate is MOV RCX, R9 and JMP return_mismatch.
 */

static void emit_push_return(struct emitter *e, const struct insn *i)
{
    bool word = i->flags & INSN_OSIZE16;
    int32_t size = word ? 2 : 4;
    struct host_memory m = memory_based(
        e, SEG_SS, HOST_R14, -size, !(e->mode & TRANSLATION_STACK32), (unsigned)size, ACCESS_STORE);
    asm_rm(&e->a, word ? ASM_66 : 0, 0xc7, 0, &m);
    if (word)
        asm_16(&e->a, (uint16_t)e->next_eip);
    else
        asm_32(&e->a, e->next_eip);
    adjust_stack(e, -size);
}

/* The displacement of its LEA tells the glue which address a landing is for. */
void emit_landing_test(struct assembler *a, uint32_t eip)
{
    static const uint8_t lea_ecx_r8[] = { 0x41, 0x8d, 0x88 };
    asm_mov64(a, HOST_R9, HOST_RCX);
    asm_bytes(a, lea_ecx_r8, sizeof lea_ecx_r8);
    asm_32(a, -eip);
}
_Static_assert(LANDING_EIP == 3 + 3, "behind MOV and LEA's opcode and ModRM");

static void emit_landing(struct emitter *e)
{
    struct assembler *a = &e->a;
    emit_landing_test(a, e->next_eip);
    asm_unless_zero(a);
    asm_mov64(a, HOST_RCX, HOST_R9);
    asm_jmp(a, translator_of(e->cpu)->glue.return_mismatch);
    asm_mov64(a, HOST_RCX, HOST_R9);
    e->fpu = 0; /* whatever was called may have closed it */
    emit_goto(e, e->next_eip);
    e->ended = true;
}

static void emit_call_target(struct emitter *e, uint32_t target)
{
    if (in_own_page(e, target)) {
        link_path(e, asm_call_forward(&e->a), target);
    } else if (far_links(e)) {
        far_link_call(e, target);
    } else {
        asm_mov32_imm(&e->a, HOST_R8, target);
        emit_lookup(e, true);
    }
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
    emit_call_target(e, target);
    emit_landing(e);
    return true;
}

bool emit_call_indirect(struct emitter *e, const struct insn *i)
{
    emit_load_target(e, i, HOST_R12);
    require_target_fits(e, i, HOST_R12);
    emit_push_return(e, i);
    asm_mov32(&e->a, HOST_R8, HOST_R12);
    if (!optimised(e, OPTIMISE_RETURN)) {
        emit_computed(e, false);
        e->ended = true;
        return true;
    }
    emit_computed(e, true);
    emit_landing(e);
    return true;
}

bool emit_ret(struct emitter *e, const struct insn *i)
{
    bool word = i->flags & INSN_OSIZE16;
    int32_t size = word ? 2 : 4;
    struct host_memory m = memory_based(e, SEG_SS, HOST_R14, 0, !(e->mode & TRANSLATION_STACK32),
                                        (unsigned)size, ACCESS_LOAD);
    asm_rm(&e->a, word ? ASM_0F : 0, word ? 0xb7 : 0x8b, HOST_R8, &m);
    require_target_fits(e, i, HOST_R8);
    adjust_stack(e, size + (opcode_table[i->op].opcode == 0xc2 ? (int32_t)i->imm : 0));
    e->ended = true;
    if (optimised(e, OPTIMISE_RETURN))
        asm_8(&e->a, 0xc3);
    else
        emit_lookup(e, false);
    return true;
}
