// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Blocks that use GS ask at their entry whether it is as they were made for: they must find that it is.
#include "guest_thread.h"

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
    options.threshold = 1;
    machine_attach(m, ENGINE_SOFT, &options);
    machine_protect(m);
    segment_load(m->cpu, SEG_GS, DATA0);
    memcpy(machine_at(m, CODE), code, sizeof code);
    poke32(m, 0x9000, 3);
    struct host_thread *thread = guest_thread_start(m);
    for (unsigned n = 0; n < REGISTERS; n++) {
        for (unsigned r = RAX; r <= RDI; r++)
            if (r != RSP)
                m->cpu->gpr[r] = r == n ? 0x12345678 : 0;
        m->cpu->gpr[RDI] = ROUNDS;
        m->cpu->eip = CODE;
        guest_run_until_halt(m);
    }
    CHECK_EQ(peek32(m, 0x9004), 3 * ROUNDS * REGISTERS);
    CHECK(translator_counts(m->cpu)->entered_anew < 100);
    guest_thread_end(m, thread);
    machine_destroy(m);
}
