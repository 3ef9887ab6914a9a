// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Single steps and breakpoints in code that was hot before.
#include "interrupts.h"

enum { HOT = 60, MOST_STEPS = 60000 };

static struct program program;
static struct state start, now;
static uint32_t trail, steps;

/* Every register at every step; EFLAGS where they are defined. */
static bool on_step(struct frame *f)
{
    struct state s = { .eip = f->eip };
    if (f->vector != EXC_DB)
        return false;
    trail = digest_memory(trail, &f->edi, 3 * 4);
    trail = digest_memory(trail, &f->ebx, 4 * 4);
    trail = digest(trail, f->eip - program.origin);
    trail = digest(trail, f->eflags & ~program_undefined(&program, &s));
    if (++steps == MOST_STEPS)
        f->eflags &= ~FLAG_TF;
    return true;
}

static void fill(void)
{
    struct random r = { 11 };
    for (uint32_t n = 0; n < ARENA_SIZE; n += 4)
        store32(ARENA_FRAMES + n, random32(&r));
    for (uint32_t n = 0; n < STACK_SIZE; n += 4)
        store32(STACK_FRAMES + n, random32(&r));
}

static void run(uint32_t flags)
{
    fill();
    now = start;
    now.eflags |= flags;
    trail = steps = 0;
    state_run(&now);
}

static void one(uint32_t seed, unsigned index)
{
    struct random r = { digest(seed, index + 77777) };
    enum program_mode mode = index % PROGRAM_MODES;
    uint32_t expected = 0, ends = 0;
    program_generate(&program, random32(&r), 10 + random_below(&r, 60), mode);
    program_map(mode);
    program_start(&program, &start);
    for (unsigned n = 0; n < HOT; n++) {
        run(0);
        uint32_t end = digest_state(0, &now, program_undefined(&program, &now));
        if (n == 0)
            ends = end;
        check_equal(end, ends, "hot run", __FILE_NAME__, (int)index);
    }
    for (unsigned n = 0; n < 3; n++) {
        run(FLAG_TF);
        trail = digest(trail, now.eip);
        if (n == 0)
            expected = trail;
        check_equal(trail, expected, "trail of steps", __FILE_NAME__, (int)index);
        run(0);
        check_equal(digest_state(0, &now, program_undefined(&program, &now)), ends,
                    "run behind steps", __FILE_NAME__, (int)index);
    }
    print_decimal(index);
    print(" steps trail ");
    print_hex(expected);
    print("\n");
}

void interrupts_steps(void)
{
    uint32_t seed = option("seed", 1), from = option("first", 0), count = option("count", 120) / 3;
    hook = on_step;
    for (uint32_t n = from; n < from + count; n++)
        one(seed, n);
    hook = NULL;
}

/* ---- breakpoints ----------------------------------------------------------------------------- */

#define DR(n, value) __asm__ volatile("movl %0, %%dr" #n : : "r"((uint32_t)(value)))

uint32_t watched[4];
CODE(break_loop, "mov eax, 0; 1: inc eax; break_here: xor edx, eax; mov [watched + 4], eax; dec "
                 "ecx; jnz 1b; ret");
CODE(break_calls,
     "xor eax, eax; 1: call break_callee; dec ecx; jnz 1b; ret; break_callee: add eax, 3; ret");
CODE(break_step_hot,
     "xor eax, eax; 1: add eax, ecx; dec ecx; jnz 1b; pushfd; or dword ptr [esp], 0x100; popfd;"
     "nop; inc eax; pushfd; and dword ptr [esp], 0xfffffeff; popfd; ret");
extern uint8_t break_here[], break_callee[];
static unsigned breaks;
static uint32_t last_eip, last_dr6;

static bool on_break(struct frame *f)
{
    if (f->vector != EXC_DB)
        return false;
    __asm__ volatile("movl %%dr6, %0" : "=r"(last_dr6));
    DR(6, 0xffff0ff0);
    breaks++;
    last_eip = f->eip;
    f->eflags |= FLAG_RF;
    return true;
}

static void expect(unsigned count, uint32_t eip, uint32_t dr6, int line)
{
    check_equal(breaks, count, "breakpoints", __FILE_NAME__, line);
    if (count) {
        check_equal(last_eip, eip, "breakpoint's EIP", __FILE_NAME__, line);
        check_equal(last_dr6 & 0xe00f, dr6, "DR6", __FILE_NAME__, line);
    }
    breaks = 0;
}

/* NOP, INC, PUSHFD, AND trap, and POPFD, though it clears TF. */
static void rounds(void)
{
    EQUAL(call_code(break_loop, 0, 500), 500);
    EQUAL(call_code(break_calls, 0, 500), 1500);
    EQUAL(call_code(break_step_hot, 0, 100), 5051);
    expect(5, (uint32_t)break_step_hot_end - 1, 0x4000, __LINE__);
}

void interrupts_breakpoints(void)
{
    hook = on_break;
    DR(6, 0xffff0ff0);
    DR(7, 0x400);
    for (unsigned n = 0; n < 40; n++) {
        rounds();
        DR(0, (uint32_t)break_here);
        DR(7, 0x402);
        EQUAL(call_code(break_loop, 0, 7), 7);
        expect(7, (uint32_t)break_here, 1, __LINE__);
        DR(0, (uint32_t)break_callee);
        EQUAL(call_code(break_calls, 0, 9), 27);
        expect(9, (uint32_t)break_callee, 1, __LINE__);
        DR(1, (uint32_t)&watched[1]);
        DR(7, 0x408 | 0xd << 20);
        EQUAL(call_code(break_loop, 0, 5), 5);
        expect(5, (uint32_t)break_here + 7, 2, __LINE__);
        DR(7, 0x400);
        rounds();
    }
    hook = NULL;
    print("breakpoints\n");
}
