// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Blocks that use GS ask at their entry whether it is as they were made for: they must find that it is.
#include "cpu_machine.h"

static void run_thread(void *opaque)
{
    machine_run_here(opaque);
}

static void run(struct cpu *cpu, uint32_t eip)
{
    int64_t end = host_monotonic_ns() + INT64_C(60000000000);
    cpu->eip = eip;
    cpu->halted = false;
    cpu_resume(cpu);
    while (!__atomic_load_n(&cpu->halted, __ATOMIC_RELAXED) && host_monotonic_ns() < end)
        ;
    CHECK(cpu->halted);
    cpu_park(cpu);
}

/* Each general register in turn is not 0 where the block begins. */
TEST(gs_is_found_as_it_was_whatever_the_registers_hold)
{
    static const uint8_t code[] = {
        0xeb, 0x00,                               /* jmp: a block without GS */
        0x65, 0x8b, 0x15, 0x00, 0x90, 0x00, 0x00, /* mov edx, gs:[9000] */
        0x01, 0x15, 0x04, 0x90, 0x00, 0x00,       /* add [9004], edx */
        0x4f,                                     /* dec edi */
        0x75, 0xee,                               /* jnz to the jmp */
        0xf4,
    };
    enum { CODE = 0x5000, ROUNDS = 2000, REGISTERS = 7 };
    struct cpu_machine *m = machine_create("max");
    struct translator_options options = translator_defaults;
    const char *why, *note;
    options.windows = WINDOW_NEVER;
    options.threshold = 1;
    if (!translator_attach(m->cpu, &options, &why, &note))
        machine_skip(why);
    machine_protect(m);
    segment_load(m->cpu, SEG_GS, DATA0);
    memcpy(machine_at(m, CODE), code, sizeof code);
    poke32(m, 0x9000, 3);
    struct host_thread *thread = host_thread_create("cpu", run_thread, m);
    for (unsigned n = 0; n < REGISTERS; n++) {
        for (unsigned r = RAX; r <= RDI; r++)
            if (r != RSP)
                m->cpu->gpr[r] = r == n ? 0x12345678 : 0;
        m->cpu->gpr[RDI] = ROUNDS;
        run(m->cpu, CODE);
    }
    CHECK_EQ(peek32(m, 0x9004), 3 * ROUNDS * REGISTERS);
    CHECK(translator_counts(m->cpu)->entered_anew < 100);
    cpu_exit(m->cpu);
    host_thread_join(thread);
    machine_destroy(m);
}
