// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs, run from the same state again and again: whatever a translator does once they
// are hot must end as the first time, and on every engine alike.
/*
 * Command line: seed= first= count= (programs) runs= (each) items= (most of one program) mode=
 * float=0 leaves x87, MMX and SSE out; show=1 prints each program's bytes and both its states.
 */
#include "generate.h"

static struct program program;
static struct state start, first, now;
static uint32_t arena[ARENA_SIZE / 4], stack[STACK_SIZE / 4];
/* Behind the first run. */
static uint32_t first_arena[ARENA_SIZE / 4], first_stack[STACK_SIZE / 4];

static void fill(uint32_t seed)
{
    struct random r = { seed };
    for (unsigned n = 0; n < ARRAY_SIZE(arena); n++)
        arena[n] = random32(&r);
    for (unsigned n = 0; n < ARRAY_SIZE(stack); n++)
        stack[n] = random32(&r);
}

static void run(struct state *s)
{
    copy_dwords((void *)ARENA_FRAMES, arena, sizeof arena);
    copy_dwords((void *)STACK_FRAMES, stack, sizeof stack);
    *s = start;
    state_run(s);
}

static void show(const char *title, const struct state *s)
{
    print(title);
    print("\n");
    print_state(s);
}

static void show_memory(const char *name, const uint32_t *before, uint32_t at, uint32_t size)
{
    unsigned shown = 0;
    for (uint32_t n = 0; n < size / 4 && shown < 8; n++) {
        if (before[n] == load32(at + n * 4))
            continue;
        print(name);
        print_hex(n * 4);
        print(" was ");
        print_hex(before[n]);
        print(", is ");
        print_hex(load32(at + n * 4));
        print("\n");
        shown++;
    }
}

static void show_program(void)
{
    print("  code at ");
    print_hex(program.origin);
    print(": ");
    print_bytes(program.code, program.size);
    print("\n");
    show("start", &start);
    show("end of the first run", &first);
}

static void replay(uint32_t seed, unsigned index, const char *what, unsigned at)
{
    print("FAIL random: ");
    print(what);
    print(" differ in run ");
    print_decimal(at);
    print("; replay with seed=");
    print_decimal(seed);
    print(" show=1 count=1 first=");
    print_decimal(index);
    print("\n");
    failures++;
}

/* The memory of a few runs is looked at: it takes longer than most programs. */
static bool repeat(uint32_t seed, unsigned index, unsigned runs, uint32_t registers,
                   uint32_t memory)
{
    for (unsigned n = 1; n < runs; n++) {
        run(&now);
        if (digest_state(0, &now, program_undefined(&program, &now)) != registers) {
            replay(seed, index, "registers", n);
            return false;
        }
        if ((n % 32 == 2 || n == runs - 1) &&
            program_memory_digest(&program, &now, registers) != memory) {
            replay(seed, index, "contents of memory", n);
            return false;
        }
    }
    return true;
}

static void one(uint32_t seed, unsigned index)
{
    struct random r = { digest(seed, index * 2 + 1) };
    unsigned most = option("items", 120), fixed = option("mode", PROGRAM_MODES);
    enum program_mode mode = random_below(&r, PROGRAM_MODES);
    unsigned items = 5 + random_below(&r, chance(&r, 50) ? most / 4 : most);
    if (fixed < PROGRAM_MODES)
        mode = fixed;
    fill(digest(seed, index & ~31u));
    program_generate(&program, random32(&r), items, mode);
    program_map(mode);
    program_start(&program, &start);
    run(&first);
    uint32_t registers = digest_state(0, &first, program_undefined(&program, &first));
    uint32_t memory = program_memory_digest(&program, &first, registers);
    print_decimal(index);
    print(" ");
    print(program_mode_names[mode]);
    print(" bytes ");
    print_decimal(program.size);
    print(" vector ");
    print_decimal(first.vector);
    print(" at ");
    print_hex(first.eip - program.origin);
    print(" digest ");
    print_hex(memory);
    print("\n");
    copy_dwords(first_arena, (void *)ARENA_FRAMES, sizeof first_arena);
    copy_dwords(first_stack, (void *)STACK_FRAMES, sizeof first_stack);
    bool ok = repeat(seed, index, option("runs", 200), registers, memory);
    if (!ok || option("show", 0))
        show_program();
    if (ok)
        return;
    show("end of the last run", &now);
    show_memory("  data ", first_arena, ARENA_FRAMES, ARENA_SIZE);
    show_memory("  stack ", first_stack, STACK_FRAMES, STACK_SIZE);
}

void torture(void)
{
    uint32_t seed = option("seed", 1), from = option("first", 0), count = option("count", 1000);
    print("random programs, seed ");
    print_decimal(seed);
    print("\n");
    for (uint32_t n = from; n < from + count; n++)
        one(seed, n);
}
