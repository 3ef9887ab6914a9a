// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// DR0-DR7: code and data breakpoints, RF, GD, INT1.
#include "harness/harness.h"
#include "traps.h"

uint32_t watched[4];
uint16_t stack_selector = DATA0;

CODE(rep_copy,
     "mov esi, offset watched; mov edi, 0x900000; mov ecx, 3; cld; rep_copy_at: rep movsd");
CODE(loop_to_itself, "mov ecx, 3; loop_to_itself_at: loop loop_to_itself_at");
CODE(two_nops, "nop; nop");
CODE(write_watched, "mov dword ptr watched, 1; nop");
CODE(write_beside, "mov byte ptr watched+3, 1; mov byte ptr watched+4, 1; nop");
CODE(read_watched, "mov eax, watched; nop");
CODE(modify_watched, "add dword ptr watched, 1; nop");
CODE(write_word_across, "mov word ptr watched+3, 0x1234; nop");
CODE(user_push_watched, "mov esp, offset watched + 8; push eax; int 0x30");
CODE(copy_watched, "mov esi, offset watched; mov edi, 0x900000; mov ecx, 4; rep movsd; nop");
CODE(touch_dr, "mov eax, dr0");
CODE(read_dr4, ".byte 0x0f, 0x21, 0xe0");
CODE(read_dr5, ".byte 0x0f, 0x21, 0xe8");
CODE(user_read_dr, "mov eax, dr7");
CODE(user_write_dr, "mov dr6, eax");
CODE(int1, ".byte 0xf1");
CODE(ss_from_watched, "mov ss, stack_selector; nop; nop");
CODE(code_after_ss, "mov eax, ss; mov ss, ax; nop; nop");
CODE(code_after_sti, "sti; nop; cli");
CODE(rf_by_iret, "pushfd; or dword ptr [esp], 0x10000; push cs; push offset rf_target; iretd; "
                 "rf_target: nop; nop");
CODE(rf_by_popf, "pushfd; or dword ptr [esp], 0x10000; popfd; nop; nop");
CODE(bad_load, "mov eax, 0xfff8; mov ds, ax");

extern char rf_target[];

extern char rep_copy_at[], loop_to_itself_at[];

TEST(code_breakpoint, "SDM 3B 17.3.1.1")
{
    SET_DR(0, (uint32_t)two_nops + 1);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    run_traps(two_nops);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)two_nops + 1);
    EQUAL(trap_dr6[0] & 0xe00f, 1);
    SET_DR(7, 0x402); /* global alone */
    run_traps(two_nops);
    EQUAL(traps, 1);
    SET_DR(7, 0x400);
    run_traps(two_nops);
    EQUAL(traps, 0);
}

/* Only the first byte counts. */
TEST(code_breakpoint_inside, "SDM 3B 17.3.1.1")
{
    SET_DR(1, (uint32_t)write_watched + 1);
    SET_DR(7, BREAK(1, EXECUTE, 1));
    run_traps(write_watched);
    EQUAL(traps, 0);
}

TEST(code_breakpoint_and_rf, "SDM 3B 17.3.1.1")
{
    SET_DR(0, rf_target);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    run_traps(rf_by_iret);
    EQUAL(traps, 0);
    SET_DR(0, (uint32_t)rf_by_popf + 9);
    run_traps(rf_by_popf); /* POPF cannot set RF */
    EQUAL(traps, 1);
    SET_DR(0, (uint32_t)rf_target + 1);
    run_traps(rf_by_iret);
    EQUAL(traps, 1);
}

TEST(code_breakpoint_after_mov_ss, "SDM 3A 6.8.3; 3B 17.3.1.1")
{
    SET_DR(0, (uint32_t)code_after_ss + 4);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    run_traps(code_after_ss);
    EQUAL(traps, 0);
    SET_DR(0, (uint32_t)code_after_ss + 5);
    run_traps(code_after_ss);
    EQUAL(traps, 1);
}

