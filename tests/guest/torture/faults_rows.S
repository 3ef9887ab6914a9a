// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Every class of instruction with its memory operand: what struct row in faults.h holds.
        .intel_syntax noprefix
/* The register that points to the operand; at PUSHES the operand ends there. */
        .set AT_EBX, 0
        .set AT_ESI, 1
        .set AT_EDI, 2
        .set AT_ESP, 3
        .set PUSHES, 4
        .set AT_EBP, 5
/* How it is accessed. STEPS: some of it may be done when a later part faults. */
        .set R, 1
        .set W, 2
        .set RW, 3
        .set STEPS, 4
        .set ALIGNED, 8
        .set IN_DS, 16 /* though EDI points there */
/* Comparisons: of flags behind some elements nothing is said, only behind the last. SDM 2, REP. */
        .set COMPARES, 32
/* What has to lie there for the instruction to end well. */
        .set RETURN, 0x100
        .set SELECTOR, 0x200
        .set POINTER, 0x300
        .set BOUNDS, 0x400
        .set FXIMAGE, 0x500
        .set CONTROLS, 0x600
/* EFLAGS bits that it leaves undefined. */
        .set AF, 0x10
        .set MUL, 0xd4
        .set BITS, 0x894
        .set SHIFT, 0x811
        .set ALL, 0x8d5
/* CPUID bit: EDX's, or 128 and ECX's. */
        .set MMX, 23
        .set SSE, 25
        .set SSE2, 26
        .set SSE3, 128
        .set SSSE3, 137
        .set SSE41, 147
        .set SSE42, 148
        .set POPCNT, 151

        .macro row size, at, access, undefined, feature, text
        .text
701:    \text
702:    int3
        .section .rodata.rows, "a"
        .long 701b, 702b, \size, \at, \access, \undefined, \feature, 703f
        .section .rodata.names, "a"
703:    .asciz "\text"
        .endm

        .section .rodata.rows, "a"
        .balign 4
        .globl fault_rows
