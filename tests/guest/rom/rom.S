// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A BIOS image that tests where it stands, and reports by POST code, serial and parallel port.
/*
 * This is its last 64 KiB, F000h:0; run.py puts more in front, and into the head how many bytes
 * there are and what makes the sum of all dwords 0. Manuals: Intel SDM volume 3A, 9.1; 82441FX data
 * sheet, 3.2.17. QEMU fails where it starts the x87 with 37Fh, knows no F0000h-FFFFFh that is
 * written only, and reads as 0 what is not there.
 *
 * Each check prints a line. POST codes: 1 and so on as the groups begin, FFh at the end, EEh if a
 * check failed.
 */
        .intel_syntax noprefix
        .code16
        .text
        .globl _start
_start:
image_size:
        .long 0x10000
        .long 0 # of the sum

        .set POST, 0x80
        .set COM1, 0x3f8
        .set LPT1, 0x378
        .set DEBUG_EXIT, 0xf4
        .set CONFIG_ADDRESS, 0xcf8
        .set CONFIG_DATA, 0xcfc
        .set LOW_IMAGE, 0x20000 # as much of the image shows below 1 MiB

        /* In RAM, by DS = 0. */
        .set registers, 0x500
        .set system, 0x540
        .set tables, 0x580
        .set coprocessor, 0x5a0
        .set failures, 0x5c0
        .set stack_top, 0x7000

        .macro post code
        mov al, \code
        out POST, al
        .endm

        /* EAX is value. */
        .macro equal value, name:vararg
        mov ebx, \value
        call check
        .asciz \name
        .endm

        /* PAM0, bits 7-4: F0000h-FFFFFh is RAM for reads (1), writes (2). */
        .macro pam value
        mov dx, CONFIG_ADDRESS
        mov eax, 0x80000058
        out dx, eax
        mov dx, CONFIG_DATA + 1
        mov al, \value << 4
        out dx, al
        .endm

/* ---- from the reset vector, at FFFF0000h + start --------------------------------------------- */

start:
        mov [registers], eax
        mov [registers + 4], ebx
        mov [registers + 8], ecx
        mov [registers + 12], edx
        mov [registers + 16], esi
        mov [registers + 20], edi
        mov [registers + 24], ebp
        mov [registers + 28], esp
        mov esp, stack_top
        pushfd
        pop dword ptr [registers + 32]
        cld
        mov eax, cr0
        mov [system], eax
        mov eax, cr2
        mov [system + 4], eax
        mov eax, cr3
        mov [system + 8], eax
        mov eax, cr4
        mov [system + 12], eax
        mov eax, dr6
        mov [system + 16], eax
        mov eax, dr7
        mov [system + 20], eax
        mov [system + 24], cs
        mov [system + 26], ds
        mov [system + 28], es
        mov [system + 30], ss
        mov [system + 32], fs
        mov [system + 34], gs
        data32 sgdt [tables]
        data32 sidt [tables + 8]
        fnstcw [coprocessor]
        fnstsw [coprocessor + 2]
        mov dword ptr [failures], 0
        call start_serial

        post 1
        mov si, offset title
        call print
        call check_reset
        post 2
        call check_places
        /* From here on at F0000h, by a far jump; near calls so far went to the top of 4 GiB. */
        ljmp 0xf000, offset low_place

low_place:
        call check_low_place
        post 3
        call enter_unreal
        call check_aliases
        post 4
        call check_around
        post 5
        call check_writes

        mov si, offset passed
        mov al, 0xff
        cmp dword ptr [failures], 0
        je 1f
        mov si, offset failed
        mov al, 0xee
1:      out POST, al
        call print
        xor eax, eax
        cmp dword ptr [failures], 0
        setne al
        mov dx, DEBUG_EXIT
        out dx, eax
2:      hlt
        jmp 2b

/* ---- 1: the processor after reset (SDM 3A, table 9-1) ---------------------------------------- */

