// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Control, environment and whole-state instructions of the x87.
#include "cpu/handlers.h"
#include "cpu/simd/memory.h"
#include "cpu/system.h"
#include "cpu/x87/x87.h"

/* WAIT alone heeds MP: #NM if MP and TS. EM does not concern it. */
EXEC(fwait)
{
    if (unlikely((cpu->cr0 & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)))
        exec_raise(cpu, i, EXC_NM);
    fpu_sync(cpu);
    if (unlikely(cpu->fpu.status & X87_ES) && x87_wait_error(cpu, i))
        return NULL;
    EXEC_NEXT;
}

EXEC(fnop)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    EXEC_NEXT;
}

/* FNENI, FNDISI, FNSETPM: of the 8087 and 80287; no operation since the 80387. */
EXEC(fnop_legacy)
{
    X87_BEGIN_NO_WAIT;
    EXEC_NEXT;
}

EXEC(fninit)
{
    X87_BEGIN_NO_WAIT;
    exec_sync(cpu, i);
    fpu_initialize(cpu);
    EXEC_NEXT;
}

EXEC(fnclex)
{
    X87_BEGIN_NO_WAIT;
    exec_sync(cpu, i);
    fpu_set_status(cpu, fpu_status(cpu) & (uint16_t)~(X87_EXCEPTIONS | X87_SF | X87_ES | X87_B));
    EXEC_NEXT;
}

EXEC(fnstsw_ax)
{
    X87_BEGIN_NO_WAIT;
    set_reg16(cpu, RAX, fpu_status(cpu));
    EXEC_NEXT;
}

EXEC(fnstsw_m16)
{
    X87_BEGIN_NO_WAIT;
    exec_store16(cpu, i, i->seg, exec_ea(cpu, i), fpu_status(cpu));
    EXEC_NEXT;
}

EXEC(fnstcw)
{
    X87_BEGIN_NO_WAIT;
    exec_store16(cpu, i, i->seg, exec_ea(cpu, i), cpu->fpu.control);
    EXEC_NEXT;
}

/* A flag that the new masks uncover becomes pending at once. */
EXEC(fldcw)
{
    X87_BEGIN;
    uint16_t control = exec_load16(cpu, i, i->seg, exec_ea(cpu, i));
    exec_sync(cpu, i);
    fpu_set_control(cpu, control);
    EXEC_NEXT;
}

/* Nothing but the tag and TOP: these move no data. */
EXEC(ffree)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_clear_c1(cpu);
    st_free(cpu, i->rm);
    EXEC_NEXT;
}

EXEC(ffreep)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_clear_c1(cpu);
    st_free(cpu, i->rm);
    x87_pop(cpu);
    EXEC_NEXT;
}

EXEC(fincstp)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_clear_c1(cpu);
    x87_move_top(cpu, 1);
    EXEC_NEXT;
}

EXEC(fdecstp)
{
    X87_BEGIN;
    x87_instruction(cpu, i);
    x87_clear_c1(cpu);
    x87_move_top(cpu, -1);
    EXEC_NEXT;
}

/* ---- the environment: SDM 1 figures 8-9 to 8-12 ---------------------------------------------- */
/*
 * Seven fields of 16 or 32 bits. Unused upper halves are ones for the three words and the data
 * selector.
 */
#define ENVIRONMENT_FIELDS 7

static bool real_format(const struct cpu *cpu)
{
    return !cpu_protected(cpu) || cpu_v86(cpu);
}

static void environment_get(const struct cpu *cpu, bool wide, uint32_t e[ENVIRONMENT_FIELDS])
{
    const struct fpu *f = &cpu->fpu;
    const uint32_t upper = 0xffff0000;
    e[0] = upper | f->control;
    e[1] = upper | fpu_status(cpu);
    e[2] = upper | fpu_tags(cpu);
    if (real_format(cpu)) {
        uint32_t ip = ((uint32_t)f->ip_selector << 4) + f->ip,
                 dp = ((uint32_t)f->dp_selector << 4) + f->dp;
        e[3] = upper | (ip & 0xffff);
        e[4] = (ip >> 16 << 12) | f->opcode;
        e[5] = upper | (dp & 0xffff);
        e[6] = dp >> 16 << 12;
    } else {
        e[3] = f->ip;
        e[4] = f->ip_selector | (wide ? (uint32_t)f->opcode << 16 : 0);
        e[5] = f->dp;
        e[6] = upper | f->dp_selector;
    }
}

