// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The executor from any state: registers, tables and code are the input's.
#include <stdarg.h>
#include <stdlib.h>

#include "cpu_machine.h"
#include "fuzz.h"

enum { CODE = 0x5000, STEPS = 64, EVENTS_MAX = 4 };

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

/* Anything, a segment of 4 GiB, or a gate that leads into the code. */
static void fill_descriptor(struct input *in, uint32_t at)
{
    uint32_t kind = (uint32_t)input_take(in, 1), low, high;
    if (kind & 1) {
        uint32_t offset = CODE + (uint32_t)input_take(in, 1);
        low = (uint32_t)input_take(in, 2) << 16 | offset;
        high = (kind & 0xfe) << 8;
    } else if (kind & 2) {
        low = 0x0000ffff;
        high = 0x008f0000 | (uint32_t)input_take(in, 1) << 8 | (kind & 4) << 20;
    } else {
        low = (uint32_t)input_take(in, 4);
        high = (uint32_t)input_take(in, 4);
    }
    poke32(machine, at, low);
    poke32(machine, at + 4, high);
}

/* Descriptors where the machine's own tables are, so that some selectors lead somewhere. */
static void fill_tables(struct input *in)
{
    for (unsigned n = (unsigned)input_take(in, 1) % 16; n > 0; n--) {
        uint32_t at = (uint32_t)input_take(in, 1) * 8;
        fill_descriptor(in, at & 0x400 ? IDT + (at & 0x3f8) : GDT + (at & 0xf8));
    }
}

/* What is off after reset: SSE, x87 control, and where an SMI leads. */
static void fill_control(struct input *in)
{
    struct cpu *cpu = machine->cpu;
    unsigned what = (unsigned)input_take(in, 1);
    if (what & 1)
        RAISED(cpu, cpu_write_cr4(cpu, cpu->cr4 | CR4_OSFXSR | CR4_OSXMMEXCPT));
    if (what & 2)
        cpu->fpu.mxcsr = (uint32_t)input_take(in, 2) & 0xffff;
    if (what & 4)
        cpu->smbase = CODE - 0x8000 + (uint32_t)input_take(in, 1);
    if (what & 8)
        cpu->cr0 |= CR0_NE;
}

/* Pins: SMI, NMI, INIT and INTR before the step that the input says. */
struct event {
    uint8_t step, pin;
};

static void raise_pin(struct cpu *cpu, unsigned pin)
{
    switch (pin & 3) {
    case 0: cpu_raise_smi(cpu); break;
    case 1: cpu_raise_nmi(cpu); break;
    case 2: cpu_raise_init(cpu); break;
    default: cpu_set_intr(cpu, pin & 4); break;
    }
}

static int acknowledge(void *opaque)
{
    (void)opaque;
    cpu_set_intr(machine->cpu, false);
    return 0x40;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    machine = machine_create("max");
    machine->cpu->bus.acknowledge = acknowledge;
    return 0;
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
    if (wide || cpu->gpr[REG_ZERO] != 0 || cpu->eip >> 32 || cpu->cpl > 3 ||
        !(cpu->eflags & EFLAGS_FIXED) || cpu->eflags & EFLAGS_ARITH ||
        (!(cpu->cr0 & CR0_PE) && (cpu->cpl != 0 || cpu->cr0 & CR0_PG)))
        abort();
}

/* Everything as power-on leaves it, RAM too. */
static void begin(void)
{
    memset(machine->ram->host, 0, MIB(2));
    ram_written(machine->ram, 0, MIB(2));
    cpu_reset(machine->cpu, false);
    cpu_set_intr(machine->cpu, false);
    machine->shutdowns = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = { data, size };
    struct cpu *cpu = machine->cpu;
    struct event events[EVENTS_MAX];
    begin();
    choose_mode(&in);
    fill_control(&in);
    fill_registers(&in);
    fill_tables(&in);
    unsigned event_count = (unsigned)input_take(&in, 1) % (EVENTS_MAX + 1);
    for (unsigned n = 0; n < event_count; n++)
        events[n] =
            (struct event){ (uint8_t)input_take(&in, 1) % STEPS, (uint8_t)input_take(&in, 1) };
    memcpy(machine_at(machine, CODE), in.data, in.left < 0x1000 ? in.left : 0x1000);
    cpu->eip = CODE;
    if (!(cpu->cr0 & CR0_PE)) /* from F000:FFF0 to where the code is */
        far_jump(cpu, 0, CODE, 2, 0);
    for (unsigned n = 0; n < STEPS && machine->shutdowns == 0; n++) {
        for (unsigned e = 0; e < event_count; e++)
            if (events[e].step == n)
                raise_pin(cpu, events[e].pin);
        cpu_step(cpu);
        settle(cpu);
        check_invariants(cpu);
        cpu->halted = false;
    }
    return 0;
}
