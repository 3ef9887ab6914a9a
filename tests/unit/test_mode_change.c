// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A segment register is loaded in a function that was called before: what comes behind the CALL
// must see the new segment, though the code that is returned to was made for the old one.
#include "guest_thread.h"

enum {
    CODE = 0x5000,
    WRONG = 0x7000,   /* how often the other segment was read */
    POINTER = 0x7010, /* of LFS */
    VALUE = 0x7100,   /* offset in both segments */
    BASED = 0x90,     /* selector */
    BASE = 0x10000,
};

/*
 * In the first rounds FS keeps its base of 0: the return is linked to code for that. Then it gets
 * BASE in the function, and 0 again elsewhere. The first byte of the function chooses how.
 */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "mode_program:\n"
    "  mov ecx, 100\n"
    "1: mov eax, 0x10\n"
    "  mov ebx, 0x11111111\n"
    "  cmp ecx, 90\n"
    "  ja 2f\n"
    "  mov eax, 0x90\n"
    "  mov ebx, 0x22222222\n"
    "2: mov [0x7014], ax\n"
    "  call mode_function\n"
    "  mov edx, fs:[0x7100]\n"
    "  cmp edx, ebx\n"
    "  je 3f\n"
    "  inc dword ptr [0x7000]\n"
    "3: call mode_flat\n"
    "  dec ecx\n"
    "  jnz 1b\n"
    "4: hlt\n"
    "  jmp 4b\n"
    "mode_flat:\n"
    "  push 0x10\n"
    "  pop fs\n"
    "  ret\n"
    "mode_function:\n"
    "  jmp mode_by_lfs\n"
    "  mov fs, ax\n"
    "  ret\n"
    "mode_by_lfs:\n"
    "  lfs edi, [0x7010]\n"
    "  ret\n"
    "mode_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t mode_program[], mode_function[], mode_program_end[];

static void check_function(bool by_lfs)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    set_descriptor(m, GDT, BASED, BASE, 0xfffff, 0x93, 0xc);
    poke32(m, VALUE, 0x11111111);
    poke32(m, BASE + VALUE, 0x22222222);
    memcpy(machine_at(m, CODE), mode_program, (size_t)(mode_program_end - mode_program));
    if (!by_lfs)
        memset(machine_at(m, CODE + (uint32_t)(mode_function - mode_program)), 0x90, 2);
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RCX], 0);
    CHECK_EQ(peek32(m, WRONG), 0);
    CHECK_EQ(m->cpu->gpr[RSP], STACK0);
    machine_destroy(m);
}

TEST(mov_to_fs)
{
    check_function(false);
}

TEST(lfs)
{
    check_function(true);
}
