// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Call gates, inner stacks, and what is wrong with them.
#include "harness/harness.h"

uint32_t gate_words[8], gate_esp, gate_cs, gate_ss;

CODE(user_gate_call, "push 0x22222222; push 0x11111111; call 0x5b:0; int 0x30");
CODE(
    gate_target,
    "mov eax, esp; mov gate_esp, eax; mov gate_cs, cs; mov gate_ss, ss;"
    "mov ecx, [eax]; mov gate_words, ecx; mov ecx, [eax+4]; mov gate_words+4, ecx;"
    "mov ecx, [eax+8]; mov gate_words+8, ecx; mov ecx, [eax+12]; mov gate_words+12, ecx;"
    "mov ecx, [eax+16]; mov gate_words+16, ecx; mov ecx, [eax+20]; mov gate_words+20, ecx; retf 8");
CODE(
    user_gate_return,
    "push ds; mov ebx, esp; push 0x22222222; push 0x11111111; call 0x5b:0; sub ebx, esp; int 0x30");
CODE(gate_target16,
     "mov eax, esp; mov gate_esp, eax; movzx ecx, word ptr [eax]; mov gate_words, ecx;"
     "mov ecx, [eax+2]; mov gate_words+4, ecx; mov ecx, [eax+6]; mov gate_words+8, ecx;"
     ".byte 0x66; retf 4");
CODE(user_gate16,
     "mov ebx, esp; pushw 0x2222; pushw 0x1111; call 0x5b:0; after_gate16: sub ebx, esp; int 0x30");
CODE(same_level_gate, "mov gate_words, esp; call 0x58:0x12345678");
CODE(same_target, "mov gate_esp, esp; mov gate_cs, cs; retf");
CODE(jump_gate, "jmp 0x58:0");
CODE(jump_target, "mov gate_esp, esp; mov gate_cs, cs");
CODE(user_jump_gate, "jmp 0x5b:0");
CODE(raise_ud, "ud2");

extern char after_gate16[];

#define GATE_TO(selector, target, access, count)                                                   \
    set_gate(gdt, GATE / 8, selector, (uint32_t)(target), access, count)

static void user_faults(int vector, uint32_t error)
{
    EQUAL(try_user(user_gate_call, 0), vector);
    EQUAL(last.error, error);
    EQUAL(last.cs, CODE3); /* the caller's: nothing has changed */
}

TEST(call_gate_to_inner_level, "SDM 3A 5.8.3-5.8.5")
{
    GATE_TO(CODE0, gate_target, 0xec, 2);
    EQUAL(try_user(user_gate_return, EFLAGS_IF), BACK);
    EQUAL(gate_esp, inner_stack - 24);
    EQUAL(gate_cs, CODE0);
    EQUAL(gate_ss, DATA0);
    EQUAL(gate_words[1], CODE3);
    EQUAL(gate_words[2], 0x11111111);
    EQUAL(gate_words[3], 0x22222222);
    EQUAL(gate_words[5], DATA3);
    EQUAL(last.ebx, 0); /* RETF 8 took the parameters off both stacks */
    EQUAL(last.eflags & EFLAGS_IF, EFLAGS_IF);
}

TEST(call_gate_to_level_1, "SDM 3A 5.8.5")
{
    tss.esp1 = (uint32_t)inner_stack - 0x400;
    tss.ss1 = DATA1;
    GATE_TO(CODE1 & ~3u, gate_target, 0xec, 2);
    EQUAL(try_user(user_gate_return, EFLAGS_IF), BACK);
    EQUAL(gate_esp, inner_stack - 0x400 - 24);
    EQUAL(gate_cs, CODE1); /* RPL is the new level */
    EQUAL(gate_ss, DATA1);
}

/*
 * A gate of the 80286: 16 bits of offset and words on the stack. The return to IP alone ends in
 * HLT.
 */
