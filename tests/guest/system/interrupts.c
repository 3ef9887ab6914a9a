// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// INT n, interrupt and trap gates, error codes of the IDT, priorities, double and triple faults.
#include "harness/harness.h"

uint32_t handler_flags, handler_esp, handler_words[6];
CODE(user_int_31, "int 0x31");
CODE(user_int_32, "stc; int 0x32; int 0x30");
CODE(int_31, "int 0x31");
CODE(int_32, "mov handler_words + 20, esp; stc; int 0x32");
CODE(int_3f, "int 0x3f");
CODE(int_0d, "mov handler_words + 20, esp; int 0x0d");
CODE(int3, "int3");
CODE(int3_cd, ".byte 0xcd, 3");
CODE(into_of, "mov al, 0x7f; add al, 1; into");
CODE(ud, "ud2");
CODE(divide_by_0, "xor ecx, ecx; div ecx");
CODE(load_bad_ds, "mov eax, 0xfff8; mov ds, ax");
CODE(load_absent_ds, "mov eax, 0xa0; mov ds, ax");
/* A handler that keeps what it finds. */
CODE(gate_handler, "mov handler_esp, esp; pushfd; pop handler_flags; push eax; mov eax, [esp + 4];"
                   "mov handler_words, eax; mov eax, [esp + 8]; mov handler_words + 4, eax;"
                   "mov eax, [esp + 12]; mov handler_words + 8, eax; pop eax; iretd");
CODE(gate_handler16, "mov handler_esp, esp; mov eax, [esp]; mov handler_words, eax;"
                     "movzx eax, word ptr [esp + 4]; mov handler_words + 4, eax;"
                     "jmp 0x08:gate_handler16_back; gate_handler16_back: add esp, 6");

TEST(interrupt_and_trap_gates, "SDM 3A 6.12.1, flag usage")
{
    for (unsigned trap = 0; trap < 2; trap++) {
        set_gate(idt, 0x32, CODE0, (uint32_t)gate_handler, 0xee | trap, 0);
        EQUAL(try_user(user_int_32, EFLAGS_IF | EFLAGS_NT | EFLAGS_AC), BACK);
        EQUAL(handler_flags & (EFLAGS_IF | EFLAGS_NT | EFLAGS_TF), trap ? EFLAGS_IF : 0);
        EQUAL(handler_flags & (EFLAGS_AC | EFLAGS_CF), EFLAGS_AC | EFLAGS_CF);
        EQUAL(handler_words[0], (uint32_t)user_int_32 + 3);
        EQUAL(handler_words[1], CODE3);
        EQUAL(handler_words[2] & 0xffff, EFLAGS_IF | EFLAGS_NT | EFLAGS_CF | 2);
        EQUAL(handler_esp, inner_stack - 20);
        EQUAL(last.eflags & (EFLAGS_NT | EFLAGS_IF), EFLAGS_NT | EFLAGS_IF);
    }
    set_gate(idt, 0x32, CODE0, (uint32_t)gate_handler, 0x8e, 0);
    EQUAL(try_call(int_32), -1);
    EQUAL(handler_words[5] - handler_esp, 12); /* the same level: no SS:ESP */
}

TEST(interrupt_gate_to_conforming, "SDM 3A 6.12.1, protection")
{
    set_gate(idt, 0x32, CONFORMING, (uint32_t)ud, 0xee, 0);
    EQUAL(try_user(user_int_32, 0), EXC_UD);
    EQUAL(last.cs, CONFORMING | 3);
}

TEST(interrupt_gate_16_bit, "SDM 3A 6.12, 21.4")
{
    uint32_t base = (uint32_t)gate_handler16 & ~0xffffu;
    set_segment(FREE_A, base, 0xfffff, 0x9b, 0xc);
    set_gate(idt, 0x32, FREE_A, (uint32_t)gate_handler16 - base, 0x86, 0);
    EQUAL(try_call(int_32), -1);
    EQUAL(handler_words[5] - handler_esp, 6);
    EQUAL(handler_words[0], (((uint32_t)int_32 + 9) & 0xffff) | CODE0 << 16);
    EQUAL(handler_words[1] & (EFLAGS_CF | EFLAGS_IF | 2), EFLAGS_CF | 2);
}

