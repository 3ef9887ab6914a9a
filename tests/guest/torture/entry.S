// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Multiboot head, exception stubs, and the ways into and out of the program under test.
        .intel_syntax noprefix
        .set DATA0, 0x10

        .section .multiboot, "a"
        .balign 4
        .long 0x1badb002, 0, -0x1badb002

        .section .bss
        .balign 16
        .skip 32768
main_stack:
kernel_esp:
        .skip 4

        .text
        .globl _start
_start: mov esp, offset main_stack
        cld
        push ebx
        push eax
        call torture_main
1:      hlt
        jmp 1b

/*
 * void launch(const uint32_t *frame, const void *fx): into the program with all its registers.
 * The frame holds DS, ES, FS, GS, PUSHAD's registers and what IRET takes. land() comes back here.
 */
        .globl launch
launch: push ebp
        push ebx
        push esi
        push edi
        pushfd
        mov kernel_esp, esp
        mov tss + 4, esp
        mov eax, [esp + 28]
        fxrstor [eax]
        mov esp, [esp + 24]
        pop ds
        pop es
        pop fs
        pop gs
        popad
        iretd

        .globl land
land:   mov esp, kernel_esp
        popfd
        pop edi
        pop esi
        pop ebx
        pop ebp
        ret

/* uint32_t call_code(const void *code, uint32_t eax, uint32_t ecx): EAX as code leaves it. */
        .globl call_code
call_code:
        push ebp
        push ebx
        push esi
        push edi
        mov eax, [esp + 24]
        mov ecx, [esp + 28]
        call [esp + 20]
        pop edi
        pop esi
        pop ebx
        pop ebp
        cld
        ret

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
        .rept 128
        stub %n
        .set n, n + 1
        .endr

common: pushad
        push gs
        push fs
        push es
        push ds
        mov eax, DATA0
        mov ds, ax
        mov es, ax
        cld
        mov eax, esp
        push eax
        call handle
        add esp, 4
        pop ds
        pop es
        pop fs
        pop gs
        popad
        add esp, 8
        iretd

        .section .note.GNU-stack, "", @progbits