TEST(call_gate_16_bit, "SDM 3A 5.8.3, 21.4")
{
    uint32_t base = (uint32_t)gate_target16 & ~0xffffu, back = (uint32_t)after_gate16 & 0xffff;
    uint8_t kept = load8(back);
    set_segment(FREE_A, base, 0x1ffff, 0x9b, 0x4);
    set_gate(gdt, GATE / 8, FREE_A, (uint32_t)gate_target16 - base, 0xe4, 2);
    store8(back, 0xf4);
    EQUAL(try_user(user_gate16, 0), EXC_GP);
    store8(back, kept);
    EQUAL(last.eip, back);
    EQUAL(last.esp & 0xffff, last.ebx & 0xffff);
    EQUAL(gate_esp, inner_stack - 12);
    EQUAL(gate_words[0], back);
    EQUAL(gate_words[1], CODE3 | 0x1111 << 16);
    EQUAL(gate_words[2] & 0xffff, 0x2222);
}

TEST(call_gate_within_a_level, "SDM 3A 5.8.4")
{
    GATE_TO(CODE0, same_target, 0x8c, 5);
    EQUAL(try_call(same_level_gate), -1);
    EQUAL(gate_words[0] - gate_esp, 8); /* no parameters are copied */
    GATE_TO(CONFORMING, same_target, 0x8c, 0);
    EQUAL(try_call(same_level_gate), -1);
    EQUAL(gate_cs, CONFORMING);
    GATE_TO(CODE0, jump_target, 0x8c, 0);
    EQUAL(try_call(jump_gate), -1);
    EQUAL(gate_cs, CODE0);
}

/* A conforming target stays at level 3. */
TEST(call_gate_to_conforming, "SDM 3A 5.8.4")
{
    GATE_TO(CONFORMING, raise_ud, 0xec, 0);
    EQUAL(try_user(user_gate_call, 0), EXC_UD);
    EQUAL(last.cs, CONFORMING | 3);
    EQUAL(try_user(user_jump_gate, 0), EXC_UD);
    EQUAL(last.cs, CONFORMING | 3);
}

TEST(call_gate_faults, "SDM 3A 5.8.4; SDM 2 CALL")
{
    GATE_TO(CODE0, gate_target, 0x8c, 0);
    user_faults(EXC_GP, GATE); /* the gate's DPL */
    GATE_TO(CODE0, gate_target, 0x6c, 0);
    user_faults(EXC_NP, GATE);
    GATE_TO(DATA0, gate_target, 0xec, 0);
    user_faults(EXC_GP, DATA0);
    GATE_TO(0, gate_target, 0xec, 0);
    user_faults(EXC_GP, 0);
    GATE_TO(sizeof gdt, gate_target, 0xec, 0);
    user_faults(EXC_GP, sizeof gdt);
    set_segment(FREE_A, 0, 0xfffff, 0x1b, 0xc);
    GATE_TO(FREE_A, gate_target, 0xec, 0);
    user_faults(EXC_NP, FREE_A);
    GATE_TO(LDT_SEL, gate_target, 0xec, 0);
    user_faults(EXC_GP, LDT_SEL);
    set_segment(FREE_A, 0, 0xffff, 0x9b, 0x4);
    GATE_TO(FREE_A, gate_target, 0xec, 0);
    user_faults(EXC_GP, 0); /* beyond the target's limit */
    GATE_TO(CODE3, gate_target, 0x8c, 0);
    RAISES(same_level_gate, EXC_GP, CODE3 & ~3u); /* outward */
    GATE_TO(CODE0, gate_target, 0xec, 0);
    EQUAL(try_user(user_jump_gate, 0), EXC_GP); /* JMP does not change level */
    EQUAL(last.error, CODE0);
}

