// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// MOV, PUSH and POP of segment registers, LDS LES LFS LGS LSS.
#include "cpu/access.h"
#include "cpu/handlers.h"
#include "cpu/system/shadow.h"

/* ---- MOV ------------------------------------------------------------------------------------- */

EXEC(exec_mov_from_seg_16_r)
{
    set_reg16(cpu, i->rm, cpu->seg[i->reg].selector);
    EXEC_NEXT;
}

EXEC(exec_mov_from_seg_32_r)
{
    set_reg32(cpu, i->rm, cpu->seg[i->reg].selector);
    EXEC_NEXT;
}

/* To memory always 16 bits. */
EXEC(exec_mov_from_seg_16_m)
{
    exec_store16(cpu, i, i->seg, exec_ea(cpu, i), cpu->seg[i->reg].selector);
    EXEC_NEXT;
}

EXEC(exec_mov_from_seg_32_m)
{
    exec_store16(cpu, i, i->seg, exec_ea(cpu, i), cpu->seg[i->reg].selector);
    EXEC_NEXT;
}

EXEC(exec_mov_to_seg_r)
{
    exec_sync(cpu, i);
    segment_load(cpu, i->reg, reg16(cpu, i->rm));
    EXEC_NEXT;
}

EXEC(exec_mov_to_seg_m)
{
    uint16_t selector = exec_load16(cpu, i, i->seg, exec_ea(cpu, i));
    exec_sync(cpu, i);
    segment_load(cpu, i->reg, selector);
    EXEC_NEXT;
}

/* Loading SS holds off interrupts and debug traps until the next instruction is done. */
EXEC(exec_mov_to_ss_r)
{
    exec_sync(cpu, i);
    segment_load(cpu, SEG_SS, reg16(cpu, i->rm));
    return shadow_next(cpu, i, ATTENTION_SHADOWS);
}

EXEC(exec_mov_to_ss_m)
{
    uint16_t selector = exec_load16(cpu, i, i->seg, exec_ea(cpu, i));
    exec_sync(cpu, i);
    segment_load(cpu, SEG_SS, selector);
    return shadow_next(cpu, i, ATTENTION_SHADOWS);
}

/* ---- PUSH, POP ------------------------------------------------------------------------------- */

/*
 * With 32-bit operand size ESP moves by 4 but two bytes are written, as on the P6 and later (SDM 2
 * "PUSH").
 */
static void push_segment(struct cpu *cpu, const struct insn *i, unsigned seg, unsigned size)
{
    uint32_t esp = ((uint32_t)cpu->gpr[RSP] - size) & cpu->stack_mask;
    exec_store16(cpu, i, SEG_SS, esp, cpu->seg[seg].selector);
    stack_set_pointer(cpu, esp);
}

/* The new ESP goes by the old SS, also for POP SS. */
static void pop_segment(struct cpu *cpu, const struct insn *i, unsigned seg, unsigned size)
{
    uint32_t mask = cpu->stack_mask, esp = (uint32_t)cpu->gpr[RSP] & mask;
    uint16_t selector =
        size == 4 ? (uint16_t)exec_load32(cpu, i, SEG_SS, esp) : exec_load16(cpu, i, SEG_SS, esp);
    exec_sync(cpu, i);
    segment_load(cpu, seg, selector);
    cpu->gpr[RSP] = ((esp + size) & mask) | (cpu->gpr[RSP] & ~(uint64_t)mask);
}

#define PUSH_SEGMENT(name, seg)                                                                    \
    EXEC(exec_push_##name##_16)                                                                    \
    {                                                                                              \
        push_segment(cpu, i, seg, 2);                                                              \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_push_##name##_32)                                                                    \
    {                                                                                              \
        push_segment(cpu, i, seg, 4);                                                              \
        EXEC_NEXT;                                                                                 \
    }
PUSH_SEGMENT(es, SEG_ES)
PUSH_SEGMENT(cs, SEG_CS)
PUSH_SEGMENT(ss, SEG_SS)
PUSH_SEGMENT(ds, SEG_DS)
PUSH_SEGMENT(fs, SEG_FS)
PUSH_SEGMENT(gs, SEG_GS)

#define POP_SEGMENT(name, seg)                                                                     \
    EXEC(exec_pop_##name##_16)                                                                     \
    {                                                                                              \
        pop_segment(cpu, i, seg, 2);                                                               \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_pop_##name##_32)                                                                     \
    {                                                                                              \
        pop_segment(cpu, i, seg, 4);                                                               \
        EXEC_NEXT;                                                                                 \
    }
POP_SEGMENT(es, SEG_ES)
POP_SEGMENT(ds, SEG_DS)
POP_SEGMENT(fs, SEG_FS)
POP_SEGMENT(gs, SEG_GS)

EXEC(exec_pop_ss_16)
{
    pop_segment(cpu, i, SEG_SS, 2);
    return shadow_next(cpu, i, ATTENTION_SHADOWS);
}

EXEC(exec_pop_ss_32)
{
    pop_segment(cpu, i, SEG_SS, 4);
    return shadow_next(cpu, i, ATTENTION_SHADOWS);
}

/* ---- far pointers ---------------------------------------------------------------------------- */

#define LOAD_POINTER(name, target)                                                                 \
    EXEC(exec_l##name##_16)                                                                        \
    {                                                                                              \
        uint32_t ea = exec_ea(cpu, i);                                                             \
        uint16_t offset = exec_load16(cpu, i, i->seg, ea);                                         \
        uint16_t selector = exec_load16(cpu, i, i->seg, (ea + 2) & i->addr_mask);                  \
        exec_sync(cpu, i);                                                                         \
        segment_load(cpu, target, selector);                                                       \
        set_reg16(cpu, i->reg, offset);                                                            \
        EXEC_NEXT;                                                                                 \
    }                                                                                              \
    EXEC(exec_l##name##_32)                                                                        \
    {                                                                                              \
        uint32_t ea = exec_ea(cpu, i);                                                             \
        uint32_t offset = exec_load32(cpu, i, i->seg, ea);                                         \
        uint16_t selector = exec_load16(cpu, i, i->seg, (ea + 4) & i->addr_mask);                  \
        exec_sync(cpu, i);                                                                         \
        segment_load(cpu, target, selector);                                                       \
        set_reg32(cpu, i->reg, offset);                                                            \
        EXEC_NEXT;                                                                                 \
    }
LOAD_POINTER(es, SEG_ES)
LOAD_POINTER(ss, SEG_SS)
LOAD_POINTER(ds, SEG_DS)
LOAD_POINTER(fs, SEG_FS)
LOAD_POINTER(gs, SEG_GS)
