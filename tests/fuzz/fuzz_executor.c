// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The executor from any state: registers, tables and code are the input's.
#include <stdarg.h>
#include <stdlib.h>

#include "cpu_machine.h"
#include "fuzz.h"

enum { CODE = 0x5000, STEPS = 64 };

/* What cpu_machine.h asks of a unit test's program. */
void unit_fail(const char *file, int line, const char *fmt, ...)
{
    va_list arguments;
    va_start(arguments, fmt);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, fmt, arguments);
    va_end(arguments);
    abort();
}

static struct cpu_machine *machine;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    machine = machine_create("max");
    return 0;
}

/* Descriptors where the machine's own tables are, so that some selectors lead somewhere. */
static void fill_tables(struct input *in)
{
    for (unsigned n = (unsigned)input_take(in, 1) % 16; n > 0; n--) {
        uint32_t at = (uint32_t)input_take(in, 1) * 8;
        uint32_t table = at & 0x400 ? IDT + (at & 0x3f8) : GDT + (at & 0xf8);
        poke32(machine, table, (uint32_t)input_take(in, 4));
        poke32(machine, table + 4, (uint32_t)input_take(in, 4));
    }
}

static void fill_registers(struct input *in)
{
    struct cpu *cpu = machine->cpu;
    for (unsigned n = 0; n < 8; n++)
        cpu->gpr[n] = input_take(in, 4);
    if (input_take(in, 1) & 3) /* mostly a stack that is there */
        cpu->gpr[RSP] = STACK0 - 64;
    eflags_write(cpu, (uint32_t)input_take(in, 3), ~(EFLAGS_VM | EFLAGS_ARITH));
}

/* In real mode, at level 0, or at level 3; without paging, or with pages that the input describes. */
static void choose_mode(struct input *in)
{
    unsigned mode = (unsigned)input_take(in, 1);
    if (mode & 3)
        machine_protect(machine);
    if ((mode & 3) == 2)
        machine_user(machine, 0x3202);
    if (!(mode & 4))
        return;
    for (unsigned n = 0; n < 4; n++)
        poke32(machine, 0x10000 + 4 * n, (uint32_t)input_take(in, 4) | (n ? 0 : 0x87));
    if (RAISED(machine->cpu, cpu_write_cr4(machine->cpu, (uint32_t)input_take(in, 2) & 0x6bf)) < 0)
        machine->cpu->cr3 = 0x10000;
}

/* A step may end with an exception still to be delivered: the run loop takes it in the next one. */
static void settle(struct cpu *cpu)
{
    for (unsigned n = 0; n < 4 && cpu->pending.vector >= 0; n++)
        if (__builtin_setjmp(cpu->jump) == 0)
            exception_deliver_pending(cpu);
}

static void check_invariants(const struct cpu *cpu)
{
    bool wide = false;
    for (unsigned n = 0; n < 8; n++)
        wide |= cpu->gpr[n] >> 32 != 0;
    if (wide || cpu->gpr[REG_ZERO] != 0 || cpu->eip >> 32 || cpu->cpl > 3 || !(cpu->eflags & EFLAGS_FIXED) ||
        cpu->eflags & EFLAGS_ARITH || (!(cpu->cr0 & CR0_PE) && (cpu->cpl != 0 || cpu->cr0 & CR0_PG)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cpu *cpu = machine->cpu;
    memset(machine->ram->host, 0, MIB(2));
    ram_written(machine->ram, 0, MIB(2));
    cpu_reset(cpu, false);
    machine->shutdowns = 0;
    choose_mode(&in);
    fill_registers(&in);
    fill_tables(&in);
    memcpy(machine_at(machine, CODE), in.data, in.left < 0x1000 ? in.left : 0x1000);
    cpu->eip = CODE;
    if (!(cpu->cr0 & CR0_PE)) /* from F000:FFF0 to where the code is */
        far_jump(cpu, 0, CODE, 2, 0);
    for (unsigned n = 0; n < STEPS && machine->shutdowns == 0; n++) {
        cpu_step(cpu);
        settle(cpu);
        check_invariants(cpu);
        cpu->halted = false;
    }
    return 0;
}
