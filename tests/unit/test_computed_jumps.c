// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Sites of computed calls and jumps remember their last target: which are given up, which are not.
#include "guest_thread.h"

enum { CODE = 0x5000, TARGETS = 0x20000, TABLE = 0x40000, TARGET_COUNT = 8 };

/* EDI rounds: EBX masks which of the table's targets is called, then jumped to. */
asm(".pushsection .rodata\n"
    ".code32\n"
    "computed_program:\n"
    "1: mov %edi, %edx\n"
    "  and %ebx, %edx\n"
    "  call *(%esi, %edx, 4)\n"
    "  push $(0x5000 + 2f - 1b)\n"
    "  jmp *(%esi, %edx, 4)\n"
    "2: dec %edi\n"
    "  jnz 1b\n"
    "3: hlt\n"
    "  jmp 3b\n"
    "computed_program_end:\n"
    "computed_target:\n"
    "  inc %eax\n"
    "  ret\n"
    "computed_target_end:\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t computed_program[], computed_program_end[], computed_target[],
    computed_target_end[];

struct runner {
    struct cpu_machine *m;
    struct host_thread *thread;
    const struct translator_counts *counts;
};

static struct runner *begin(uint32_t optimise)
{
    struct runner *r = host_alloc(sizeof *r);
    struct translator_options options = translator_defaults;
    r->m = machine_create("max");
    options.threshold = 1;
    options.optimise = optimise;
    machine_attach(r->m, ENGINE_SOFT, &options);
    machine_protect(r->m);
    memcpy(machine_at(r->m, CODE), computed_program,
           (size_t)(computed_program_end - computed_program));
    for (uint32_t n = 0; n < TARGET_COUNT; n++) {
        memcpy(machine_at(r->m, TARGETS + n * 0x1010), computed_target,
               (size_t)(computed_target_end - computed_target));
        poke32(r->m, TABLE + 4 * n, TARGETS + n * 0x1010);
    }
    r->counts = translator_counts(r->m->cpu);
    r->thread = guest_thread_start(r->m);
    return r;
}

static void end(struct runner *r)
{
    guest_thread_end(r->m, r->thread);
    machine_destroy(r->m);
    host_free(r);
}

static void run_rounds(const struct runner *r, uint32_t rounds, uint32_t mask)
{
    struct cpu *cpu = r->m->cpu;
    cpu->eip = CODE;
    cpu->gpr[RAX] = 0;
    cpu->gpr[RSI] = TABLE;
    cpu->gpr[RDI] = rounds;
    cpu->gpr[RBX] = mask;
    guest_run_until_halt(r->m);
    CHECK_EQ(cpu->gpr[RAX], 2 * rounds);
}

TEST(sites_that_keep_their_target_are_kept)
{
    struct runner *r = begin(OPTIMISE_ALL);
    for (unsigned n = 0; n < 16; n++) /* fewer changes than a site may make */
        run_rounds(r, 1000, 0);
    for (uint32_t n = 0; n < TARGET_COUNT; n++) {
        poke32(r->m, TABLE, TARGETS + n * 0x1010);
        run_rounds(r, 1000, 0);
    }
    CHECK_EQ(r->counts->varying, 0);
    end(r);
}

TEST(sites_with_many_targets_are_given_up_once)
{
    struct runner *r = begin(OPTIMISE_ALL);
    run_rounds(r, 1000, TARGET_COUNT - 1);
    CHECK_EQ(r->counts->varying, 2);
    uint64_t translations = r->counts->translations, entered = r->counts->entered;
    run_rounds(r, 100000, TARGET_COUNT - 1);
    CHECK_EQ(r->counts->varying, 2);
    CHECK_EQ(r->counts->translations, translations);
    CHECK(r->counts->entered - entered < 1000); /* kicks may come */
    end(r);
}

TEST(nothing_is_remembered_where_that_is_switched_off)
{
    struct runner *r = begin(OPTIMISE_ALL & ~(uint32_t)OPTIMISE_TARGETS);
    run_rounds(r, 1000, TARGET_COUNT - 1);
    CHECK_EQ(r->counts->varying, 0);
    end(r);
}
