// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// CLD PUSHF CLI STI, control registers' values, and what does nothing.
#include "translator/x86_64/integer.h"

#include "cpu/arch.h"

bool emit_nothing(struct emitter *e, const struct insn *i)
{
    (void)e, (void)i;
    return true;
}

bool emit_pause(struct emitter *e, const struct insn *i)
{
    (void)i;
    asm_8(&e->a, 0xf3);
    asm_8(&e->a, 0x90);
    return true;
}

/* LFENCE MFENCE SFENCE; the memory forms of these opcodes are something else. */
bool emit_fence(struct emitter *e, const struct insn *i)
{
    if (i->flags & INSN_MEMORY)
        return false;
    asm_rr(&e->a, ASM_0F, 0xae, insn_row(i)->reg, 0);
    return true;
}

/* DF is part of the mode: changing it is the executor's, which then finds other code. */
bool emit_cld(struct emitter *e, const struct insn *i)
{
    (void)i;
    return !(e->mode & TRANSLATION_DF);
}

enum { IF_BIT = 9, RF_BIT = 16 };

/*
 * Bit n of a register becomes 0 or 1 by instructions that keep the flags: it is turned to the top
 * and falls off in a doubling, which brings in the new one, and the rest is turned back.
 */
static void change_bit(struct emitter *e, unsigned r, unsigned n, bool set)
{
    struct host_memory twice = { .base = (uint8_t)r, .index = (uint8_t)r, .disp = set };
    asm_rorx(&e->a, 32, r, r, n + 1);
    asm_lea32(&e->a, r, &twice);
    asm_rorx(&e->a, 32, r, r, 32 - n);
}

/* OF SF ZF AF PF CF and bit 1, which is always set, into R12; uses R11. */
static void arithmetic_flags(struct emitter *e)
{
    struct host_memory sum = { .base = HOST_RAX, .index = HOST_R12 };
    asm_mov32(&e->a, HOST_R11, HOST_RAX);
    asm_rr(&e->a, ASM_0F, 0x90, 0, HOST_RAX); /* SETO AL */
    asm_8(&e->a, 0x9f);                       /* LAHF */
    asm_rr(&e->a, ASM_0F, 0xb6, HOST_R12, HOST_RAX);
    asm_rr(&e->a, ASM_0F, 0xb6, HOST_RAX, 4); /* MOVZX EAX, AH */
    asm_rorx(&e->a, 32, HOST_R12, HOST_R12, 32 - 11);
    asm_lea32(&e->a, HOST_R12, &sum);
    asm_mov32(&e->a, HOST_RAX, HOST_R11);
}

/*
 * cpu->eflags has all but these six flags, and bit 1 as well. VM and RF are pushed as 0: VM is set
 * at CPL 3 only, where PUSHF also depends on IOPL.
 */
bool emit_pushf(struct emitter *e, const struct insn *i)
{
    unsigned size = operand_size(i);
    struct host_memory eflags = host_cpu_field(eflags);
    struct host_memory sum = { .base = HOST_R11, .index = HOST_R12, .disp = -EFLAGS_FIXED };
    if (e->mode & TRANSLATION_USER)
        return false;
    arithmetic_flags(e);
    asm_load32(&e->a, HOST_R11, &eflags);
    change_bit(e, HOST_R11, RF_BIT, false);
    asm_lea32(&e->a, HOST_R12, &sum);
    struct host_memory m = memory_based(e, SEG_SS, HOST_R14, -(int32_t)size,
                                        !(e->mode & TRANSLATION_STACK32), size, ACCESS_STORE);
    asm_rm(&e->a, size_form(size), 0x89, HOST_R12, &m);
    adjust_stack(e, -(int32_t)size);
    return true;
}

/* Where ECX is not 0, it becomes what it was before, which is in R11. Flags kept. */
static void slow_path_unless_zero(struct emitter *e)
{
    struct asm_label zero = asm_jrcxz(&e->a);
    asm_mov32(&e->a, HOST_RCX, HOST_R11);
    slow_path(e);
    asm_bind(&e->a, zero);
}

/* CLI and STI need no permission at CPL 0. The mode does not tell it from CPL 1 and 2. */
static void require_cpl_0(struct emitter *e)
{
    struct host_memory cpl = host_cpu_field(cpl);
    asm_mov32(&e->a, HOST_R11, HOST_RCX);
    asm_rm(&e->a, ASM_0F, 0xb6, HOST_RCX, &cpl);
    slow_path_unless_zero(e);
}

bool emit_cli(struct emitter *e, const struct insn *i)
{
    struct host_memory eflags = host_cpu_field(eflags);
    (void)i;
    if (e->mode & TRANSLATION_USER)
        return false;
    require_cpl_0(e);
    asm_mov32(&e->a, HOST_RCX, HOST_R11);
    asm_load32(&e->a, HOST_R11, &eflags);
    change_bit(e, HOST_R11, IF_BIT, false);
    asm_store32(&e->a, &eflags, HOST_R11);
    return true;
}

/*
 * An interrupt that waits already is the executor's affair. One that comes from now on kicks this
 * thread, and a kick does not leave right behind STI (trap.c): so one more instruction of this
 * block runs before it is taken (SDM 3A 6.8.1).
 */
bool emit_sti(struct emitter *e, const struct insn *i)
{
    struct host_memory eflags = host_cpu_field(eflags), level = host_cpu_field(intr_level);
    (void)i;
    if (e->mode & TRANSLATION_USER || e->index + 1 >= e->t->count)
        return false;
    require_cpl_0(e);
    asm_load32(&e->a, HOST_RCX, &level);
    slow_path_unless_zero(e);
    asm_mov32(&e->a, HOST_RCX, HOST_R11);
    asm_load32(&e->a, HOST_R11, &eflags);
    change_bit(e, HOST_R11, IF_BIT, true);
    asm_store32(&e->a, &eflags, HOST_R11);
    return true;
}

/* The flags that it leaves undefined stay. */
bool emit_mov_from_cr(struct emitter *e, const struct insn *i)
{
    struct host_memory value;
    if (e->mode & TRANSLATION_USER)
        return false;
    switch (i->reg) {
    case 0: value = host_cpu_field(cr0); break;
    case 2: value = host_cpu_field(cr2); break;
    case 3: value = host_cpu_field(cr3); break;
    default: value = host_cpu_field(cr4); break;
    }
    require_cpl_0(e);
    asm_mov32(&e->a, HOST_RCX, HOST_R11);
    asm_load32(&e->a, host_gpr(i->rm), &value);
    return true;
}