/* STI holds off interrupts, no breakpoint. */
TEST(code_breakpoint_after_sti, "SDM 2 STI; SDM 3A 6.8.3")
{
    SET_DR(0, (uint32_t)code_after_sti + 1);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    run_traps(code_after_sti);
    EQUAL(traps, 1);
}

/* A fault pushes RF = 1, the trap of a breakpoint on data RF = 0. */
TEST(rf_in_pushed_flags, "SDM 3B 17.3.1.1")
{
    hook = 0;
    EQUAL(try_call(bad_load), EXC_GP);
    EQUAL(last.eflags & EFLAGS_RF, EFLAGS_RF);
    SET_DR(0, watched);
    SET_DR(7, BREAK(0, WRITE, 4));
    EQUAL(try_call(write_watched), EXC_DB);
    EQUAL(last.eflags & EFLAGS_RF, 0);
    EQUAL(try_call(int1), EXC_DB);
    EQUAL(last.eflags & EFLAGS_RF, 0);
}

/* General detect is a fault, and between its iterations a string instruction is not done. */
TEST(rf_of_general_detect, "SDM 3B 17.3.1.1, 17.3.1.3")
{
    hook = 0;
    SET_DR(7, 0x2400);
    EQUAL(try_call(touch_dr), EXC_DB);
    EQUAL(last.eflags & EFLAGS_RF, EFLAGS_RF);
}

TEST(rf_within_repeated_string, "SDM 3B 17.3.1.1")
{
    hook = 0;
    SET_DR(0, 0x900000);
    SET_DR(7, BREAK(0, WRITE, 4));
    EQUAL(try_call(rep_copy), EXC_DB);
    EQUAL(last.ecx, 2);
    EQUAL(last.eflags & EFLAGS_RF, EFLAGS_RF);
    SET_DR(0, 0x900008);
    EQUAL(try_call(rep_copy), EXC_DB);
    EQUAL(last.ecx, 0);
    EQUAL(last.eflags & EFLAGS_RF, 0); /* the last one: the instruction is done */
}

/* RF is for the instruction as it is executed once, though it be its own successor. */
TEST(rf_ends_with_a_loop_to_itself, "SDM 3B 17.3.1.1")
{
    SET_DR(0, loop_to_itself_at);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    run_traps(loop_to_itself);
    EQUAL(traps, 3);
    EQUAL(trap_ecx[0], 3);
    EQUAL(trap_ecx[2], 1);
}

TEST(data_breakpoint, "SDM 3B 17.2.4, 17.3.1.2")
{
    watched[0] = 0;
    SET_DR(1, watched);
    SET_DR(7, BREAK(1, WRITE, 4));
    run_traps(write_watched);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)write_watched + 10);
    EQUAL(trap_dr6[0] & 0xe00f, 2);
    EQUAL(watched[0], 1);
    run_traps(read_watched);
    EQUAL(traps, 0);
    run_traps(modify_watched);
    EQUAL(traps, 1);
    run_traps(write_beside);
    EQUAL(traps, 1);
    SET_DR(7, BREAK(1, ACCESS, 4));
    run_traps(read_watched);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)read_watched + 5);
    SET_DR(7, BREAK(1, ACCESS, 4) & ~0xffu);
    run_traps(read_watched);
    EQUAL(traps, 0);
    SET_DR(1, two_nops); /* fetching is no access */
    SET_DR(7, BREAK(1, ACCESS, 1));
    run_traps(two_nops);
    EQUAL(traps, 0);
}

TEST(data_breakpoint_lengths, "SDM 3B 17.2.5, table 17-1")
{
    static const struct {
        unsigned offset, length;
        bool hit;
    } rows[] = {
        { 3, 1, true },  { 4, 1, true },  { 2, 1, false }, { 5, 1, false },
        { 4, 2, true },  { 2, 2, true },  { 3, 2, true }, /* the lowest bit is not looked at */
        { 6, 2, false }, { 0, 2, false }, { 0, 4, true },  { 4, 4, true },
        { 7, 4, true },  { 8, 4, false },
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        SET_DR(2, (uint32_t)watched + rows[n].offset);
        SET_DR(7, BREAK(2, WRITE, rows[n].length));
        run_traps(write_word_across); /* bytes 3 and 4 */
        EQUAL(traps, rows[n].hit);
        if (rows[n].hit)
            EQUAL(trap_dr6[0] & 0xe00f, 4);
    }
}