check_reset:
        mov eax, [registers]
        equal 0, "EAX: the self test passed"
        mov eax, 1
        cpuid
        mov ebx, [registers + 12]
        call check
        .asciz "EDX: the processor's signature"
        mov eax, [registers + 4]
        or eax, [registers + 8]
        or eax, [registers + 16]
        or eax, [registers + 20]
        or eax, [registers + 24]
        or eax, [registers + 28]
        equal 0, "EBX, ECX, ESI, EDI, EBP, ESP"
        mov eax, [registers + 32]
        equal 2, "EFLAGS"
        mov eax, [system]
        equal 0x60000010, "CR0"
        mov eax, [system + 4]
        or eax, [system + 8]
        or eax, [system + 12]
        equal 0, "CR2, CR3, CR4"
        mov eax, [system + 16]
        equal 0xffff0ff0, "DR6"
        mov eax, [system + 20]
        equal 0x400, "DR7"
        movzx eax, word ptr [system + 24]
        equal 0xf000, "CS"
        mov eax, [system + 26]
        or eax, [system + 30]
        or ax, [system + 34]
        equal 0, "DS, ES, SS, FS, GS"
        movzx eax, word ptr [tables]
        equal 0xffff, "limit of GDTR"
        mov eax, [tables + 2]
        equal 0, "base of GDTR"
        movzx eax, word ptr [tables + 8]
        equal 0xffff, "limit of IDTR"
        mov eax, [tables + 10]
        equal 0, "base of IDTR"
        movzx eax, word ptr [coprocessor]
        equal 0x40, "x87 control word"
        movzx eax, word ptr [coprocessor + 2]
        equal 0, "x87 status word"
        ret

/* ---- 2: code starts at the top of 4 GiB, and F0000h may be RAM ------------------------------- */

which_place:
        mov eax, 1 # 2 in RAM
        ret
        .set WHICH, which_place + 2

check_places:
        call which_place
        equal 1, "code after reset is in ROM"
        pam 2
        mov ax, 0xf000
        mov es, ax
        xor si, si
        xor di, di
        mov cx, 0x4000
        rep movs dword ptr es:[di], dword ptr cs:[si]
        mov byte ptr es:[WHICH], 2
        movzx eax, byte ptr es:[WHICH]
        equal 1, "reads of F0000h are ROM, writes RAM"
        pam 3
        movzx eax, byte ptr es:[WHICH]
        equal 2, "F0000h is RAM"
        call which_place
        equal 1, "code before a far jump is at the top of 4 GiB"
        ret

check_low_place:
        call which_place
        equal 2, "code after a far jump is at F0000h"
        pam 0
        call which_place
        equal 1, "F0000h is ROM again, for code"
        mov ax, 0xf000
        mov es, ax
        movzx eax, byte ptr es:[WHICH]
        equal 1, "F0000h is ROM again, for data"
        ret

/* ---- 3: the whole image ends at 4 GiB, its last 128 KiB at 1 MiB ----------------------------- */

check_aliases:
        xor eax, eax
        xor esi, esi
        sub esi, cs:[image_size]
        mov ecx, cs:[image_size]
        shr ecx, 2
1:      add eax, [esi]
        add esi, 4
        dec ecx
        jnz 1b
        equal 0, "sum of the image below 4 GiB"
        call low_size
        mov edi, 0x100000
        sub edi, eax
        xor esi, esi
        sub esi, eax
        mov ecx, eax
        shr ecx, 2
        addr32 repe cmpsd
        mov eax, ecx
        setne al
        equal 0, "the image below 1 MiB is the end of that below 4 GiB"
        ret

/* EAX: how much shows below 1 MiB. */
low_size:
        mov eax, cs:[image_size]
        cmp eax, LOW_IMAGE
        jbe 1f
        mov eax, LOW_IMAGE
1:      ret

/* ---- 4: below both there is nothing ---------------------------------------------------------- */

check_around:
        xor esi, esi
        sub esi, cs:[image_size]
        mov eax, [esi - 4]
        equal 0xffffffff, "nothing is below the image at 4 GiB"
        call low_size
        mov esi, 0x100000
        sub esi, eax
        mov eax, [esi - 4]
        equal 0xffffffff, "nothing is below the image at 1 MiB"
        ret