TEST(idt_error_codes, "SDM 3A 6.13; SDM 2 INT n")
{
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP); /* DPL 0 */
    EQUAL(last.error, 0x31 * 8 + 2);
    EQUAL(last.eip, user_int_31);
    idt[0x31] = 0;
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0x31 * 8 + 2);
    set_gate(idt, 0x31, CODE0, (uint32_t)stubs, 0xec, 0); /* a call gate */
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0x31 * 8 + 2);
    set_gate(idt, 0x31, CODE0, (uint32_t)stubs, 0x6e, 0);
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_NP);
    EQUAL(last.error, 0x31 * 8 + 2);
    set_gate(idt, 0x31, CODE0, (uint32_t)stubs, 0x0e, 0); /* absent, and of level 0 */
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP);
    set_gate(idt, 0x31, DATA0, (uint32_t)stubs, 0xee, 0);
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, DATA0);
    set_gate(idt, 0x31, 0, (uint32_t)stubs, 0xee, 0);
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, 0);
    set_gate(idt, 0x31, sizeof gdt, (uint32_t)stubs, 0xee, 0);
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP);
    EQUAL(last.error, sizeof gdt);
    set_segment(FREE_A, 0, 0xfffff, 0x1b, 0xc);
    set_gate(idt, 0x31, FREE_A, (uint32_t)stubs, 0xee, 0);
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_NP);
    EQUAL(last.error, FREE_A);
    set_segment(FREE_A, 0, 0xfff, 0x9b, 4);
    set_gate(idt, 0x31, FREE_A, 0x1000, 0xee, 0);
    EQUAL(try_user(user_int_31, EFLAGS_IF), EXC_GP); /* beyond its limit */
    EQUAL(last.error, 0);
    set_gate(idt, 0x31, CODE3, (uint32_t)stubs, 0xee, 0);
    RAISES(int_31, EXC_GP, CODE3 & ~3u); /* outward */
}

TEST(idt_limit, "SDM 3A 6.10, 6.13")
{
    set_idt(idt, 0x31 * 8 + 6);
    EQUAL(try_user(user_int_31, 0), EXC_GP);
    EQUAL(last.error, 0x31 * 8 + 2);
    RAISES(int_3f, EXC_GP, 0x3f * 8 + 2);
    set_idt(idt, 0x3f * 8 + 7);
    EQUAL(try_call(int_3f), 0x3f);
}

/* An event that no INT n caused sets EXT in the error codes that its delivery raises. */
TEST(error_code_ext_bit, "SDM 3A 6.13")
{
    idt[EXC_UD] = 0;
    RAISES(ud, EXC_GP, EXC_UD * 8 + 3);
    set_gate(idt, EXC_UD, DATA0, 0, 0x8e, 0);
    RAISES(ud, EXC_GP, DATA0 | 1);
    set_gate(idt, EXC_UD, 0, 0, 0x8e, 0);
    RAISES(ud, EXC_GP, 1);
    set_gate(idt, EXC_UD, CODE0, 0, 0x0e, 0);
    RAISES(ud, EXC_NP, EXC_UD * 8 + 3);
    /* INT3 and INTO are INT n in this. */
    set_gate(idt, EXC_BP, DATA0, 0, 0x8e, 0);
    RAISES(int3, EXC_GP, DATA0);
    set_gate(idt, EXC_OF, CODE0, 0, 0x0e, 0);
    RAISES(into_of, EXC_NP, EXC_OF * 8 + 2);
}

