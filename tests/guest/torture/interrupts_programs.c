// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Random programs while timers interrupt them; and two of them in turns, each in its own space.
#include "interrupts.h"

enum { WARM = 30, WANTED_HITS = 40, MOST_RUNS = 4000 };

static struct program program;
static struct state start, quiet, now;
static uint32_t arena[ARENA_SIZE / 4], stack[STACK_SIZE / 4];
static struct random periods;
static unsigned hits;
static const char *wrong;

/* x87 and SSE registers are the program's, too. */
static void use_float(void)
{
    static uint8_t fx[512] __attribute__((aligned(16)));
    __asm__ volatile("fxsave %0; fninit; fldpi; fldz; fxch; fstp %%st(1);"
                     "xorps %%xmm0, %%xmm0; movaps %%xmm0, %%xmm7; fxrstor %0"
                     : "+m"(fx));
}

static bool is_prefix(uint8_t byte)
{
    return (byte & 0xe7) == 0x26 || (byte >= 0x64 && byte <= 0x67) || byte == 0xf2 || byte == 0xf3;
}

/* RF is set between the iterations of a repeated string instruction, and nowhere else: SDM 3B
 * 17.3.1.1. */
static bool at_repeated_string(uint32_t offset)
{
    bool repeated = false;
    for (; offset < program.size && is_prefix(program.code[offset]); offset++)
        repeated |= program.code[offset] >= 0xf2;
    uint8_t opcode = offset < program.size ? program.code[offset] : 0;
    return repeated && ((opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf));
}

/* What must hold wherever it hits. */
static void look_at(const struct frame *f)
{
    bool v86 = f->eflags & FLAG_VM, kernel = program_in_kernel(program.mode);
    uint32_t offset = f->eip - program.origin;
    if ((f->cs & 0xffff) != start.cs || v86 != (program.mode == V86))
        wrong = "CS";
    else if (offset >= program.size)
        wrong = "EIP";
    else if (!(f->eflags & FLAG_IF) || f->eflags & FLAG_TF ||
             (f->eflags & FLAG_RF && !at_repeated_string(offset)))
        wrong = "EFLAGS";
    else if (!kernel && (f->ss & 0xffff) != start.ss)
        wrong = "SS";
    else if (!v86 && (f->ds & 0xffff) != start.ds)
        wrong = "DS";
}

static bool on_timer(struct frame *f)
{
    if (!timer_acknowledge(f->vector))
        return false;
    if (f->cs == CODE0 && f->eip < TEST_LINEAR)
        return true; /* in timer_drain() */
    hits++;
    look_at(f);
    if (hits % 4 == 0)
        use_float();
    return true;
}

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

static uint32_t result(const struct state *s)
{
    return program_memory_digest(&program, s, digest_state(0, s, program_undefined(&program, s)));
}

static void report(unsigned index, const char *what)
{
    if (failures++ >= 5)
        return;
    print("FAIL interrupts: ");
    print(what);
    print("; replay with part=0 count=1 first=");
    print_decimal(index);
    print(" seed=");
    print_decimal(option("seed", 1));
    print("\n  code at ");
    print_hex(program.origin);
    print(": ");
    print_bytes(program.code, program.size);
    print("\nstart\n");
    print_state(&start);
    print("end without interrupts\n");
    print_state(&quiet);
    print("end with them\n");
    print_state(&now);
}

static void generate(uint32_t seed, unsigned index)
{
    struct random r = { digest(seed, index * 2 + 1) };
    enum program_mode mode = index % PROGRAM_MODES;
    periods = r;
    if (index % 16 == 0)
        fill(random32(&r));
    program_generate(&program, random32(&r), 20 + random_below(&r, 120), mode);
    program_map(mode);
    program_start(&program, &start);
    start.eflags |= FLAG_IF;
}

static void one(uint32_t seed, unsigned index)
{
    uint32_t expected;
    generate(seed, index);
    timer_stop();
    timer_drain();
    run(&quiet);
    expected = result(&quiet);
    for (unsigned n = 0; n < WARM; n++)
        run(&now);
    hits = 0;
    wrong = NULL;
    timer_start(index / PROGRAM_MODES % TIMERS, 60 + random_below(&periods, 100));
    unsigned n = 0;
    for (bool ok = true; ok && hits < WANTED_HITS && n < MOST_RUNS; n++) {
        run(&now);
        ok = result(&now) == expected && !wrong;
        if (!ok)
            report(index, wrong ? wrong : "another result");
    }
    timer_stop();
    timer_drain();
    print_decimal(index);
    print(" ");
    print(program_mode_names[program.mode]);
    print(" vector ");
    print_decimal(quiet.vector);
    print(" digest ");
    print_hex(expected);
    print("\n");
}

