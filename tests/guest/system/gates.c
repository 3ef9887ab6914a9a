// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Call gates, inner stacks, faults during delivery, double fault.
#include "harness.h"

uint32_t gate_words[8], gate_esp;

CODE(user_gate_call, "push 0x22222222; push 0x11111111; call 0x5b:0; int 0x30");
CODE(
    gate_target,
    "mov eax, esp; mov gate_esp, eax;"
    "mov ecx, [eax]; mov gate_words, ecx; mov ecx, [eax+4]; mov gate_words+4, ecx;"
    "mov ecx, [eax+8]; mov gate_words+8, ecx; mov ecx, [eax+12]; mov gate_words+12, ecx;"
    "mov ecx, [eax+16]; mov gate_words+16, ecx; mov ecx, [eax+20]; mov gate_words+20, ecx; retf 8");
CODE(
    user_gate_return,
    "push ds; mov ebx, esp; push 0x22222222; push 0x11111111; call 0x5b:0; sub ebx, esp; int 0x30");
CODE(same_level_gate, "call 0x58:0");
CODE(same_target, "mov gate_esp, esp; retf");
CODE(jump_gate, "jmp 0x58:0");
CODE(user_jump_gate, "jmp 0x5b:0");
CODE(raise_ud, "ud2");
CODE(raise_gp, "mov eax, cr0; mov cr0, eax; hlt");

void test_gates(void)
{
    set_gate(gdt, GATE / 8, CODE0, (uint32_t)gate_target, 0xec, 2);
    EQUAL(try_user(user_gate_return, EFLAGS_IF), BACK);
    EQUAL(gate_esp, inner_stack - 24);
    EQUAL(gate_words[1], CODE3);
    EQUAL(gate_words[2], 0x11111111);
    EQUAL(gate_words[3], 0x22222222);
    EQUAL(gate_words[5], DATA3);
    EQUAL(last.ebx, 0); /* RETF 8 took the parameters off both stacks */

    set_gate(gdt, GATE / 8, CODE0, (uint32_t)same_target, 0x8c, 0);
    EQUAL(try_call(same_level_gate), -1);
    EQUAL(try_user(user_gate_call, 0), EXC_GP); /* the gate's DPL */
    EQUAL(last.error, GATE);
    set_gate(gdt, GATE / 8, CODE0, 0, 0x6c, 0);
    EQUAL(try_user(user_gate_call, 0), EXC_NP);
    EQUAL(last.error, GATE);
    set_gate(gdt, GATE / 8, DATA0, 0, 0xec, 0);
    EQUAL(try_user(user_gate_call, 0), EXC_GP);
    EQUAL(last.error, DATA0);
    set_gate(gdt, GATE / 8, 0, 0, 0xec, 0);
    EQUAL(try_user(user_gate_call, 0), EXC_GP);
    EQUAL(last.error, 0);
    set_gate(gdt, GATE / 8, CODE0, (uint32_t)gate_target, 0xec, 0);
    EQUAL(try_user(user_jump_gate, 0), EXC_GP); /* JMP does not change level */
    EQUAL(last.error, CODE0);

    /* A conforming target stays at level 3. */
    set_gate(gdt, GATE / 8, CONFORMING, (uint32_t)raise_ud, 0xec, 0);
    EQUAL(try_user(user_gate_call, 0), EXC_UD);
    EQUAL(last.cs, CONFORMING | 3);
}
