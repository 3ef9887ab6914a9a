// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Multiboot head, exception stubs, and the ways into and out of the code under test.
        .intel_syntax noprefix
        .set CODE0, 0x08
        .set DATA0, 0x10

        .section .multiboot, "a"
        .balign 4
        .long 0x1badb002, 0, -0x1badb002

        .section .bss
        .balign 16
        .skip 16384
main_stack:
        .skip 4096
        .globl inner_stack
inner_stack:
recover_esp:
        .skip 4

        .text
        .globl _start
_start: mov esp, offset main_stack
        cld
        push ebx /* the Multiboot information */
        call guest_main
1:      hlt
        jmp 1b

/* int try_call(void (*code)(void)): the vector that ended code, -1 where it returned. */
        .globl try_call
try_call:
        push ebp
        push ebx
        push esi
        push edi
        pushfd
        mov recover_esp, esp
        call [esp + 24]
        mov eax, -1
        mov cx, DATA0
        mov ds, cx
        mov es, cx
        xor ecx, ecx
        mov fs, cx
        mov gs, cx
resume: popfd
        pop edi
        pop esi
        pop ebx
        pop ebp
        ret

/* void recover(int vector): out of a handler, back to try_call()'s caller. */
        .globl recover
recover:
        mov eax, [esp + 4]
        mov cx, DATA0
        mov ss, cx
        mov esp, recover_esp
        mov ds, cx
        mov es, cx
        xor ecx, ecx
        mov fs, cx
        mov gs, cx
        jmp resume

/* void enter_iret(const struct iret_frame *): SS:ESP and further from a frame of nine words. */
        .globl enter_iret
enter_iret:
        mov eax, [esp + 4]
        mov esp, eax
        mov ecx, 0x23
        mov ds, cx
        mov es, cx
        iretd

/* One stub a vector: error code (0 where there is none), vector. */
        .altmacro
        .macro stub vector
        .balign 16
        .if (\vector == 8) || (\vector >= 10 && \vector <= 14) || (\vector == 17)
        .else
        push 0
        .endif
        push \vector
        jmp common
        .endm
        .balign 16
        .globl stubs
stubs:
        .set n, 0
        .rept 256
        stub %n
        .set n, n + 1
        .endr

common: pushad
        push ds
        push es
        push fs
        push gs
        mov ax, DATA0
        mov ds, ax
        mov es, ax
        cld
        mov eax, esp
        push eax
        call handle
        add esp, 4
        pop gs
        pop fs
        pop es
        pop ds
        popad
        add esp, 8
        iretd

        .section .note.GNU-stack, "", @progbits