TEST(data_breakpoint_on_stack, "SDM 3B 17.3.1.2")
{
    hook = 0;
    SET_DR(3, watched + 1);
    SET_DR(7, BREAK(3, WRITE, 4));
    EQUAL(try_user(user_push_watched, 0), EXC_DB);
    EQUAL(last.esp, watched + 1);
    EQUAL(last.eip, (uint32_t)user_push_watched + 6);
    EQUAL(last_dr6 & 8, 8);
}

TEST(data_breakpoints_together, "SDM 3B 17.2.3")
{
    SET_DR(0, watched);
    SET_DR(3, watched);
    SET_DR(7, BREAK(0, WRITE, 4) | BREAK(3, ACCESS, 2));
    run_traps(write_watched);
    EQUAL(traps, 1);
    EQUAL(trap_dr6[0] & 0xe00f, 9);
}

/* DR6 is for software to clear. */
TEST(dr6_is_sticky, "SDM 3B 17.2.3")
{
    uint32_t dr6;
    hook = 0;
    SET_DR(0, watched);
    SET_DR(7, BREAK(0, WRITE, 4));
    EQUAL(try_call(write_watched), EXC_DB);
    SET_DR(1, two_nops);
    SET_DR(7, BREAK(1, EXECUTE, 1));
    EQUAL(try_call(two_nops), EXC_DB);
    EQUAL(last_dr6 & 2, 2);
    SET_DR(7, 0x400);
    SET_DR(6, 0);
    __asm__ volatile("movl %%dr6, %0" : "=r"(dr6));
    EQUAL(dr6 & 0xe00f, 0);
    EQUAL(dr6 & 0xff0, 0xff0);
}

TEST(data_breakpoint_in_repeated_string, "SDM 3B 17.3.1.2")
{
    hook = 0;
    SET_DR(0, watched + 1);
    SET_DR(7, BREAK(0, ACCESS, 4));
    EQUAL(try_call(copy_watched), EXC_DB);
    EQUAL(last_dr6 & 1, 1);
    CHECK(last.ecx <= 2); /* not before the iteration that touched it */
    EQUAL(last.esi, (uint32_t)watched + 16 - last.ecx * 4);
    EQUAL(last.eip, (uint32_t)copy_watched + (last.ecx ? 15 : 17));
}

/* The #DB of what MOV SS read waits until the next instruction is done. */
TEST(data_breakpoint_of_mov_ss, "SDM 3A 6.8.3")
{
    SET_DR(0, &stack_selector);
    SET_DR(7, BREAK(0, ACCESS, 2));
    run_traps(ss_from_watched);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)ss_from_watched + 7);
    EQUAL(trap_dr6[0] & 1, 1);
}

TEST(dr4_and_dr5, "SDM 3B 17.2.2")
{
    hook = 0;
    SET_DR(7, 0x400);
    EQUAL(try_call(read_dr4), -1);
    EQUAL(try_call(read_dr5), -1);
    uint32_t dr5;
    __asm__ volatile(".byte 0x0f, 0x21, 0xe8" : "=a"(dr5));
    EQUAL(dr5, 0x400);
    if (!has(HAS_DE))
        return;
    set_cr4(CR4_DE, 0);
    EQUAL(try_call(read_dr4), EXC_UD);
    EQUAL(try_call(read_dr5), EXC_UD);
}

