// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Single step, DR0-DR7, RF, INT1.
#include "harness.h"

#define DR(n, value) __asm__ volatile("movl %0, %%dr" #n : : "r"((uint32_t)(value)))

static uint32_t trail[32], dr6_trail[32];
static unsigned traps;
uint32_t watched[4];

CODE(step_code,
     "pushfd; or dword ptr [esp], 0x100; popfd;"
     "nop; mov eax, ss; mov ss, ax; nop; nop; pushfd; and dword ptr [esp], 0xfffffeff; popfd; nop");
CODE(step_int, "pushfd; or dword ptr [esp], 0x100; popfd; int 0x30");
CODE(step_rep, "pushfd; or dword ptr [esp], 0x100; popfd;"
               "mov ecx, 3; mov esi, offset watched; lodsb; rep lodsb; pushfd; and dword ptr "
               "[esp], 0xfffffeff; popfd");
CODE(two_nops, "nop; nop");
CODE(write_watched, "mov dword ptr watched, 1; nop");
CODE(write_beside, "mov byte ptr watched+3, 1; mov byte ptr watched+4, 1; nop");
CODE(read_watched, "mov eax, watched; nop");
CODE(touch_dr, "mov eax, dr0");
CODE(int1, ".byte 0xf1");
CODE(out_port, "mov al, 0; out 0x80, al; nop");

static bool record(struct frame *f)
{
    if (f->vector != EXC_DB)
        return false;
    if (traps < 32) {
        trail[traps] = f->eip;
        dr6_trail[traps] = last_dr6;
    }
    traps++;
    DR(6, 0xffff0ff0);
    f->eflags |= EFLAGS_RF;
    return traps < 32;
}

static void run(void (*code)(void))
{
    traps = 0;
    EQUAL(try_call(code), -1);
}

static void single_step(void)
{
    uint32_t s = (uint32_t)step_code + 9; /* behind POPF */
    run(step_code);
    /* NOP; MOV EAX,SS; MOV SS: no trap; NOP behind it; NOP; PUSHFD; AND; POPFD. */
    EQUAL(traps, 7);
    EQUAL(trail[0], s + 1);
    EQUAL(trail[1], s + 3);
    EQUAL(trail[2], s + 6);
    EQUAL(trail[3], s + 7);
    EQUAL(trail[4], s + 8);
    EQUAL(trail[6], s + 16);
    EQUAL(dr6_trail[0] & 0xe00f, 0x4000);

    traps = 0;
    EQUAL(try_call(step_int), BACK);
    EQUAL(traps, 0);
    EQUAL(last.eflags & EFLAGS_TF, EFLAGS_TF);
    run(step_rep);
    EQUAL(traps, 3 + 3 + 3); /* a trap after each iteration */
}

static void breakpoints(void)
{
    DR(0, (uint32_t)two_nops + 1);
    DR(7, 0x402);
    run(two_nops);
    EQUAL(traps, 1);
    EQUAL(trail[0], (uint32_t)two_nops + 1);
    EQUAL(dr6_trail[0] & 0xe00f, 1);

    DR(1, watched);
    DR(7, 0x408 | 0xd << 20); /* write, 4 bytes */
    run(write_watched);
    EQUAL(traps, 1);
    EQUAL(trail[0], (uint32_t)write_watched + 10);
    EQUAL(dr6_trail[0] & 0xe00f, 2);
    EQUAL(watched[0], 1);
    run(read_watched);
    EQUAL(traps, 0);
    run(write_beside);
    EQUAL(traps, 1);
    DR(7, 0x408 | 0xf << 20); /* read or write */
    run(read_watched);
    EQUAL(traps, 1);
    DR(7, 0x400 | 0xf << 20);
    run(read_watched);
    EQUAL(traps, 0);

    __asm__ volatile("movl %%cr4, %%eax; orl $8, %%eax; movl %%eax, %%cr4" : : : "eax");
    DR(2, 0x80);
    DR(7, 0x420 | 2 << 24); /* I/O */
    run(out_port);
    EQUAL(traps, 1);
    EQUAL(trail[0], (uint32_t)out_port + 4);
    EQUAL(dr6_trail[0] & 0xe00f, 4);
    __asm__ volatile("movl %%cr4, %%eax; andl $~8, %%eax; movl %%eax, %%cr4" : : : "eax");
    DR(7, 0x400);
}

void test_debug(void)
{
    hook = record;
    DR(6, 0xffff0ff0);
    single_step();
    breakpoints();
    hook = 0;
    DR(7, 0x2400); /* GD */
    EQUAL(try_call(touch_dr), EXC_DB);
    EQUAL(last.eip, touch_dr);
    DR(7, 0x400);
    EQUAL(last_dr6 & 0x2000, 0x2000);
    EQUAL(try_call(int1), EXC_DB);
    EQUAL(last.eip, (uint32_t)int1 + 1);
    DR(6, 0xffff0ff0);
}
