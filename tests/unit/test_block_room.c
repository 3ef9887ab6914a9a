// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// More blocks than are kept: some go, the others stay, and stores into either are still seen.
#include "guest_thread.h"

#include "cpu/block_store.h"

/* Blocks of three bytes, INC EAX and a JMP to the next one, and a HLT behind them. */
enum { CODE = 0x10000, BLOCK = 3, COUNT = BLOCKS_MAX + 1000, HOT = 0x8000 };

static struct cpu_machine *open_machine(void)
{
    static const uint8_t inc_eax_jmp[BLOCK] = { 0x40, 0xeb, 0 };
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    for (unsigned n = 0; n < COUNT; n++)
        memcpy(machine_at(m, CODE + n * BLOCK), inc_eax_jmp, BLOCK);
    *machine_at(m, CODE + COUNT * BLOCK) = 0xf4;
    return m;
}

/* From the nth block to the last. */
static void run_from(struct cpu_machine *m, unsigned n, uint32_t sum)
{
    m->cpu->eip = CODE + n * BLOCK;
    m->cpu->gpr[RAX] = 0;
    guest_run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RAX], sum);
}

static uint64_t blocks_now(const struct cpu_machine *m)
{
    uint64_t blocks, decoded, dropped;
    block_cache_counts(m->cpu, &blocks, &decoded, &dropped);
    return blocks;
}

TEST(some_go_and_most_stay)
{
    struct cpu_machine *m = open_machine();
    struct host_thread *thread = guest_thread_start(m);
    for (unsigned round = 0; round < 2; round++) {
        run_from(m, 0, COUNT);
        CHECK(blocks_now(m) >= BLOCKS_MAX - BLOCKS_SWEPT - BLOCKS_MAX / 64);
    }
    guest_thread_end(m, thread);
    machine_destroy(m);
}

/* The code that stores is in none of their pages. */
TEST(stores_are_seen_wherever_blocks_went)
{
    /* mov [esi], bl; hlt */
    static const uint8_t store[] = { 0x88, 0x1e, 0xf4 };
    struct cpu_machine *m = open_machine();
    memcpy(machine_at(m, HOT), store, sizeof store);
    struct host_thread *thread = guest_thread_start(m);
    run_from(m, 0, COUNT);
    uint32_t sum = COUNT;
    for (unsigned n = 1000; n < COUNT; n += COUNT / 37) {
        m->cpu->eip = HOT;
        m->cpu->gpr[RSI] = CODE + n * BLOCK;
        m->cpu->gpr[RBX] = 0x90; /* NOP for INC EAX */
        guest_run_until_halt(m);
        sum--;
    }
    run_from(m, 0, sum);
    guest_thread_end(m, thread);
    machine_destroy(m);
}

/* Where the engine has something of all of them, some of those go. */
TEST(translated_ones_go_where_all_are)
{
    const char *engine = getenv("BMBT_TEST_ENGINE");
    if (engine != NULL && strcmp(engine, "interp") != 0)
        return; /* this test brings its own */
    struct cpu_machine *m = open_machine();
    struct translator_options options = translator_defaults;
    options.threshold = 1;
    options.cache_size = MIB(64);
    options.cache_grows = false;
    machine_attach(m, ENGINE_SOFT, &options);
    struct host_thread *thread = guest_thread_start(m);
    run_from(m, 0, COUNT);
    run_from(m, 0, COUNT);
    CHECK_EQ(translator_counts(m->cpu)->evictions, 0);
    CHECK(translator_counts(m->cpu)->dropped >= BLOCKS_SWEPT);
    CHECK(blocks_now(m) >= BLOCKS_MAX - BLOCKS_SWEPT - BLOCKS_MAX / 64);
    guest_thread_end(m, thread);
    machine_destroy(m);
}
