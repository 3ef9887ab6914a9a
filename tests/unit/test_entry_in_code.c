// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A page-table entry that is an immediate of the code it maps: the walk that sets its accessed bit
// changes the block that is about to be entered.
#include "guest_thread.h"

enum {
    CODE = 0x5000,
    DIRECTORY = 0x101000,
    OTHER_TABLE = 0x102000,
    IDENTITY = 0x103000,
    PAGE = 0x107000, /* code, and the page table of 400000H */
    OTHER = 0x108000,
    ENTRY_P = 1,
    ENTRY_W = 2,
    ENTRY_A = 0x20,
};

/* The two places have the same entry in the TLB; nothing is flushed after A was cleared. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "entry_program:\n"
    "  mov cr3, esi\n"
    "  mov eax, cr0\n"
    "  or eax, 0x80000000\n"
    "  mov cr0, eax\n"
    "  mov edx, 0x401003\n"
    "  call edx\n"
    "  and dword ptr [0x107004], 0xffffffdf\n"
    "  .rept 12\n"
    "  mov edx, 0x401003\n"
    "  call edx\n"
    "  mov edx, 0x801000\n"
    "  call edx\n"
    "  .endr\n"
    "1: hlt\n"
    "  jmp 1b\n"
    "entry_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t entry_program[], entry_program_end[];

static void run(unsigned threshold)
{
    struct cpu_machine *m = machine_create("max");
    struct translator_options options = translator_defaults;
    options.threshold = threshold;
    machine_attach(m, ENGINE_SOFT, &options);
    machine_protect(m);
    for (uint32_t page = 0; page < MIB(2); page += PAGE_SIZE)
        poke32(m, IDENTITY + page / PAGE_SIZE * 4, page | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY, IDENTITY | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY + 4, PAGE | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY + 8, OTHER_TABLE | ENTRY_P | ENTRY_W);
    poke32(m, PAGE, 0xb8u << 24); /* mov eax, */
    poke32(m, PAGE + 4, PAGE | ENTRY_P | ENTRY_W);
    poke32(m, PAGE + 8, 0xc3); /* ret */
    poke32(m, OTHER_TABLE + 4, OTHER | ENTRY_P | ENTRY_W);
    *machine_at(m, OTHER) = 0xc3;
    memcpy(machine_at(m, CODE), entry_program, (size_t)(entry_program_end - entry_program));
    m->cpu->eip = CODE;
    m->cpu->gpr[RSI] = DIRECTORY;
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RAX] & ~ENTRY_A, PAGE | ENTRY_P | ENTRY_W);
    machine_destroy(m);
}

TEST(an_accessed_bit_in_the_block_that_is_entered)
{
    for (unsigned threshold = 1; threshold < 12; threshold++)
        run(threshold);
}