fault_rows:

        row 1, AT_EBX, R, 0, 0, "mov al, [ebx]"
        row 2, AT_EBX, R, 0, 0, "mov ax, [ebx]"
        row 4, AT_EBX, R, 0, 0, "mov eax, [ebx]"
        row 4, AT_EBX, R, 0, 0, "mov ebx, [ebx]"
        row 4, AT_EBX, R, 0, 0, "mov ecx, [ebx * 1 + 0]"
        row 1, AT_EBX, W, 0, 0, "mov [ebx], ah"
        row 2, AT_EBX, W, 0, 0, "mov [ebx], cx"
        row 4, AT_EBX, W, 0, 0, "mov [ebx], eax"
        row 4, AT_EBX, W, 0, 0, "mov dword ptr [ebx], 0x12345678"
        row 2, AT_EBX, W, 0, 0, "mov [ebx], ds"
        row 2, AT_EBX, R | SELECTOR, 0, 0, "mov es, [ebx]"
        row 4, AT_EBP, R, 0, 0, "mov eax, [ebp + 0]"
        row 4, AT_EBP, W, 0, 0, "mov [ebp + 0], edx"
        row 1, AT_EBX, R, 0, 0, "movzx eax, byte ptr [ebx]"
        row 2, AT_EBX, R, 0, 0, "movsx edx, word ptr [ebx]"
        row 4, AT_EBX, R, 0, 0, "add eax, [ebx]"
        row 4, AT_EBX, R, 0, 0, "adc ecx, [ebx]"
        row 4, AT_EBX, R, AF, 0, "xor eax, [ebx]"
        row 4, AT_EBX, R, 0, 0, "cmp [ebx], eax"
        row 4, AT_EBX, R, AF, 0, "test [ebx], ecx"
        row 1, AT_EBX, R, 0, 0, "cmp byte ptr [ebx], 0x55"
        row 1, AT_EBX, RW, 0, 0, "add [ebx], al"
        row 2, AT_EBX, RW, 0, 0, "sub [ebx], cx"
        row 4, AT_EBX, RW, 0, 0, "add [ebx], eax"
        row 4, AT_EBX, RW, 0, 0, "sbb [ebx], eax"
        row 4, AT_EBX, RW, AF, 0, "or dword ptr [ebx], 0x01010101"
        row 4, AT_EBX, RW, AF, 0, "lock and [ebx], eax"
        row 4, AT_EBX, RW, 0, 0, "inc dword ptr [ebx]"
        row 4, AT_EBX, RW, 0, 0, "lock dec dword ptr [ebx]"
        row 4, AT_EBX, RW, 0, 0, "not dword ptr [ebx]"
        row 2, AT_EBX, RW, 0, 0, "neg word ptr [ebx]"
        row 4, AT_EBX, RW, 0, 0, "rol dword ptr [ebx], 1"
        row 4, AT_EBX, RW, 0x800, 0, "rcr dword ptr [ebx], 5"
        row 4, AT_EBX, RW, AF, 0, "shl dword ptr [ebx], 1"
        row 4, AT_EBX, RW, SHIFT, 0, "sar dword ptr [ebx], cl"
        row 4, AT_EBX, RW, SHIFT, 0, "shld [ebx], eax, 9"
        row 4, AT_EBX, RW, SHIFT, 0, "shrd [ebx], edx, cl"
        row 4, AT_EBX, R, BITS, 0, "bt dword ptr [ebx], 7"
        row 4, AT_EBX, RW, BITS, 0, "bts dword ptr [ebx], 9"
        row 4, AT_EBX, RW, BITS, 0, "lock btc dword ptr [ebx], 30"
        row 4, AT_EBX, RW, BITS, 0, "and eax, 31; btr [ebx], eax"
        row 4, AT_EBX, RW, BITS, 0, "lea ebx, [ebx + 0x100]; mov eax, -0x800; bts [ebx], eax"
        row 4, AT_EBX, R, ALL & ~0x40, 0, "bsf eax, [ebx]"
        row 4, AT_EBX, R, ALL & ~0x40, 0, "bsr ecx, [ebx]"
        row 4, AT_EBX, R, 0, POPCNT, "popcnt ecx, [ebx]"
        row 4, AT_EBX, R, 0, SSE42, "crc32 ecx, dword ptr [ebx]"
        row 4, AT_EBX, RW, 0, 0, "xchg [ebx], eax"
        row 2, AT_EBX, RW, 0, 0, "xchg [ebx], dx"
        row 4, AT_EBX, RW, 0, 0, "xadd [ebx], eax"
        row 4, AT_EBX, RW, 0, 0, "cmpxchg [ebx], ecx"
        row 1, AT_EBX, RW, 0, 0, "lock cmpxchg [ebx], cl"
        row 8, AT_EDI, RW | IN_DS, 0, 0, "cmpxchg8b [edi]"
        row 8, AT_EDI, RW | IN_DS, 0, 0, "lock cmpxchg8b [edi]"
        row 4, AT_EBX, R, MUL, 0, "mul dword ptr [ebx]"
        row 4, AT_EBX, R, MUL, 0, "imul dword ptr [ebx]"
        row 4, AT_EBX, R, MUL, 0, "imul eax, [ebx], 77"
        row 1, AT_EBX, R, MUL, 0, "mul byte ptr [ebx]"
        row 4, AT_EBX, R, ALL, 0, "xor edx, edx; div dword ptr [ebx]"
        row 2, AT_EBX, R, ALL, 0, "xor edx, edx; idiv word ptr [ebx]"
        row 1, AT_EBX, W, 0, 0, "setc [ebx]"
        row 4, AT_EBX, R, 0, 0, "cmovz eax, [ebx]"
        row 4, AT_EBX, R, 0, 0, "cmovnz eax, [ebx]"
        row 1, AT_EBX, R, 0, 0, "mov al, 0; xlatb"
        row 8, AT_EBX, R | BOUNDS, 0, 0, "bound eax, [ebx]"
        row 6, AT_EBX, R | POINTER, 0, 0, "les ecx, [ebx]"
        row 6, AT_EBX, R | POINTER, 0, 0, "lfs ecx, [ebx]"
        row 6, AT_EBX, R | STEPS, 0, 0, "sidt [esp - 16]; mov ecx, [ebx]; mov cx, [ebx + 4]"
        row 6, AT_EBX, W | STEPS, 0, 0, "sgdt [ebx]"
        row 2, AT_EBX, W, 0, 0, "smsw [ebx]"
        row 2, AT_EBX, W, 0, 0, "str [ebx]"
        row 2, AT_EBX, R, 0, 0, "verr word ptr [ebx]"
        row 4, AT_EBX, R | RETURN, 0, 0, "jmp dword ptr [ebx]"
        row 4, AT_EBX, R | RETURN, 0, 0, "call dword ptr [ebx]"
        row 6, AT_EBX, R | RETURN, 0, 0, "jmp fword ptr [ebx]"
        row 4, AT_EBX, R, 0, 0, "push dword ptr [ebx]"
        row 4, AT_EBX, W, 0, 0, "pop dword ptr [ebx]"
        row 2, AT_EBX, W, 0, 0, "pop word ptr [ebx]"

        row 4, PUSHES, W, 0, 0, "push eax"
        row 4, PUSHES, W, 0, 0, "push esp"
        row 2, PUSHES, W, 0, 0, "push cx"
        row 4, PUSHES, W, 0, 0, "push 0x12345678"
        row 4, PUSHES, W, 0, 0, "push -2"
        row 2, PUSHES, W, 0, 0, "pushw ds"
        row 4, PUSHES, W, AF, 0, "pushfd"
        row 4, PUSHES, W, 0, 0, "push dword ptr [esi]"
        row 4, PUSHES, W, 0, 0, "call 704f; 704: nop"
        row 32, PUSHES, W | STEPS, 0, 0, "pushad"
        row 16, PUSHES, W | STEPS, 0, 0, "pushaw"
        row 4, PUSHES, W | STEPS, 0, 0, "enter 16, 0"
        row 4, AT_ESP, R, 0, 0, "pop eax"
        row 4, AT_ESP, R, 0, 0, "pop esp"
        row 2, AT_ESP, R, 0, 0, "pop cx"
        row 4, AT_ESP, R | SELECTOR, 0, 0, "pop fs"
        row 4, AT_ESP, R, 0, 0, "pop dword ptr [esi]"
        row 4, AT_ESP, R, 0, 0, "mov eax, [esp]"
        row 4, AT_ESP, RW, 0, 0, "add [esp], eax"
        row 32, AT_ESP, R | STEPS, 0, 0, "popad"
        row 16, AT_ESP, R | STEPS, 0, 0, "popaw"
        row 4, AT_ESP, R | RETURN, 0, 0, "ret"
        row 4, AT_ESP, R | RETURN, 0, 0, "ret 12"
        row 8, AT_ESP, R | RETURN, 0, 0, "retf"
        row 12, AT_ESP, R | RETURN, 0, 0, "iretd"
        row 4, AT_EBP, R, 0, 0, "leave"

        row 1, AT_ESI, R, 0, 0, "lodsb"
        row 4, AT_ESI, R, 0, 0, "lodsd"
        row 4, AT_ESI, R, 0, 0, "movsd"
        row 2, AT_EDI, W, 0, 0, "movsw"
        row 4, AT_EDI, W, 0, 0, "movsd"
        row 1, AT_EDI, W, 0, 0, "stosb"
        row 4, AT_EDI, W, 0, 0, "stosd"
        row 4, AT_EDI, R, 0, 0, "scasd"
        row 4, AT_ESI, R, 0, 0, "cmpsd"
        row 4, AT_EDI, R, 0, 0, "cmpsd"
        row 40, AT_ESI, R | STEPS, 0, 0, "mov ecx, 40; rep movsb"
        row 40, AT_EDI, W | STEPS, 0, 0, "mov ecx, 40; rep movsb"
        row 40, AT_EDI, W | STEPS, 0, 0, "mov ecx, 10; rep movsd"
        row 40, AT_ESI, R | STEPS, 0, 0, "mov ecx, 10; rep movsd"
        row 40, AT_EDI, W | STEPS, 0, 0, "mov ecx, 20; rep stosw"
        row 40, AT_EDI, W | STEPS, 0, 0, "mov ecx, 10; rep stosd"
        row 40, AT_EDI, W | STEPS, 0, 0, "mov ecx, 10; add edi, 36; std; rep stosd"
        row 40, AT_ESI, R | STEPS, 0, 0, "mov ecx, 10; add esi, 36; add edi, 36; std; rep movsd"
        row 40, AT_EDI, R | STEPS | COMPARES, 0, 0, "mov ecx, 10; mov eax, 1; repne scasd"
        row 40, AT_ESI, R | STEPS, 0, 0, "mov ecx, 10; rep lodsd"
        row 40, AT_ESI, R | STEPS | COMPARES, 0, 0, "mov ecx, 40; repne cmpsb"
        row 40, AT_EDI, R | STEPS | COMPARES, 0, 0, "mov ecx, 40; repne cmpsb"
        row 40, AT_EDI, RW | STEPS, 0, 0, "lea esi, [edi - 1]; mov ecx, 40; rep movsb"

        row 4, AT_EBX, R, 0, 0, "fld dword ptr [ebx]"
        row 8, AT_EBX, R, 0, 0, "fld qword ptr [ebx]"
        row 10, AT_EBX, R, 0, 0, "fld tbyte ptr [ebx]"
        row 2, AT_EBX, R, 0, 0, "fild word ptr [ebx]"
        row 4, AT_EBX, R, 0, 0, "fild dword ptr [ebx]"
        row 8, AT_EBX, R, 0, 0, "fild qword ptr [ebx]"
        row 4, AT_EBX, R, 0, 0, "fadd dword ptr [ebx]"
        row 8, AT_EBX, R, 0, 0, "fmul qword ptr [ebx]"
        row 8, AT_EBX, R, 0, 0, "fdivr qword ptr [ebx]"
        row 4, AT_EBX, R, 0, 0, "fisub dword ptr [ebx]"
        row 8, AT_EBX, R, 0, 0, "fcomp qword ptr [ebx]"
        row 4, AT_EBX, W, 0, 0, "fst dword ptr [ebx]"
        row 8, AT_EBX, W, 0, 0, "fstp qword ptr [ebx]"
        row 10, AT_EBX, W, 0, 0, "fstp tbyte ptr [ebx]"
        row 2, AT_EBX, W, 0, 0, "fistp word ptr [ebx]"
        row 4, AT_EBX, W, 0, 0, "fist dword ptr [ebx]"
        row 8, AT_EBX, W, 0, 0, "fistp qword ptr [ebx]"
        row 8, AT_EBX, W, 0, SSE3, "fisttp qword ptr [ebx]"
        row 10, AT_EBX, W, 0, 0, "fbstp [ebx]"
        row 2, AT_EBX, W, 0, 0, "fnstcw [ebx]"
        row 2, AT_EBX, W, 0, 0, "fnstsw [ebx]"
        row 2, AT_EBX, R | CONTROLS, 0, 0, "fldcw [ebx]"
        row 28, AT_EBX, R | FXIMAGE | STEPS, 0, 0, "fldenv [ebx]"

        row 4, AT_EBX, R, 0, MMX, "movd mm1, [ebx]"
        row 8, AT_EBX, R, 0, MMX, "movq mm2, [ebx]"
        row 8, AT_EBX, R, 0, MMX, "paddb mm3, [ebx]"
        row 4, AT_EBX, R, 0, MMX, "punpcklbw mm3, [ebx]"
        row 4, AT_EBX, W, 0, MMX, "movd [ebx], mm1"
        row 8, AT_EBX, W, 0, MMX, "movq [ebx], mm2"
        row 8, AT_EBX, W, 0, SSE, "movntq [ebx], mm2"
        row 8, AT_EDI, W | STEPS | IN_DS, 0, SSE, "pcmpeqb mm0, mm0; maskmovq mm1, mm0"
        row 2, AT_EBX, R, 0, SSE, "pinsrw mm1, [ebx], 2"

        row 4, AT_EBX, R, 0, SSE, "movss xmm1, [ebx]"
        row 4, AT_EBX, W, 0, SSE, "movss [ebx], xmm1"
        row 4, AT_EBX, R, 0, SSE, "addss xmm1, [ebx]"
        row 4, AT_EBX, R, 0, SSE, "ucomiss xmm1, [ebx]"
        row 4, AT_EBX, R, 0, SSE, "cvtsi2ss xmm1, dword ptr [ebx]"
        row 4, AT_EBX, R, 0, SSE, "cvttss2si eax, dword ptr [ebx]"
        row 8, AT_EBX, R, 0, SSE, "movlps xmm1, [ebx]"
        row 8, AT_EBX, W, 0, SSE, "movhps [ebx], xmm1"
        row 8, AT_EBX, R, 0, SSE, "cvtpi2ps xmm1, [ebx]"
        row 16, AT_EBX, R, 0, SSE, "movups xmm2, [ebx]"
        row 16, AT_EBX, W, 0, SSE, "movups [ebx], xmm2"
        row 16, AT_EBX, R | ALIGNED, 0, SSE, "movaps xmm2, [ebx]"
        row 16, AT_EBX, W | ALIGNED, 0, SSE, "movaps [ebx], xmm2"
        row 16, AT_EBX, W | ALIGNED, 0, SSE, "movntps [ebx], xmm2"
        row 16, AT_EBX, R | ALIGNED, 0, SSE, "mulps xmm2, [ebx]"
        row 16, AT_EBX, R | ALIGNED, 0, SSE, "shufps xmm2, [ebx], 0x1b"
        row 4, AT_EBX, W, 0, SSE, "stmxcsr [ebx]"
        row 4, AT_EBX, R | CONTROLS, 0, SSE, "ldmxcsr [ebx]"
        row 512, AT_EBX, W | STEPS | ALIGNED, 0, SSE, "fxsave [ebx]"
        row 512, AT_EBX, R | STEPS | ALIGNED | FXIMAGE, 0, SSE, "fxrstor [ebx]"
        row 8, AT_EBX, R, 0, SSE2, "movsd xmm1, qword ptr [ebx]"
        row 8, AT_EBX, W, 0, SSE2, "movsd qword ptr [ebx], xmm1"
        row 8, AT_EBX, R, 0, SSE2, "divsd xmm1, qword ptr [ebx]"
        row 8, AT_EBX, R, 0, SSE2, "cvtps2pd xmm1, qword ptr [ebx]"
        row 8, AT_EBX, R, 0, SSE2, "movq xmm3, qword ptr [ebx]"
        row 8, AT_EBX, W, 0, SSE2, "movq qword ptr [ebx], xmm3"
        row 16, AT_EBX, R, 0, SSE2, "movdqu xmm3, [ebx]"
        row 16, AT_EBX, W, 0, SSE2, "movdqu [ebx], xmm3"
        row 16, AT_EBX, R | ALIGNED, 0, SSE2, "movdqa xmm3, [ebx]"
        row 16, AT_EBX, W | ALIGNED, 0, SSE2, "movntdq [ebx], xmm3"
        row 16, AT_EBX, R | ALIGNED, 0, SSE2, "paddq xmm3, [ebx]"
        row 16, AT_EBX, R | ALIGNED, 0, SSE2, "pshufd xmm3, [ebx], 0x4e"
        row 16, AT_EDI, W | STEPS | IN_DS, 0, SSE2, "pcmpeqb xmm0, xmm0; maskmovdqu xmm1, xmm0"
        row 4, AT_EBX, W, 0, SSE2, "movnti [ebx], eax"
        row 16, AT_EBX, R, 0, SSE3, "lddqu xmm4, [ebx]"
        row 8, AT_EBX, R, 0, SSE3, "movddup xmm4, qword ptr [ebx]"
        row 8, AT_EBX, R, 0, SSSE3, "pshufb mm4, [ebx]"
        row 16, AT_EBX, R | ALIGNED, 0, SSSE3, "pshufb xmm4, [ebx]"
        row 4, AT_EBX, W, 0, SSE41, "pextrd [ebx], xmm4, 2"
        row 1, AT_EBX, W, 0, SSE41, "pextrb [ebx], xmm4, 2"
        row 4, AT_EBX, R, 0, SSE41, "insertps xmm4, dword ptr [ebx], 0x10"
        row 8, AT_EBX, R, 0, SSE41, "pmovzxbw xmm4, qword ptr [ebx]"
        row 2, AT_EBX, R, 0, SSE41, "pmovsxbq xmm4, word ptr [ebx]"
        row 16, AT_EBX, R | ALIGNED, 0, SSE41, "ptest xmm4, [ebx]"
        row 16, AT_EBX, R, 0, SSE42, "pcmpistri xmm4, [ebx], 0x0c"

        .section .rodata.rows, "a"
        .globl fault_rows_end
fault_rows_end:
        .section .note.GNU-stack, "", @progbits
