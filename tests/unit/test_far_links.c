// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// More links between pages than are kept filled: those that come later are filled all the same.
#include "guest_thread.h"

#include "translator/tunables.h"

/*
 * Jump n lies in page n modulo PAGES and leads to jump n + 1, in another page. Behind the last is
 * the end of a round, behind which two pages jump to each other.
 */
enum { JUMPS = FAR_LINKS_MAX + 1000, PAGES = 192, SLOT = 8 };
enum { FIRST = 0x100000, END = 0x5000, PING = 0x7000, PONG = 0x9000 };
_Static_assert(JUMPS / PAGES + 1 <= PAGE_SIZE / SLOT, "they fit into their pages");

static uint32_t jump_address(unsigned n)
{
    return n == JUMPS ? END : FIRST + n % PAGES * PAGE_SIZE + n / PAGES * SLOT;
}

static void put_jump(struct cpu_machine *m, uint32_t from, uint32_t to)
{
    uint32_t displacement = to - (from + 5);
    *machine_at(m, from) = 0xe9;
    memcpy(machine_at(m, from + 1), &displacement, sizeof displacement);
}

/* DEC EAX; JZ over the JMP to `next`; HLT */
static void put_round(struct cpu_machine *m, uint32_t at, uint32_t next)
{
    static const uint8_t count[] = { 0x48, 0x74, 5 };
    memcpy(machine_at(m, at), count, sizeof count);
    put_jump(m, at + 3, next);
    *machine_at(m, at + 8) = 0xf4;
}

static void put_program(struct cpu_machine *m)
{
    for (unsigned n = 0; n < JUMPS; n++)
        put_jump(m, jump_address(n), jump_address(n + 1));
    put_round(m, END, FIRST);
    put_jump(m, PING, PONG);
    put_round(m, PONG, PING);
}

static void run(struct cpu_machine *m, uint32_t eip, uint32_t rounds)
{
    m->cpu->eip = eip;
    m->cpu->gpr[RAX] = rounds;
    guest_run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RAX], 0);
}

TEST(more_links_than_are_kept_filled_do_not_stop_others)
{
    struct cpu_machine *m = machine_create("max");
    struct translator_options options = translator_defaults;
    options.threshold = 1;
    machine_attach(m, ENGINE_SOFT, &options);
    machine_protect(m);
    put_program(m);
    struct host_thread *thread = guest_thread_start(m);
    const struct jit_state *jit = &m->cpu->jit;

    run(m, FIRST, 1);
    CHECK(jit->links_free > 2 && jit->links_free < FAR_LINKS_MAX);
    run(m, FIRST, 2);
    uint64_t free_before = jit->links_free;
    run(m, PING, 100);
    CHECK_EQ(free_before - jit->links_free, 2);

    guest_thread_end(m, thread);
    machine_destroy(m);
}
