// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One block translated for two modes: what one version learns of its accesses the other may not
// take for done.
#include "guest_thread.h"

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

static void run_rounds(struct cpu_machine *m, uint32_t rounds)
{
    struct cpu *cpu = m->cpu;
    cpu->eip = CODE;
    cpu->gpr[RSI] = CHIP;
    cpu->gpr[RAX] = rounds;
    guest_run_until_halt(m);
    CHECK_EQ(cpu->gpr[RAX], 0);
}

TEST(each_version_gets_probes_of_its_own)
{
    struct cpu_machine *m = machine_create("max");
    struct translator_options options = translator_defaults;
    unsigned stores = 0;
    options.threshold = 1;
    machine_attach(m, ENGINE_HOST, &options);
    machine_protect(m);
    region_map_io(m->memory, 1 << SPACE_MEMORY, &chip, &stores, CHIP, 0);
    memcpy(machine_at(m, CODE), pointing_program,
           (size_t)(pointing_program_end - pointing_program));
    struct host_thread *thread = guest_thread_start(m);
    const struct translator_counts *counts = translator_counts(m->cpu);

    /* Both are made before either has met the chip often. DF is part of the mode. */
    run_rounds(m, 2);
    m->cpu->eflags |= EFLAGS_DF;
    run_rounds(m, 2);
    CHECK(counts->faults_executed > 0);
    m->cpu->eflags &= ~EFLAGS_DF;
    run_rounds(m, 1000);
    m->cpu->eflags |= EFLAGS_DF;
    run_rounds(m, 1000);
    CHECK_EQ(stores, 2004);
    CHECK(counts->faults_executed < 100); /* some at each site and version, not at each access */

    guest_thread_end(m, thread);
    machine_destroy(m);
}
