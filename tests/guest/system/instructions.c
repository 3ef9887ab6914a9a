// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Encodings that fault, exceptions of plain instructions, SYSENTER, self-modifying code.
#include "harness.h"

uint32_t bounds[2] = { (uint32_t)-5, 5 }, saved_esp;

CODE(lock_register, ".byte 0xf0, 0x01, 0xc0");
CODE(lock_mov, ".byte 0xf0, 0x89, 0x05, 0, 0, 0, 0");
CODE(too_long, ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CODE(far_too_long,
     ".byte 0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x66,0x90");
CODE(mov_cs, ".byte 0x8e, 0xc8");
CODE(lds_register, ".byte 0xc5, 0xc0");
CODE(ud2, "ud2");
CODE(divide, "xor edx, edx; xor ecx, ecx; mov eax, 1; div ecx");
CODE(divide_overflow, "mov edx, 5; mov eax, 1; mov ecx, 5; div ecx");
CODE(bound_in, "mov eax, -5; bound eax, bounds");
CODE(bound_out, "mov eax, 6; bound eax, bounds");
CODE(into, "mov al, 0x7f; add al, 1; into");
CODE(no_into, "xor eax, eax; into");
CODE(cr1, ".byte 0x0f, 0x20, 0xc8");
CODE(bad_msr, "mov ecx, 0x12345; rdmsr");
CODE(pg_without_pe, "mov eax, cr0; or eax, 0x80000000; and eax, 0xfffffffe; mov cr0, eax");
CODE(bad_cr4, "mov eax, cr4; or eax, 0x80000000; mov cr4, eax");
CODE(user_unaligned, "pushfd; or dword ptr [esp], 0x40000; popfd; mov eax, [esp - 9]; int 0x30");
CODE(user_hlt, "hlt");
CODE(user_in, "in al, 0x80; int 0x30");
CODE(modify_next, "mov byte ptr modify_next_target + 1, 0x55; modify_next_target: mov al, 0; movzx "
                  "eax, al; mov saved_esp, eax;"
                  "mov byte ptr modify_next_target + 1, 0");
CODE(sysenter_target,
     "mov saved_esp, esp; mov edx, offset sysenter_back; mov ecx, [inner_stack_user]; sysexit");
CODE(user_sysenter,
     "mov inner_stack_user, esp; sysenter; sysenter_back: mov eax, cs; mov ebx, ss; int 0x30");
CODE(pop_esp_write,
     "push 0x1234; pop eax; mov saved_esp, esp; push esp; pop ecx; sub saved_esp, ecx");
uint32_t inner_stack_user;

static void wrmsr(uint32_t index, uint32_t value)
{
    __asm__ volatile("wrmsr" : : "c"(index), "a"(value), "d"(0));
}

static void encodings(void)
{
    EQUAL(try_call(lock_register), EXC_UD);
    EQUAL(try_call(lock_mov), EXC_UD);
    EQUAL(try_call(too_long), -1);
    EQUAL(try_call(far_too_long), EXC_GP);
    EQUAL(try_call(mov_cs), EXC_UD);
    EQUAL(try_call(lds_register), EXC_UD);
    EQUAL(try_call(ud2), EXC_UD);
    EQUAL(last.eip, ud2);
    EQUAL(try_call(cr1), EXC_UD);
}

static void faults(void)
{
    EQUAL(try_call(divide), EXC_DE);
    EQUAL(try_call(divide_overflow), EXC_DE);
    EQUAL(try_call(bound_in), -1);
    EQUAL(try_call(bound_out), EXC_BR);
    EQUAL(try_call(into), EXC_OF);
    EQUAL(last.eip, (uint32_t)into + 5);
    EQUAL(try_call(no_into), -1);
    RAISES(bad_msr, EXC_GP, 0);
    RAISES(pg_without_pe, EXC_GP, 0);
    RAISES(bad_cr4, EXC_GP, 0);
    EQUAL(try_user(user_hlt, 0), EXC_GP);
    EQUAL(try_user(user_in, 0), EXC_GP);
    EQUAL(try_user(user_in, EFLAGS_IOPL), BACK);
}

void test_instructions(void)
{
    encodings();
    faults();
    EQUAL(try_call(modify_next), -1);
    EQUAL(saved_esp, 0x55);
    EQUAL(try_call(pop_esp_write), -1);
    EQUAL(saved_esp, 0);
    EQUAL(try_user(user_unaligned, 0), BACK);
    __asm__ volatile("movl %%cr0, %%eax; orl $0x40000, %%eax; movl %%eax, %%cr0" : : : "eax");
    EQUAL(try_user(user_unaligned, 0), EXC_AC);
    EQUAL(last.error, 0);
    __asm__ volatile("movl %%cr0, %%eax; andl $~0x40000, %%eax; movl %%eax, %%cr0" : : : "eax");

    wrmsr(0x174, CODE0);
    wrmsr(0x175, (uint32_t)inner_stack);
    wrmsr(0x176, (uint32_t)sysenter_target);
    EQUAL(try_user(user_sysenter, EFLAGS_IF), BACK);
    EQUAL(saved_esp, inner_stack);
    EQUAL(last.eax, CODE0 + 16 + 3);
    EQUAL(last.ebx, CODE0 + 24 + 3);
    wrmsr(0x174, 0);
    EQUAL(try_user(user_sysenter, EFLAGS_IF), EXC_GP);
}
