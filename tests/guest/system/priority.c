// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Which of several exceptions of one instruction comes: the classes of SDM 3A table 6-2.
#include "paging.h"

#define ABSENT_PAGE TEST_PAGE /* map(0) */

uint32_t priority_zero;
uint16_t priority_control;

CODE(call_absent, "mov eax, 0x700000; call eax");
CODE(call_small_segment, "call 0xa0:0x10");
CODE(fld_absent, "fld dword ptr [0x700000]");
CODE(pending_fld, "fninit; mov word ptr priority_control, 0x37b; fldcw priority_control; fld1;"
                  "fdiv dword ptr priority_zero; mov eax, cr0; or eax, 8; mov cr0, eax;"
                  "pending_at: fld1");
CODE(sse_absent, "movups xmm0, [0x700000]");
CODE(divide_absent, "xor edx, edx; mov eax, 1; div dword ptr [0x700000]");
CODE(bound_absent, "mov eax, 5; bound eax, [0x700000]");
CODE(too_long_undefined, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,"
                         "0x66,0x0f,0x0b");
CODE(user_out_absent, "mov esi, 0x700000; mov edx, 0x80; outsb; int 0x30");
CODE(ldt_absent, "lldt word ptr [0x700000]");
CODE(user_ldt_absent, "lldt word ptr [0x700000]");
CODE(write_and_step, "pushfd; or dword ptr [esp], 0x100; popfd; mov dword ptr priority_zero, 0");
CODE(push_watched_call, "mov dword ptr priority_zero, 0; watched_next: nop");

extern char pending_at[], watched_next[];

static void start(void)
{
    paging_start();
    map(0);
}

TEST(priority_breakpoint_before_fetch, "SDM 3A 6.9, table 6-2: classes 7, 8")
{
    start();
    SET_DR(0, ABSENT_PAGE);
    SET_DR(7, 0x401);
    EQUAL(try_call(call_absent), EXC_DB);
    EQUAL(last.eip, ABSENT_PAGE);
    EQUAL(last_dr6 & 0xe00f, 1);
    SET_DR(7, 0x400);
    EQUAL(try_call(call_absent), EXC_PF);
    EQUAL(last.eip, ABSENT_PAGE);
}

TEST(priority_limit_before_code_page, "SDM 3A 6.9, table 6-2: class 8")
{
    start();
    set_segment(FREE_A, ABSENT_PAGE, 0xf, 0x9b, 4); /* offset 10h is beyond it, and absent */
    RAISES(call_small_segment, EXC_GP, 0);
    set_segment(FREE_A, ABSENT_PAGE, 0x1f, 0x9b, 4);
    RAISES(call_small_segment, EXC_PF, 0);
    EQUAL(last_cr2, ABSENT_PAGE + 0x10);
}

/* Decoding comes before executing. */
TEST(priority_of_device_not_available, "SDM 3A 6.9, table 6-2: classes 9, 10")
{
    start();
    EQUAL(try_call(fld_absent), EXC_PF);
    set_cr0(CR0_TS, 0);
    EQUAL(try_call(fld_absent), EXC_NM);
    set_cr0(CR0_NE, 0);
    __asm__ volatile("clts");
    EQUAL(try_call(pending_fld), EXC_NM); /* with an x87 exception pending */
    EQUAL(last.eip, pending_at);
    __asm__ volatile("clts; fninit");
}

TEST(priority_of_undefined, "SDM 3A 6.9, table 6-2: classes 9, 10; SDM 2 LLDT, MOVUPS")
{
    start();
    if (has(HAS_SSE)) {
        set_cr0(CR0_TS, 0);
        EQUAL(try_call(sse_absent), EXC_UD); /* CR4.OSFXSR is clear */
        set_cr4(CR4_OSFXSR, 0);
        EQUAL(try_call(sse_absent), EXC_NM);
        __asm__ volatile("clts");
        EQUAL(try_call(sse_absent), EXC_PF);
    }
    RAISES(too_long_undefined, EXC_GP, 0);                 /* the sixteenth byte decides */
    EQUAL(try_user(user_ldt_absent, EFLAGS_IOPL), EXC_GP); /* the level, before the operand */
    EQUAL(last.error, 0);
    EQUAL(try_call(ldt_absent), EXC_PF);
}

/* The operand is read before it is judged. */
TEST(priority_of_operands, "SDM 3A 6.5; SDM 2 DIV, BOUND, OUTS")
{
    start();
    EQUAL(try_call(divide_absent), EXC_PF);
    EQUAL(last_cr2, ABSENT_PAGE);
    EQUAL(try_call(bound_absent), EXC_PF);
    EQUAL(last_cr2, ABSENT_PAGE);
    EQUAL(try_user(user_out_absent, 0), EXC_GP); /* the port may not be used at all */
    tss.io[0x80 / 8] = 0xfe;
    EQUAL(try_user(user_out_absent, 0), EXC_PF);
    EQUAL(last.error, 4);
}

/* Traps of one instruction come as one exception. */
TEST(priority_of_several_traps, "SDM 3A 6.9, table 6-2: class 4; 3B 17.2.3")
{
    SET_DR(1, &priority_zero);
    SET_DR(7, 0xd00404);
    EQUAL(try_call(write_and_step), EXC_DB);
    EQUAL(last_dr6 & 0xe00f, 0x4002);
    SET_DR(7, 0x400);
}

/* A trap of this instruction comes before a breakpoint on the next. */
TEST(priority_of_trap_before_breakpoint, "SDM 3A 6.9, table 6-2: classes 4, 7")
{
    SET_DR(0, &priority_zero);
    SET_DR(2, watched_next);
    SET_DR(7, 0xd0421);
    EQUAL(try_call(push_watched_call), EXC_DB);
    EQUAL(last.eip, watched_next);
    EQUAL(last_dr6 & 1, 1);
    EQUAL(last.eflags & EFLAGS_RF, 0); /* it was the trap */
    SET_DR(7, 0x400);
}
