// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One page at two linear addresses, one behind the other: an instruction that begins at its end goes
// on at its begin.
#include "guest_thread.h"

enum {
    CODE = 0x5000,
    DIRECTORY = 0x101000,
    TABLE = 0x102000,
    IDENTITY = 0x103000,
    PAGE = 0x107000,
    ENTRY_P = 1,
    ENTRY_W = 2,
};

/* 20 turns, stores into the page's begin and beside its code, a turn with what was stored. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "twice_program:\n"
    "  mov cr3, esi\n"
    "  mov eax, cr0\n"
    "  or eax, 0x80000000\n"
    "  mov cr0, eax\n"
    "  xor eax, eax\n"
    "  xor ebx, ebx\n"
    "  mov ecx, 20\n"
    "1: mov edx, 0x400ffe\n"
    "  call edx\n"
    "  mov edx, 0x400100\n"
    "  call edx\n"
    "  dec ecx\n"
    "  jnz 1b\n"
    "  mov byte ptr [0x107900], 0x90\n"
    "  mov byte ptr [0x107000], 1\n"
    "  mov edx, 0x400ffe\n"
    "  call edx\n"
    "  mov byte ptr [0x107100], 0x90\n"
    "  mov edx, 0x400100\n"
    "  call edx\n"
    "2: hlt\n"
    "  jmp 2b\n"
    "twice_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t twice_program[], twice_program_end[];

TEST(an_instruction_goes_on_where_its_page_begins)
{
    /* add eax, 1: two bytes at the end, three at the begin, and RET; inc ebx, RET. */
    static const uint8_t end[] = { 0x05, 1 }, begin[] = { 0, 0, 0, 0xc3 }, other[] = { 0x43, 0xc3 };
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    for (uint32_t page = 0; page < MIB(2); page += PAGE_SIZE)
        poke32(m, IDENTITY + page / PAGE_SIZE * 4, page | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY, IDENTITY | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY + 4, TABLE | ENTRY_P | ENTRY_W);
    poke32(m, TABLE, PAGE | ENTRY_P | ENTRY_W);
    poke32(m, TABLE + 4, PAGE | ENTRY_P | ENTRY_W);
    memcpy(machine_at(m, PAGE + 0xffe), end, sizeof end);
    memcpy(machine_at(m, PAGE), begin, sizeof begin);
    memcpy(machine_at(m, PAGE + 0x100), other, sizeof other);
    memcpy(machine_at(m, CODE), twice_program, (size_t)(twice_program_end - twice_program));
    m->cpu->eip = CODE;
    m->cpu->gpr[RSI] = DIRECTORY;
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RAX], 20 + 0x101);
    CHECK_EQ(m->cpu->gpr[RBX], 20);
    machine_destroy(m);
}