void interrupts_programs(void)
{
    uint32_t seed = option("seed", 1), from = option("first", 0), count = option("count", 120);
    unsigned all = 0;
    fill(seed);
    hook = on_timer;
    for (uint32_t n = from; n < from + count; n++) {
        one(seed, n);
        all += hits;
    }
    hook = NULL;
    CHECK(all > count); /* they did arrive */
}

/* ---- two programs in turns ------------------------------------------------------------------- */

enum { TASK_FRAMES = 0x40, TURNS_WANTED = 60, ROUNDS = 12, MOST_TURNS = 400000 };

struct task {
    struct program program;
    struct state start, now;
    uint32_t directory, expected;
    uint32_t offset; /* of its frames from the first one's */
    unsigned turns, ended;
};
static struct task tasks[2];
static uint32_t task_directory[1024] __attribute__((aligned(4096))),
    task_test[1024] __attribute__((aligned(4096))), task_low[1024] __attribute__((aligned(4096)));

/* The second space shows other frames wherever programs look. */
static void second_space(void)
{
    const uint32_t offset = TASK_FRAMES * 4096;
    memcpy(task_directory, page_directory, sizeof task_directory);
    memcpy(task_test, test_table, sizeof task_test);
    memcpy(task_low, low_table, sizeof task_low);
    for (unsigned n = 0; n < 1024; n++) {
        task_test[n] += task_test[n] ? offset : 0;
        task_low[n] += (task_low[n] & ~0xfffu) >= FRAMES ? offset : 0;
    }
    task_directory[TEST_LINEAR >> 22] = (uint32_t)task_test | PTE_P | PTE_W | PTE_U;
    task_directory[0] = (uint32_t)task_low | PTE_P | PTE_W | PTE_U;
}

static void task_restart(struct task *t)
{
    copy_dwords((void *)(ARENA_FRAMES + t->offset), arena, sizeof arena);
    copy_dwords((void *)(STACK_FRAMES + t->offset), stack, sizeof stack);
    t->now = t->start;
}

/* Looked at in the first space: frames show themselves in both. */
static uint32_t task_result(const struct task *t)
{
    uint32_t d = digest_state(0, &t->now, program_undefined(&t->program, &t->now));
    d = digest_memory(d, (void *)(ARENA_FRAMES + t->offset), ARENA_SIZE);
    if (program_in_kernel(t->program.mode))
        return d;
    return digest_memory(d, (void *)(STACK_FRAMES + t->offset), STACK_SIZE);
}

static void task_run(struct task *t)
{
    set_cr3(t->directory);
    program_segments(t->program.mode);
    state_run(&t->now);
}

static void task_create(unsigned k, struct random *r, unsigned round)
{
    struct task *t = &tasks[k];
    enum program_mode mode = (round + k * (1 + round / PROGRAM_MODES)) % PROGRAM_MODES;
    program_generate(&t->program, random32(r), 60 + random_below(r, 100), mode);
    program_start(&t->program, &t->start);
    t->start.eflags |= FLAG_IF;
    t->offset = k * TASK_FRAMES * 4096;
    t->directory = (uint32_t)(k ? task_directory : page_directory);
    copy_dwords((void *)(CODE_FRAMES + t->offset), (void *)CODE_FRAMES, CODE_SIZE);
    t->turns = t->ended = 0;
}

static void switch_tasks(unsigned round)
{
    unsigned turns = 0, k = 0;
    for (; turns < MOST_TURNS && (tasks[0].turns < TURNS_WANTED || tasks[1].turns < TURNS_WANTED);
         turns++) {
        struct task *t = &tasks[k];
        task_run(t);
        if (timer_acknowledge(t->now.vector)) {
            t->turns++;
            k ^= 1;
            continue;
        }
        t->ended++;
        if (!check_equal(task_result(t), t->expected, "a task's result, round", __FILE_NAME__,
                         (int)round))
            return;
        task_restart(t);
    }
    CHECK(tasks[0].turns > 0 && tasks[1].turns > 0);
}

/* The second is made first: its code is written where the first one's lies, then copied. */
void interrupts_tasks(void)
{
    struct random r = { option("seed", 1) * 7 + 3 };
    fill(option("seed", 1));
    program_map(FLAT_USER);
    second_space();
    for (unsigned round = 0; round < ROUNDS; round++) {
        task_create(1, &r, round);
        task_create(0, &r, round);
        timer_stop();
        for (unsigned k = 0; k < 2; k++) {
            task_restart(&tasks[k]);
            do
                task_run(&tasks[k]);
            while (timer_acknowledge(tasks[k].now.vector)); /* what was pending */
            tasks[k].expected = task_result(&tasks[k]);
            task_restart(&tasks[k]);
            print_hex(tasks[k].expected);
            print(k ? "\n" : " ");
        }
        timer_start(round % TIMERS, 100);
        switch_tasks(round);
    }
    timer_stop();
    set_cr3((uint32_t)page_directory);
}
