# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Boot sector that calls the firmware's services in a loop: real-mode code, and its own ways to protected mode and back.

#ifndef ROUNDS
#define ROUNDS 100
#endif

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
        movb $0xff, %al                 # no interrupt may come: the same instructions in every run
        outb %al, $0x21
        outb %al, $0xa1
        movl $ROUNDS, rounds
        movw $beginning, %si
        call say
next:   subl $1, rounds
        jb done
        movb $0x03, %ah                 # where the cursor is
        xorb %bh, %bh
        int $0x10
        movw $0x0e2e, %ax               # a dot, and back by the backspace
        movw $7, %bx
        int $0x10
        movw $0x0e08, %ax
        movw $7, %bx
        int $0x10
        movb $0x01, %ah                 # is a key waiting
        int $0x16
        movb $0x00, %ah                 # ticks since midnight
        int $0x1a
        movb $0x02, %ah                 # keys held down
        int $0x16
        int $0x12                       # memory below 640 KiB
        movb $0x08, %ah                 # the first disk's geometry
        movb $0x80, %dl
        int $0x13
        jc failed
        movl $0xe820, %eax              # the memory map's first entry
        movl $0x534d4150, %edx
        movl $20, %ecx
        xorl %ebx, %ebx
        xorw %di, %di
        movw %di, %es
        movw $0x7000, %di
        int $0x15
        jc failed
        cmpl $0x534d4150, %eax
        jne failed
        incl served
        jmp next

failed: movb $0x21, %al                 # "!"
        outb %al, $0xe9
done:   movw $text, %si
        call say
        movl served, %ebx
        movw $8, %cx
3:      roll $4, %ebx
        movw %bx, %si
        andw $15, %si
        movb digits(%si), %al
        outb %al, $0xe9
        loop 3b
        movb $0x0a, %al
        outb %al, $0xe9
        # Tell every emulator to end: bmbt and QEMU by isa-debug-exit, Bochs by its shutdown port.
        movw $0x501, %dx
        xorl %eax, %eax
        outb %al, %dx
        movw $0x8900, %dx
        movw $shutdown, %si
4:      lodsb
        outb %al, %dx
        testb %al, %al
        jnz 4b
5:      cli
        hlt
        jmp 5b

say:    lodsb                           # the text at SI, to the debug console
        outb %al, $0xe9
        cmpb $0, (%si)
        jne say
        ret

beginning:
        .asciz "begin services\n"
text:   .asciz "result "
digits: .ascii "0123456789abcdef"
shutdown:
        .asciz "Shutdown"
        .balign 4
rounds: .long 0
served: .long 0
        .org 510
        .word 0xaa55
