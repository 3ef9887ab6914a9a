// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the files of cpu/system/ share among themselves.
#ifndef CPU_SYSTEM_INTERNAL_H
#define CPU_SYSTEM_INTERNAL_H

#include "cpu/system.h"
#include "cpu/system/descriptor.h"
#include "cpu/system/stack.h"

/* Attention bits from the CPU's own thread: nobody has to be woken. */
static inline void cpu_note(struct cpu *cpu, uint32_t bits)
{
    __atomic_fetch_or(&cpu->attention, bits, __ATOMIC_SEQ_CST);
}

/* #GP(0) unless CPL 0; #UD outside protected mode. Synchronise eip. */
void require_cpl0(struct cpu *cpu, const struct insn *i);
void require_protected(struct cpu *cpu, const struct insn *i);

/* DR6, SDM 3A 17.2.3. */
#define DR6_BD (1u << 13)
#define DR6_BS (1u << 14)
#define DR6_BT (1u << 15)

/* eflags.c: what POPF and IRET may change at this privilege, without VM, RF, VIF, VIP. */
uint32_t eflags_writable(const struct cpu *cpu, unsigned size);
/* POPF and IRET in virtual-8086 mode with IOPL < 3: #GP(0) or value with VIF in place of IF. */
uint32_t eflags_check_vme(struct cpu *cpu, uint32_t value, unsigned size);

/* gate.c: JMP and CALL through a call gate. */
void gate_jump(struct cpu *cpu, const struct descriptor *gate);
void gate_call(struct cpu *cpu, const struct descriptor *gate, uint32_t next_eip);

/*
 * far.c: the checks common to every transfer to a code segment: offset inside its limit (else
 * #GP(ext)).
 */
void far_check_offset(struct cpu *cpu, const struct descriptor *code, uint32_t offset,
                      unsigned ext);

/* debug.c: #DB leaves DR7.GD clear (SDM 3A 17.2.4). */
void debug_entering_handler(struct cpu *cpu);

/* exception.c: triple fault, or a state that RSM may not load. */
void cpu_shutdown(struct cpu *cpu);

/* cpuid.c */
void cpuid_read(struct cpu *cpu, uint32_t leaf, uint32_t subleaf, uint32_t out[4]);
uint32_t cpu_signature(const struct cpu_model *model);

#endif