/* The TSS's stack is checked before the old one is left. */
TEST(inner_stack_faults, "SDM 3A 5.8.5; 6.15 interrupt 10")
{
    set_segment(FREE_A, 0, 0xfffff, 0x33, 0xc); /* writable, level 1, not present */
    set_segment(FREE_B, 0x900000, 0xff, 0xb3, 0x4);
    GATE_TO(CODE1 & ~3u, gate_target, 0xec, 0);
    static const struct {
        uint32_t ss, esp;
        int vector;
        uint32_t error;
    } rows[] = {
        { 0, 0x900100, EXC_TS, 0 },
        { DATA0, 0x900100, EXC_TS, DATA0 },
        { DATA1 & ~3u, 0x900100, EXC_TS, DATA1 & ~3u }, /* RPL */
        { CODE1, 0x900100, EXC_TS, CODE1 & ~3u },
        { DATA3, 0x900100, EXC_TS, DATA3 & ~3u },
        { sizeof gdt | 1, 0x900100, EXC_TS, sizeof gdt },
        { FREE_A | 1, 0x900100, EXC_SS, FREE_A },
        { FREE_B | 1, 0x104, EXC_SS, FREE_B }, /* beyond its limit */
        { FREE_B | 1, 0xc, EXC_SS, FREE_B },   /* four words do not fit */
    };
    for (unsigned n = 0; n < ARRAY_SIZE(rows); n++) {
        tss.ss1 = rows[n].ss;
        tss.esp1 = rows[n].esp;
        user_faults(rows[n].vector, rows[n].error);
    }
}

TEST(inner_stack_beyond_tss, "SDM 3A 6.15 interrupt 10")
{
    GATE_TO(CODE1 & ~3u, gate_target, 0xec, 0);
    set_segment(TSS16_SEL, (uint32_t)&tss, 0x10, 0x89, 0); /* ends within SS1 */
    __asm__ volatile("ltr %w0" : : "r"(TSS16_SEL));
    user_faults(EXC_TS, TSS16_SEL);
}

CODE(inner_gate_rpl_3, "call 0x5b:0");
CODE(user_ldt_gate, "push 0x22222222; push 0x11111111; call 0xf:0; int 0x30");
CODE(user_gate_31,
     "mov ecx, 31; push_31: push ecx; loop push_31; mov ebx, esp; call 0x5b:0; int 0x30");
CODE(gate_target_31, "mov eax, esp; mov gate_esp, eax; mov ecx, [eax+8]; mov gate_words, ecx;"
                     "mov ecx, [eax+128]; mov gate_words+4, ecx; mov ecx, [eax+132]; mov "
                     "gate_words+8, ecx; retf 124");

/* The level that counts is the higher number of CPL and the selector's RPL. */
TEST(call_gate_rpl, "SDM 3A 5.8.4, table 5-1")
{
    GATE_TO(CODE0, same_target, 0x8c, 0);
    RAISES(inner_gate_rpl_3, EXC_GP, GATE);
    GATE_TO(CODE0, same_target, 0xec, 0);
    EQUAL(try_call(inner_gate_rpl_3), -1);
}

TEST(call_gate_in_ldt, "SDM 3A 5.8.3, 3.5.1")
{
    set_gate(ldt, 1, CODE0, (uint32_t)gate_target, 0xec, 2);
    __asm__ volatile("lldt %w0" : : "r"(LDT_SEL));
    EQUAL(try_user(user_ldt_gate, 0), BACK);
    EQUAL(gate_cs, CODE0);
    EQUAL(gate_words[2], 0x11111111);
    set_gate(ldt, 1, CODE0, (uint32_t)gate_target, 0x8c, 2);
    EQUAL(try_user(user_ldt_gate, 0), EXC_GP);
    EQUAL(last.error, 0xc);
    __asm__ volatile("lldt %w0" : : "r"(0));
}

TEST(call_gate_of_31_parameters, "SDM 3A 5.8.3, parameter count")
{
    GATE_TO(CODE0, gate_target_31, 0xec, 31);
    EQUAL(try_user(user_gate_31, 0), BACK);
    EQUAL(gate_esp, inner_stack - 4 * 35);
    EQUAL(gate_words[0], 1);  /* pushed last */
    EQUAL(gate_words[1], 31); /* pushed first */
    EQUAL(gate_words[2], last.ebx);
    EQUAL(last.esp, last.ebx + 124);
}