/* ---- 5: it is read only ---------------------------------------------------------------------- */

check_writes:
        mov esi, 0xfffffff0
        call write_there
        equal 0, "a write below 4 GiB changes nothing"
        mov esi, 0xffff0
        call write_there
        equal 0, "a write to FFFF0h changes nothing"
        call low_size
        mov esi, 0x100000
        sub esi, eax
        call write_there
        equal 0, "a write to the image's first place below 1 MiB changes nothing"
        ret

/* EAX: which bits changed at ESI. */
write_there:
        mov ebx, [esi]
        mov eax, ebx
        not eax
        mov [esi], eax
        mov eax, [esi]
        xor eax, ebx
        ret

/* DS and ES with a limit of 4 GiB (SDM 3A, 9.9.2: kept until the next load in protected mode). */
enter_unreal:
        lgdtd cs:[gdt_pointer]
        mov eax, cr0
        or al, 1
        mov cr0, eax
        mov bx, 8
        mov ds, bx
        mov es, bx
        and al, 0xfe
        mov cr0, eax
        ret

        .balign 8
gdt:    .quad 0, 0x00cf92000000ffff
gdt_pointer:
        .word . - gdt - 1
        .long 0xf0000 + gdt

/* ---- reports --------------------------------------------------------------------------------- */

/* EAX: what is; EBX: what has to be. The name stands behind the call. */
check:
        pop si
        cmp eax, ebx
        jne 1f
        push si
        mov si, offset ok
        call print
        pop si
        call print
        jmp 2f
1:      inc dword ptr [failures]
        push eax
        push si
        mov si, offset fail
        call print
        pop si
        call print
        pop eax
        push si
        push eax
        mov si, offset is
        call print
        pop eax
        call print_hex
        mov si, offset and_not
        call print
        mov eax, ebx
        call print_hex
        pop si
2:      mov al, '\n'
        call put
        jmp si

/* The text at CS:SI; SI then is behind its end. AX is lost. */
print:  lods al, byte ptr cs:[si]
        test al, al
        jz 1f
        call put
        jmp print
1:      ret

print_hex:
        mov cx, 8
1:      rol eax, 4
        push eax
        and al, 15
        cmp al, 10
        sbb al, 0x69 # the old way from a digit's value to its letter
        das
        call put
        pop eax
        loop 1b
        ret

/* 115200 8N1, FIFOs off. */
start_serial:
        mov dx, COM1 + 3
        mov al, 0x83
        out dx, al
        mov dx, COM1
        mov ax, 1
        out dx, al
        mov dx, COM1 + 1
        mov al, ah
        out dx, al
        mov dx, COM1 + 3
        mov al, 3
        out dx, al
        mov dx, COM1 + 2
        xor al, al
        out dx, al
        ret

/* AL to both ports: the printer takes it at the strobe's end, once it is not busy. */
put:
        push dx
        mov ah, al
        mov dx, COM1 + 5
1:      in al, dx
        test al, 0x20
        jz 1b
        mov al, ah
        mov dx, COM1
        out dx, al
        mov dx, LPT1 + 1
2:      in al, dx
        test al, 0x80
        jz 2b
        mov al, ah
        mov dx, LPT1
        out dx, al
        mov dx, LPT1 + 2
        mov al, 0x0d
        out dx, al
        mov al, 0x0c
        out dx, al
        pop dx
        ret

title:  .asciz "a BIOS image of our own\n"
ok:     .asciz "ok "
fail:   .asciz "FAIL "
is:     .asciz ": is "
and_not:
        .asciz ", not "
passed: .asciz "done: all passed\n"
failed: .asciz "done: failures\n"

/* ---- FFFFFFF0h (SDM 3A, 9.1.4) --------------------------------------------------------------- */

        .org 0xfff0
        jmp start
        .org 0x10000

        .section .note.GNU-stack, "", @progbits