TEST(int3_checks_dpl, "SDM 2 INT3")
{
    EQUAL(try_user(int3, EFLAGS_IOPL), EXC_GP);
    EQUAL(last.error, EXC_BP * 8 + 2);
    EQUAL(last.eip, int3);
    set_gate(idt, EXC_BP, CODE0, (uint32_t)stubs + EXC_BP * 16, 0xee, 0);
    EQUAL(try_user(int3, 0), EXC_BP);
    EQUAL(last.eip, (uint32_t)int3 + 1);
    EQUAL(try_user(int3_cd, 0), EXC_BP);
    EQUAL(last.eip, (uint32_t)int3_cd + 2);
    EQUAL(try_user(into_of, 0), EXC_GP);
    EQUAL(last.error, EXC_OF * 8 + 2);
}

/* INT n pushes no error code, whatever the vector. */
TEST(int_n_has_no_error_code, "SDM 3A 6.4.2")
{
    set_gate(idt, 0x32, CODE0, (uint32_t)gate_handler, 0x8e, 0);
    idt[EXC_GP] = idt[0x32];
    EQUAL(try_call(int_0d), -1);
    EQUAL(handler_words[5] - handler_esp, 12);
    EQUAL(handler_words[0], (uint32_t)int_0d + 8);
}

/* ---- priorities ------------------------------------------------------------------------------ */

CODE(user_bad_lgdt, "lgdt [0x40000000]");
CODE(user_lock_hlt, ".byte 0xf0, 0xf4");
CODE(lock_null_es,
     "xor eax, eax; mov es, ax; .byte 0x26, 0xf0, 0x8b, 0x00"); /* LOCK MOV EAX,ES:[EAX] */

/* Decoding comes before executing: #UD before #GP of the level. */
TEST(priority_of_decoding, "SDM 3A 6.9")
{
    EQUAL(try_user(user_lock_hlt, 0), EXC_UD);
    EQUAL(try_call(lock_null_es), EXC_UD);
    EQUAL(try_user(user_bad_lgdt, 0), EXC_GP); /* the level, before the operand is read */
    EQUAL(last.error, 0);
}

/* Among traps and faults: the trap of the last instruction before a fault of the next. */
CODE(step_into_ud, "pushfd; or dword ptr [esp], 0x100; popfd; nop; ud2");
TEST(priority_of_traps, "SDM 3A 6.9")
{
    EQUAL(try_call(step_into_ud), EXC_DB);
    EQUAL(last.eip, (uint32_t)step_into_ud + 10);
    EQUAL(last_dr6 & 0x4000, 0x4000);
}

/* A breakpoint on an instruction comes before that instruction's own faults. */
TEST(priority_of_code_breakpoint, "SDM 3A 6.9; 3B 17.3.1.1")
{
    SET_DR(0, ud);
    SET_DR(7, 0x402);
    EQUAL(try_call(ud), EXC_DB);
    EQUAL(last.eip, ud);
    SET_DR(7, 0x400);
    EQUAL(last_dr6 & 0xf, 1);
}

/* ---- double faults --------------------------------------------------------------------------- */

TEST(double_fault_of_contributory, "SDM 3A 6.15 interrupt 8, tables 6-4, 6-5")
{
    idt[EXC_GP] = 0; /* #GP, then #GP for its gate */
    RAISES(load_bad_ds, EXC_DF, 0);
    reset_gate(EXC_GP);
    set_segment(FREE_A, 0, 0xfffff, 0x12, 0xc);
    set_gate(idt, EXC_NP, CODE0, 0, 0x0e, 0); /* #NP, then #NP */
    RAISES(load_absent_ds, EXC_DF, 0);
    reset_gate(EXC_NP);
    set_gate(idt, EXC_DE, CODE0, 0, 0x0e, 0); /* #DE, then #NP */
    RAISES(divide_by_0, EXC_DF, 0);
}

TEST(benign_then_contributory, "SDM 3A 6.15 interrupt 8, table 6-5")
{
    set_gate(idt, EXC_UD, CODE0, 0, 0x0e, 0);
    RAISES(ud, EXC_NP, EXC_UD * 8 + 3);
    EQUAL(last.eip, ud);
}

