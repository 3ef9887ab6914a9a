// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// System instructions that kernels run hot, by the executor's own functions: ports, system calls
// and their returns, the TLB.
#include "cpu/access.h"
#include "cpu/integer/operand.h"
#include "cpu/paging.h"
#include "cpu/system.h"
#include "cpu/system/internal.h"
#include "translator/internal.h"

/* ---- ports ----------------------------------------------------------------------------------- */

/* Neither the TSS's bitmap nor a breakpoint has a say. */
static bool port_is_free(const struct cpu *cpu)
{
    return (!cpu_protected(cpu) || (cpu->cpl <= cpu_iopl(cpu) && !cpu_v86(cpu))) &&
           !(cpu->dr[7] & 0xff) && cpu->debug == NULL;
}

static unsigned port_size(const struct insn *i)
{
    if (!(opcode_table[i->op].opcode & 1))
        return 1;
    return i->flags & INSN_OSIZE16 ? 2 : 4;
}

static void set_accumulator(struct cpu *cpu, unsigned size, uint32_t value)
{
    uint64_t kept = size == 4 ? 0 : cpu->gpr[RAX] & ~size_mask(size);
    cpu->gpr[RAX] = kept | (value & size_mask(size));
}

enum helped help_in(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    unsigned size = port_size(i);
    if (!port_is_free(cpu))
        return HELPED_NOT;
    cpu->jit.leave = false;
    set_accumulator(cpu, size, cpu_port_read(cpu, (uint16_t)value, size));
    return HELPED_DEVICE;
}

enum helped help_out(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    unsigned size = port_size(i);
    if (!port_is_free(cpu))
        return HELPED_NOT;
    cpu->jit.leave = false;
    cpu_port_write(cpu, (uint16_t)value, size, (uint32_t)(cpu->gpr[RAX] & size_mask(size)));
    return HELPED_DEVICE;
}

/* ---- system calls and interrupts ------------------------------------------------------------- */

enum helped help_sysenter(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    (void)i, (void)value;
    return cpu_sysenter(cpu) ? help_elsewhere(cpu) : HELPED_NOT;
}

enum helped help_sysexit(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    (void)i, (void)value;
    return cpu_sysexit(cpu) ? help_elsewhere(cpu) : HELPED_NOT;
}

enum helped help_int(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    uint32_t next = (uint32_t)cpu->eip;
    help_may_raise(cpu, i);
    interrupt_deliver(cpu, value, INTERRUPT_SOFTWARE, 0, next);
    return help_elsewhere(cpu);
}

enum helped help_iret(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    uint32_t next = (uint32_t)cpu->eip;
    (void)value;
    help_may_raise(cpu, i);
    interrupt_return(cpu, i->flags & INSN_OSIZE16 ? 2 : 4, next);
    flags_to_image(cpu);
    return help_elsewhere(cpu);
}

/* ---- control registers, TLB, identification -------------------------------------------------- */

/* value: the linear address. */
enum helped help_invlpg(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    (void)i;
    if (cpu->cpl != 0)
        return HELPED_NOT;
    tlb_flush_page(cpu, value);
    return help_elsewhere(cpu);
}

enum helped help_load_cr3(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    uint32_t next = (uint32_t)cpu->eip;
    if (cpu->cpl != 0)
        return HELPED_NOT;
    help_may_raise(cpu, i);
    cpu_write_cr3(cpu, value);
    cpu->eip = next;
    return help_elsewhere(cpu);
}

enum helped help_cpuid(struct cpu *cpu, const struct insn *i, uint32_t value)
{
    uint32_t out[4];
    (void)i, (void)value;
    cpuid_read(cpu, (uint32_t)cpu->gpr[RAX], (uint32_t)cpu->gpr[RCX], out);
    cpu->gpr[RAX] = out[0];
    cpu->gpr[RBX] = out[1];
    cpu->gpr[RCX] = out[2];
    cpu->gpr[RDX] = out[3];
    return HELPED;
}
