// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Real mode and back: kept limits, the interrupt vector table, IRET.
#include "harness/harness.h"

#define LOW 0x8000u /* where the 16-bit code runs */

extern char real_start[], real_end[];

/*
 * Called at LOW in 32-bit protected mode; runs to real mode, does its things, comes back. Results
 * are words at LOW + 0xf00. Addresses are those of the copy.
 */
__asm__(".intel_syntax noprefix\n.text\n.globl real_start, real_end\n"
        "real_start: .code32\n"
        "pushad\n"
        "mov dword ptr [0x8ff0], esp\n"
        "sgdt [0x8fe0]\n"
        "sidt [0x8fe8]\n"
        "jmp 0x38:real16 - real_start\n"
        ".code16\n"
        "real16: mov ax, 0x40\n" /* DATA16 */
        "mov ss, ax\n"
        "mov fs, ax\n" /* not null: what real mode finds has to be usable (SDM 3A 9.9.2) */
        "mov gs, ax\n"
        "mov eax, cr0\n"
        "and al, 0xfe\n"
        "mov cr0, eax\n"
        "jmp 0x800:real_mode - real_start\n"
        "real_mode: xor ax, ax\n"
        "mov ss, ax\n"
        "mov esp, 0x7ff0\n"
        "mov fs, ax\n"
        "mov gs, ax\n"
        "lidt cs:[real_idt - real_start]\n"
        "mov ebx, 0x100000\n"
        "mov eax, ds:[ebx]\n" /* DS still has its 4 GiB limit */
        "mov fs:[0x8f00], eax\n"
        "mov word ptr fs:[0x40 * 4], offset real_handler - real_start\n"
        "mov word ptr fs:[0x40 * 4 + 2], 0x800\n"
        "mov ax, 0x1234\n"
        "stc\n"
        "int 0x40\n"
        "real_after: pushf\n"
        "pop word ptr fs:[0x8f0e]\n"
        "mov fs:[0x8f10], sp\n"
        "mov eax, cr0\n"
        "or al, 1\n"
        "mov cr0, eax\n"
        ".byte 0x66, 0xea\n"
        ".long 0x8000 + real_back - real_start\n"
        ".word 8\n"
        "real_handler: push bp\n"
        "mov bp, sp\n"
        "mov fs:[0x8f04], ax\n"
        "mov ax, [bp + 2]\n"
        "sub ax, offset real_after - real_start\n"
        "mov fs:[0x8f06], ax\n"
        "mov ax, [bp + 4]\n"
        "mov fs:[0x8f08], ax\n"
        "mov ax, [bp + 6]\n"
        "mov fs:[0x8f0a], ax\n"
        "and word ptr [bp + 6], 0xfffe\n"
        "pop bp\n"
        "iret\n"
        "real_idt: .word 0x3ff\n"
        ".long 0\n"
        ".code32\n"
        "real_back: mov ax, 0x10\n"
        "mov ss, ax\n"
        "mov ds, ax\n"
        "mov es, ax\n"
        "xor eax, eax\n"
        "mov fs, ax\n"
        "mov gs, ax\n"
        "mov esp, [0x8ff0]\n"
        "lidt [0x8fe8]\n"
        "popad\n"
        "ret\n"
        "real_end:\n.att_syntax\n");

CODE(call_low, "mov eax, 0x8000; call eax");

static volatile uint16_t *const words = (volatile uint16_t *)(LOW + 0xf00);

static void go_real(void)
{
    set_segment(CODE16, LOW, 0xffff, 0x9b, 0);
    for (char *p = real_start; p < real_end; p++)
        ((volatile char *)LOW)[p - real_start] = *p;
    for (unsigned n = 0; n < 16; n++)
        words[n] = 0x5a5a;
    EQUAL(try_call(call_low), -1);
}

TEST(real_mode_interrupt, "SDM 3A 9.9, 20.1.4")
{
    go_real();
    EQUAL(words[2], 0x1234);
    EQUAL(words[3], 0); /* the return address */
    EQUAL(words[4], 0x800);
    EQUAL(words[5] & 0x1, 1);
    EQUAL(words[7] & 0x1, 0);
    EQUAL(words[8], 0x7ff0);
}

/* What protected mode left in the hidden parts stays until a register is loaded. */
TEST(unreal_mode_keeps_limits, "SDM 3A 9.9.2, 3.4.3")
{
    go_real();
    EQUAL(load32(LOW + 0xf00), load32(0x100000));
}
