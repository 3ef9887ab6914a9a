# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# A ROM that goes through real mode, protected mode and paging, for the test of the gdb stub.
    .globl start, real_loop, protected, paged, paged_loop, second

    .code16
start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7000, %sp
    movw $0, 0x500
real_loop:
    incw 0x500
    cmpw $3, 0x500
    jb real_loop
    lgdtl %cs:(gdt_pointer - start)
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    ljmpl $8, $protected

    .code32
protected:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    # Page directory at 10000h: 0-4 MiB is itself, by one large page; C0000000h shows 20000h, by a table at 11000h.
    movl $0x10000, %edi
    movl $2048, %ecx
    xorl %eax, %eax
    rep stosl
    movl $0x83, 0x10000
    movl $0x11003, 0x10c00
    movl $0x20003, 0x11000
    movl $0x10000, %eax
    movl %eax, %cr3
    movl %cr4, %eax
    orl $0x10, %eax
    movl %eax, %cr4
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
paged:
    movl $0x12345678, 0xc0000010
    fninit
    fld1
    movl $0, 0xc0000020
paged_loop:
    incl 0xc0000020
second:
    movl 0xc0000020, %ebx
    jmp paged_loop

    .balign 8
gdt:
    .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff
gdt_pointer:
    .word 23
    .long gdt

    .org 0xfff0
    .code16
    ljmp $0xf000, $0
    .org 0x10000