TEST(double_fault_task, "SDM 3A 6.12.2; 6.15 interrupt 8")
{
    make_task((void (*)(void))(stubs + EXC_DF * 16));
    set_segment(DF_TSS_SEL, (uint32_t)&tss_b, 0x67, 0x89, 0);
    set_gate(idt, EXC_DF, DF_TSS_SEL, 0, 0x85, 0);
    idt[EXC_GP] = 0;
    RAISES(load_bad_ds, EXC_DF, 0);
    EQUAL(tss_b.link, TSS_SEL);
    EQUAL(tss.eip, (uint32_t)load_bad_ds + 5);
}

TEST(triple_fault, "SDM 3A 6.15 interrupt 8")
{
    idt[EXC_GP] = 0;
    idt[EXC_DF] = 0;
    expect_reset();
    EQUAL(try_call(load_bad_ds), 0x1000); /* does not come back */
}

TEST(triple_fault_without_idt, "SDM 3A 6.15 interrupt 8")
{
    expect_reset();
    set_idt(idt, 0);
    EQUAL(try_call(ud), 0x1000);
}

CODE(user_int_16, "mov ebx, esp; stc; int 0x32; user_int_16_behind: int 0x30");
CODE(inner_handler16, "mov handler_esp, esp; mov eax, [esp]; mov handler_words, eax;"
                      "mov eax, [esp + 4]; mov handler_words + 4, eax; movzx eax, word ptr [esp + "
                      "8]; mov handler_words + 8, eax; pushfd; pop handler_flags; ud2");

/* From an outer level a gate of the 80286 pushes five words. */
TEST(interrupt_gate_16_bit_to_inner_level, "SDM 3A 6.12.1, 21.4")
{
    uint32_t base = (uint32_t)inner_handler16 & ~0xffffu;
    set_segment(FREE_A, base, 0xfffff, 0x9b, 0xc);
    for (unsigned trap = 0; trap < 2; trap++) {
        set_gate(idt, 0x32, FREE_A, (uint32_t)inner_handler16 - base, 0xe6 | trap, 0);
        /* UD2 raises #UD at level 0 in a segment with another base. */
        EQUAL(try_user(user_int_16, EFLAGS_IF), EXC_UD);
        EQUAL(handler_esp, inner_stack - 10);
        EQUAL(handler_words[0] >> 16, CODE3);
        EQUAL(handler_words[1] & (EFLAGS_CF | EFLAGS_IF | 2), EFLAGS_CF | EFLAGS_IF | 2);
        EQUAL(handler_words[1] >> 16, last.ebx & 0xffff);
        EQUAL(handler_words[2], DATA3);
        EQUAL(handler_flags & EFLAGS_IF, trap ? EFLAGS_IF : 0);
    }
}

/* EXT says that it was no INT n: also for the stack of the new level. */
TEST(interrupt_inner_stack_faults, "SDM 3A 6.13; 6.15 interrupts 10, 12")
{
    static const struct {
        uint32_t ss, esp;
        int vector;
        uint32_t error;
    } rows[] = {
        { 0, 0x900100, EXC_TS, 0 },
        { DATA0, 0x900100, EXC_TS, DATA0 },
        { CODE1, 0x900100, EXC_TS, CODE1 & ~3u },
        { FREE_A | 1, 0x900100, EXC_SS, FREE_A },
        { FREE_B | 1, 0x10, EXC_SS, FREE_B }, /* five words do not fit */
    };
    set_segment(FREE_A, 0, 0xfffff, 0x33, 0xc);
    set_segment(FREE_B, 0x900000, 0xff, 0xb3, 0x4);
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        tss.ss1 = rows[n].ss;
        tss.esp1 = rows[n].esp;
        set_gate(idt, 0x31, CODE1 & ~3u, (uint32_t)stubs, 0xee, 0);
        EQUAL(try_user(user_int_31, 0), rows[n].vector);
        EQUAL(last.error, rows[n].error);
        EQUAL(last.eip, user_int_31);
        set_gate(idt, EXC_UD, CODE1 & ~3u, (uint32_t)stubs, 0x8e, 0);
        EQUAL(try_user(ud, 0), rows[n].vector);
        EQUAL(last.error, rows[n].error | 1);
        EQUAL(last.eip, ud);
        reset_gate(EXC_UD);
    }
}
