// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One block translated for two modes: what one version learns of its accesses the other may not
// take for done.
#include "cpu_machine.h"

enum { CODE = 0x5000, CHIP = 0x1000000 };

/* EAX loads and stores by way of ESI. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "pointing_program:\n"
    "1: mov edx, dword ptr [esi]\n"
    "  mov dword ptr [esi + 4], edx\n"
    "  dec eax\n"
    "  jnz 1b\n"
    "2: hlt\n"
    "  jmp 2b\n"
    "pointing_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t pointing_program[], pointing_program_end[];

static bool chip_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)opaque, (void)size;
    *value = offset;
    return true;
}
static bool chip_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    (void)offset, (void)size, (void)value;
    ++*(unsigned *)opaque;
    return true;
}
static const struct region_desc chip = { "chip", 0x1000, 1, 4, chip_read, chip_write };

static void run_thread(void *opaque)
{
    machine_run_here(opaque);
}

static void run_rounds(struct cpu *cpu, uint32_t rounds)
{
    int64_t end = host_monotonic_ns() + INT64_C(20000000000);
    cpu->eip = CODE;
    cpu->gpr[RSI] = CHIP;
    cpu->gpr[RAX] = rounds;
    cpu->halted = false;
    cpu_resume(cpu);
    while (!__atomic_load_n(&cpu->halted, __ATOMIC_RELAXED) && host_monotonic_ns() < end)
        ;
    CHECK(cpu->halted);
    cpu_park(cpu);
    CHECK_EQ(cpu->gpr[RAX], 0);
}

TEST(each_version_gets_probes_of_its_own)
{
    struct cpu_machine *m = machine_create("max");
    struct translator_options options = translator_defaults;
    const char *why, *note;
    unsigned stores = 0;
    options.windows = WINDOW_ALWAYS;
    options.threshold = 1;
    if (!translator_attach(m->cpu, &options, &why, &note))
        machine_skip(why);
    if (note != NULL)
        machine_skip(note);
    machine_protect(m);
    region_map_io(m->memory, 1 << SPACE_MEMORY, &chip, &stores, CHIP, 0);
    memcpy(machine_at(m, CODE), pointing_program,
           (size_t)(pointing_program_end - pointing_program));
    struct host_thread *thread = host_thread_create("cpu", run_thread, m);
    const struct translator_counts *counts = translator_counts(m->cpu);

    /* Both are made before either has met the chip often. DF is part of the mode. */
    run_rounds(m->cpu, 2);
    m->cpu->eflags |= EFLAGS_DF;
    run_rounds(m->cpu, 2);
    CHECK(counts->faults_executed > 0);
    m->cpu->eflags &= ~EFLAGS_DF;
    run_rounds(m->cpu, 1000);
    m->cpu->eflags |= EFLAGS_DF;
    run_rounds(m->cpu, 1000);
    CHECK_EQ(stores, 2004);
    CHECK(counts->faults_executed < 100); /* some at each site and version, not at each access */

    cpu_exit(m->cpu);
    host_thread_join(thread);
    machine_destroy(m);
}