static void environment_set(struct cpu *cpu, bool wide, const uint32_t e[ENVIRONMENT_FIELDS])
{
    struct fpu *f = &cpu->fpu;
    uint32_t high_mask = wide ? 0xffff : 0xf;
    if (real_format(cpu)) {
        f->ip = (e[3] & 0xffff) | (e[4] >> 12 & high_mask) << 16;
        f->dp = (e[5] & 0xffff) | (e[6] >> 12 & high_mask) << 16;
        f->ip_selector = f->dp_selector = 0;
        f->opcode = e[4] & 0x7ff;
    } else {
        f->ip = wide ? e[3] : e[3] & 0xffff;
        f->dp = wide ? e[5] : e[5] & 0xffff;
        f->ip_selector = (uint16_t)e[4];
        f->dp_selector = (uint16_t)e[6];
        f->opcode = wide ? e[4] >> 16 & 0x7ff : 0;
    }
    f->control = (uint16_t)((e[0] & 0x1f3f) | 0x40);
    fpu_set_tags(cpu, (uint16_t)e[2]);
    fpu_set_status(cpu, (uint16_t)e[1]);
}

static void environment_store(struct cpu *cpu, const struct insn *i, uint32_t offset, bool wide)
{
    uint32_t e[ENVIRONMENT_FIELDS];
    environment_get(cpu, wide, e);
    for (unsigned n = 0; n < ENVIRONMENT_FIELDS; n++) {
        if (wide)
            exec_store32(cpu, i, i->seg, (offset + 4 * n) & i->addr_mask, e[n]);
        else
            exec_store16(cpu, i, i->seg, (offset + 2 * n) & i->addr_mask, (uint16_t)e[n]);
    }
}

static void environment_load(struct cpu *cpu, const struct insn *i, uint32_t offset, bool wide,
                             uint32_t e[ENVIRONMENT_FIELDS])
{
    for (unsigned n = 0; n < ENVIRONMENT_FIELDS; n++)
        e[n] = wide ? exec_load32(cpu, i, i->seg, (offset + 4 * n) & i->addr_mask)
                    : exec_load16(cpu, i, i->seg, (offset + 2 * n) & i->addr_mask);
}

/* FNSTENV then masks every exception; FNSAVE initializes. */
OUT_OF_LINE void fnstenv(struct cpu *cpu, const struct insn *i, bool wide)
{
    uint32_t offset = exec_ea(cpu, i);
    exec_prepare_write(cpu, i, i->seg, offset, wide ? 28 : 14);
    environment_store(cpu, i, offset, wide);
    exec_sync(cpu, i);
    fpu_set_control(cpu, cpu->fpu.control | X87_EXCEPTIONS);
}

OUT_OF_LINE void fldenv(struct cpu *cpu, const struct insn *i, bool wide)
{
    uint32_t e[ENVIRONMENT_FIELDS];
    environment_load(cpu, i, exec_ea(cpu, i), wide, e);
    exec_sync(cpu, i);
    environment_set(cpu, wide, e);
}

OUT_OF_LINE void fnsave(struct cpu *cpu, const struct insn *i, bool wide)
{
    uint32_t offset = exec_ea(cpu, i), registers = offset + (wide ? 28 : 14);
    exec_prepare_write(cpu, i, i->seg, offset, wide ? 108 : 94);
    environment_store(cpu, i, offset, wide);
    for (unsigned n = 0; n < 8; n++)
        exec_store_f80(cpu, i, i->seg, (registers + 10 * n) & i->addr_mask, *st(cpu, n));
    exec_sync(cpu, i);
    fpu_initialize(cpu);
}

OUT_OF_LINE void frstor(struct cpu *cpu, const struct insn *i, bool wide)
{
    uint32_t offset = exec_ea(cpu, i), registers = offset + (wide ? 28 : 14);
    uint32_t e[ENVIRONMENT_FIELDS];
    struct f80 values[8];
    environment_load(cpu, i, offset, wide, e);
    for (unsigned n = 0; n < 8; n++)
        values[n] = exec_load_f80(cpu, i, i->seg, (registers + 10 * n) & i->addr_mask);
    exec_sync(cpu, i);
    environment_set(cpu, wide, e);
    for (unsigned n = 0; n < 8; n++)
        *st(cpu, n) = values[n];
}

#define BY_SIZE(name, begin) \
    EXEC(name##_16)          \
    {                        \
        begin;               \
        name(cpu, i, false); \
        EXEC_NEXT;           \
    }                        \
    EXEC(name##_32)          \
    {                        \
        begin;               \
        name(cpu, i, true);  \
        EXEC_NEXT;           \
    }
BY_SIZE(fnstenv, X87_BEGIN_NO_WAIT)
BY_SIZE(fldenv, X87_BEGIN)
BY_SIZE(fnsave, X87_BEGIN_NO_WAIT)
BY_SIZE(frstor, X87_BEGIN)
