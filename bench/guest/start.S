# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Boot sector of a benchmark disk: loads the program behind it and enters it in flat protected mode.

        .set PROGRAM, 0x10000
        .set SECTORS, 64
        .code16
        .section .boot, "ax"
        .globl _start
_start:
        ljmp $0, $1f
1:      cli
        xorw %ax, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movw $0x7c00, %sp
        sti
        movb %dl, drive
        movw $0x2401, %ax               # A20 on
        int $0x15
        movw $packet, %si
        movb $0x42, %ah                 # extended read
        movb drive, %dl
        int $0x13
        jc failed
        cli
        lgdt gdt_pointer
        movl %cr0, %eax
        orb $1, %al
        movl %eax, %cr0
        ljmp $0x08, $protected_mode
failed:
        movw $0x0e21, %ax               # "!"
        int $0x10
1:      hlt
        jmp 1b

        .code32
protected_mode:
        movw $0x10, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %ss
        movl $0x90000, %esp
        call program
        # Tell every emulator to end: bmbt and QEMU by isa-debug-exit, Bochs by its shutdown port.
        movw $0x501, %dx
        xorl %eax, %eax
        outb %al, %dx
        movw $0x8900, %dx
        movl $shutdown, %esi
1:      lodsb
        outb %al, %dx
        testb %al, %al
        jnz 1b
2:      hlt
        jmp 2b

shutdown:
        .asciz "Shutdown"
drive:  .byte 0
        .balign 4
packet: .byte 16, 0
        .word SECTORS
        .word 0, PROGRAM >> 4
        .quad 1
        .balign 8
gdt:    .quad 0
        .quad 0x00cf9a000000ffff
        .quad 0x00cf92000000ffff
gdt_pointer:
        .word gdt_pointer - gdt - 1
        .long gdt
        .org 510
        .word 0xaa55
