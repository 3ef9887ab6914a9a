// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The code cache's size: it grows while code that was dropped to make room comes back, and only then.
#include "guest_thread.h"

enum { CODE = 0x10000, STEP = 16, CACHE = 1 << 20 };

/* Blocks that add 1, 2 ... count to EAX one after the other, ECX times all of them, then HLT. */
static void write_blocks(struct cpu_machine *m, uint32_t at, unsigned count)
{
    uint8_t *p = machine_at(m, at);
    for (unsigned n = 0; n < count; n++, p += STEP) {
        p[0] = 0x05; /* ADD EAX, imm32 */
        store_le32(p + 1, n + 1);
        p[5] = 0xe9; /* JMP */
        store_le32(p + 6, STEP - 10);
    }
    static const uint8_t dec_ecx_jnz[] = { 0x49, 0x0f, 0x85 };
    memcpy(p, dec_ecx_jnz, sizeof dec_ecx_jnz);
    store_le32(p + 3, 0u - (count * STEP + 7));
    p[7] = 0xf4;
}

/* What the blocks add up to in so many rounds is right. */
static void run_rounds(struct cpu_machine *m, uint32_t at, unsigned count, unsigned rounds)
{
    m->cpu->eip = at;
    m->cpu->gpr[RAX] = 0;
    m->cpu->gpr[RCX] = rounds;
    guest_run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RAX], (uint32_t)(rounds * ((uint64_t)count * (count + 1) / 2)));
}

static struct cpu_machine *open_machine(bool grows)
{
    struct cpu_machine *m = machine_create("max");
    struct translator_options options = translator_defaults;
    options.threshold = 1;
    options.cache_size = CACHE;
    options.cache_grows = grows;
    machine_attach(m, ENGINE_SOFT, &options);
    machine_protect(m);
    return m;
}

TEST(grows_while_dropped_code_comes_back)
{
    enum { COUNT = 25000 }; /* more than a megabyte of code and data, less than three */
    struct cpu_machine *m = open_machine(true);
    const struct translator_counts *counts = translator_counts(m->cpu);
    write_blocks(m, CODE, COUNT);
    struct host_thread *thread = guest_thread_start(m);
    CHECK_EQ(counts->code_room, CACHE);
    run_rounds(m, CODE, COUNT, 30);
    CHECK(counts->evictions > 0);
    CHECK(counts->code_room > CACHE);
    CHECK(counts->code_room <= 3 * CACHE);
    /* And now it is all there. */
    uint64_t made = counts->translations, evictions = counts->evictions;
    run_rounds(m, CODE, COUNT, 10);
    CHECK(counts->translations < made + COUNT / 100);
    CHECK_EQ(counts->evictions, evictions);
    guest_thread_end(m, thread);
    machine_destroy(m);
}

TEST(stays_where_told)
{
    enum { COUNT = 25000 };
    struct cpu_machine *m = open_machine(false);
    const struct translator_counts *counts = translator_counts(m->cpu);
    write_blocks(m, CODE, COUNT);
    struct host_thread *thread = guest_thread_start(m);
    run_rounds(m, CODE, COUNT, 10);
    CHECK(counts->evictions > 10);
    CHECK_EQ(counts->code_room, CACHE);
    guest_thread_end(m, thread);
    machine_destroy(m);
}

/* It has a limit, and rounds through more than that are right, too. */
TEST(grows_no_further_than_its_limit)
{
    enum { COUNT = 80000 };
    struct cpu_machine *m = open_machine(true);
    const struct translator_counts *counts = translator_counts(m->cpu);
    write_blocks(m, CODE, COUNT);
    struct host_thread *thread = guest_thread_start(m);
    run_rounds(m, CODE, COUNT, 12);
    CHECK_EQ(counts->code_room, 3 * CACHE);
    guest_thread_end(m, thread);
    machine_destroy(m);
}

/* A full cache alone is no reason: what was dropped is wanted by nobody. */
TEST(stays_while_all_code_is_new)
{
    enum { COUNT = 7000, APART = 0x1c000 };
    struct cpu_machine *m = open_machine(true);
    const struct translator_counts *counts = translator_counts(m->cpu);
    for (unsigned n = 0; n < 16; n++)
        write_blocks(m, CODE + n * APART, COUNT);
    struct host_thread *thread = guest_thread_start(m);
    for (unsigned n = 0; n < 16; n++)
        run_rounds(m, CODE + n * APART, COUNT, 1);
    CHECK(counts->evictions > 10);
    CHECK_EQ(counts->code_room, CACHE);
    guest_thread_end(m, thread);
    machine_destroy(m);
}