TEST(debug_registers_at_level_3, "SDM 3A 5.9; SDM 2 MOV DR")
{
    hook = 0;
    EQUAL(try_user(user_read_dr, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, 0);
    EQUAL(try_user(user_write_dr, EFLAGS_IOPL), EXC_GP);
}

/* The handler may use them: entering it clears GD. */
TEST(general_detect, "SDM 3B 17.2.4, 17.3.1.3")
{
    uint32_t dr7;
    hook = 0;
    SET_DR(7, 0x2400);
    EQUAL(try_call(touch_dr), EXC_DB);
    EQUAL(last.eip, touch_dr);
    EQUAL(last_dr6 & 0x2000, 0x2000);
    __asm__ volatile("movl %%dr7, %0" : "=r"(dr7));
    EQUAL(dr7, 0x400);
}

TEST(int1_instruction, "SDM 2 INT1; SDM 3B 17.3.1")
{
    hook = 0;
    EQUAL(try_call(int1), EXC_DB);
    EQUAL(last.eip, (uint32_t)int1 + 1);
    EQUAL(try_user(int1, 0), EXC_DB); /* whatever the gate's DPL */
}

CODE(write_all_dr7, "mov eax, 0xffffdfff; mov dr7, eax; mov eax, dr7; mov watched, eax; mov eax, "
                    "0x400; mov dr7, eax");
CODE(user_code_watched, "nop; watched_code: nop; int 0x30");
CODE(write_by_es, "mov es:[0x1000], eax; nop");
CODE(read_and_write, "mov eax, watched; mov watched, eax; nop");

extern char watched_code[];

/* The iterations are one instruction: its breakpoint comes before the first. */
TEST(code_breakpoint_on_string, "SDM 3B 17.3.1.1")
{
    SET_DR(0, rep_copy_at);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    run_traps(rep_copy);
    EQUAL(traps, 1);
    EQUAL(trap_ecx[0], 3);
    EQUAL(trap_eip[0], rep_copy_at);
}

TEST(code_breakpoint_at_level_3, "SDM 3B 17.3.1.1")
{
    hook = 0;
    SET_DR(0, watched_code);
    SET_DR(7, BREAK(0, EXECUTE, 1));
    EQUAL(try_user(user_code_watched, 0), EXC_DB);
    EQUAL(last.cs, CODE3);
    EQUAL(last.eip, watched_code);
    EQUAL(last.eflags & EFLAGS_RF, 0);                     /* the one fault that does not set it */
    EQUAL(try_user(user_code_watched, EFLAGS_RF), EXC_DB); /* RF was for the first NOP */
}

/* Addresses are linear: the segment's base counts. */
TEST(breakpoints_are_linear, "SDM 3B 17.2.1")
{
    set_segment(FREE_A, (uint32_t)watched - 0x1000, 0xfffff, 0x93, 0xc);
    SET_DR(0, watched);
    SET_DR(7, BREAK(0, WRITE, 4));
    __asm__ volatile("movw %w0, %%es" : : "r"(FREE_A));
    hook = 0;
    EQUAL(try_call(write_by_es), EXC_DB);
    EQUAL(last_dr6 & 1, 1);
    SET_DR(0, 0x1000); /* the offset is nothing */
    __asm__ volatile("movw %w0, %%es" : : "r"(FREE_A));
    EQUAL(try_call(write_by_es), -1);
    __asm__ volatile("movw %w0, %%es" : : "r"(DATA0));
}

TEST(data_breakpoint_conditions, "SDM 3B 17.2.4, R/W fields")
{
    SET_DR(0, watched);
    SET_DR(7, BREAK(0, WRITE, 4));
    run_traps(read_and_write);
    EQUAL(traps, 1);
    EQUAL(trap_eip[0], (uint32_t)read_and_write + 10);
    SET_DR(7, BREAK(0, ACCESS, 4));
    run_traps(read_and_write);
    EQUAL(traps, 2);
}

TEST(dr7_fixed_bits, "SDM 3B 17.2.4, figure 17-1")
{
    hook = 0;
    if (has(HAS_DE))
        set_cr4(CR4_DE, 0);
    SET_DR(0, 0);
    EQUAL(try_call(write_all_dr7), -1);
    EQUAL(watched[0], 0xffff27ff & ~0x2000u); /* bit 10 reads 1; 11, 12, 14, 15 read 0 */
}
