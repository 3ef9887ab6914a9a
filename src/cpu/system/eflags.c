// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// EFLAGS: writes with their effects; CLI STI PUSHF POPF with the rules of IOPL, VME and PVI.
#include "cpu/access.h"
#include "cpu/handlers.h"
#include "cpu/paging.h"
#include "cpu/system/shadow.h"

#define WRITABLE                                                                                   \
    (EFLAGS_TF | EFLAGS_IF | EFLAGS_DF | EFLAGS_IOPL | EFLAGS_NT | EFLAGS_RF | EFLAGS_VM |         \
     EFLAGS_AC | EFLAGS_VIF | EFLAGS_VIP | EFLAGS_ID)

void eflags_write(struct cpu *cpu, uint32_t value, uint32_t mask)
{
    uint32_t old = cpu->eflags, attention = 0;
    if (mask & EFLAGS_ARITH)
        flags_change(cpu, mask & EFLAGS_ARITH, value);
    mask &= WRITABLE;
    /* EFLAGS.AC came with the 486, ID with CPUID: both are in every model. */
    cpu->eflags = (old & ~mask) | (value & mask) | EFLAGS_FIXED;
    /*
     * RF has an effect on instruction breakpoints alone; without any it need not slow down the next
     * instruction.
     */
    if (unlikely(cpu->eflags & EFLAGS_RF) && !debug_any_execute(cpu))
        cpu->eflags &= ~EFLAGS_RF;
    if (~old & cpu->eflags & EFLAGS_IF && __atomic_load_n(&cpu->intr_level, __ATOMIC_ACQUIRE))
        attention |= ATTENTION_INTR;
    if (unlikely(cpu->eflags & EFLAGS_TF))
        attention |= ATTENTION_TRAP;
    /*
     * While alignment is checked the soft TLB holds no entries for CPL 3: it does not look at
     * alignment.
     */
    if (unlikely((old ^ cpu->eflags) & EFLAGS_AC) && (cpu->cr0 & CR0_AM))
        tlb_flush(cpu, false);
    if (unlikely(attention))
        cpu_note(cpu, attention);
}

/* ---- CLI, STI -------------------------------------------------------------------------------- */

/* Which flag does CLI or STI change? SDM 2 "CLI" table 3-7. Raises #GP(0) where neither. */
static uint32_t interrupt_flag(struct cpu *cpu)
{
    if (!cpu_protected(cpu) || cpu_iopl(cpu) >= cpu->cpl)
        return EFLAGS_IF;
    if (cpu_v86(cpu) ? cpu->cr4 & CR4_VME : cpu->cpl == 3 && (cpu->cr4 & CR4_PVI))
        return EFLAGS_VIF;
    cpu_raise_error(cpu, EXC_GP, 0);
}

EXEC(exec_cli)
{
    exec_sync(cpu, i);
    cpu->eflags &= ~interrupt_flag(cpu);
    EXEC_NEXT;
}

EXEC(exec_sti)
{
    exec_sync(cpu, i);
    uint32_t flag = interrupt_flag(cpu);
    if (flag == EFLAGS_VIF && (cpu->eflags & EFLAGS_VIP))
        cpu_raise_error(cpu, EXC_GP, 0);
    /* Interrupts stay held off for one more instruction if IF was clear. */
    bool shadow = flag == EFLAGS_IF && !(cpu->eflags & EFLAGS_IF);
    eflags_write(cpu, flag, flag);
    if (shadow)
        return shadow_next(cpu, i, ATTENTION_SHADOW);
    EXEC_NEXT;
}

/* ---- PUSHF, POPF ----------------------------------------------------------------------------- */

static bool v86_restricted(const struct cpu *cpu)
{
    return cpu_v86(cpu) && cpu_iopl(cpu) < 3;
}

static uint32_t pushf_image(struct cpu *cpu, unsigned size)
{
    uint32_t f = cpu_eflags(cpu);
    if (v86_restricted(cpu)) {
        if (size == 4 || !(cpu->cr4 & CR4_VME))
            cpu_raise_error(cpu, EXC_GP, 0);
        f = (f & ~EFLAGS_IF) | EFLAGS_IOPL | (f & EFLAGS_VIF ? EFLAGS_IF : 0);
    }
    return f & ~(EFLAGS_RF | EFLAGS_VM);
}

EXEC(exec_pushf_16)
{
    exec_sync(cpu, i);
    exec_push16(cpu, i, (uint16_t)pushf_image(cpu, 2));
    EXEC_NEXT;
}

EXEC(exec_pushf_32)
{
    exec_sync(cpu, i);
    exec_push32(cpu, i, pushf_image(cpu, 4));
    EXEC_NEXT;
}

uint32_t eflags_writable(const struct cpu *cpu, unsigned size)
{
    uint32_t mask = EFLAGS_ARITH | EFLAGS_TF | EFLAGS_DF | EFLAGS_NT;
    if (!cpu_protected(cpu) || cpu->cpl == 0)
        mask |= EFLAGS_IOPL;
    if (!cpu_protected(cpu) || cpu_iopl(cpu) >= cpu->cpl)
        mask |= EFLAGS_IF;
    if (size == 4)
        mask |= EFLAGS_AC | EFLAGS_ID;
    return mask;
}

uint32_t eflags_check_vme(struct cpu *cpu, uint32_t value, unsigned size)
{
    if (size == 4 || !(cpu->cr4 & CR4_VME) || (value & EFLAGS_TF) ||
        ((value & EFLAGS_IF) && (cpu->eflags & EFLAGS_VIP)))
        cpu_raise_error(cpu, EXC_GP, 0);
    return (value & ~EFLAGS_VIF) | (value & EFLAGS_IF ? EFLAGS_VIF : 0);
}

static void popf(struct cpu *cpu, const struct insn *i, unsigned size)
{
    exec_sync(cpu, i);
    bool restricted = v86_restricted(cpu);
    if (restricted && (size == 4 || !(cpu->cr4 & CR4_VME)))
        cpu_raise_error(cpu, EXC_GP, 0);
    uint32_t esp = (uint32_t)cpu->gpr[RSP] & cpu->stack_mask;
    uint32_t value = (uint32_t)cpu_load(cpu, SEG_SS, esp, size);
    uint32_t mask = eflags_writable(cpu, size);
    if (restricted) {
        value = eflags_check_vme(cpu, value, size);
        mask |= EFLAGS_VIF;
    }
    /* RF is cleared. */
    if (size == 4) {
        value &= ~EFLAGS_RF;
        mask |= EFLAGS_RF;
    }
    stack_set_pointer(cpu, (esp + size) & cpu->stack_mask);
    eflags_write(cpu, value, mask);
    cpu->eip = insn_next_eip(cpu, i);
}

EXEC(exec_popf_16)
{
    popf(cpu, i, 2);
    EXEC_JUMP;
}

EXEC(exec_popf_32)
{
    popf(cpu, i, 4);
    EXEC_JUMP;
}
