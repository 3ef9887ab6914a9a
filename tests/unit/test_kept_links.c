// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Calls into a global page stay linked over changes of CR3, but not over INVLPG of that page.
#include "guest_thread.h"

enum {
    CODE = 0x5000,
    NEXT = 0x7010, /* the page's entry, from the middle on */
    DIRECTORY = 0x101000,
    TABLE = 0x102000,
    IDENTITY = 0x103000,
    FIRST_PAGE = 0x107000,
    SECOND_PAGE = 0x108000,
    LINEAR = 0x400000,
    ENTRY_P = 1,
    ENTRY_W = 2,
    ENTRY_G = 0x100,
};

/* 200 turns, each of a computed call and a direct one, with CR3 loaded before each. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "kept_program:\n"
    "  mov cr3, esi\n"
    "  mov eax, cr4\n"
    "  or eax, 0x80\n"
    "  mov cr4, eax\n"
    "  mov eax, cr0\n"
    "  or eax, 0x80000000\n"
    "  mov cr0, eax\n"
    "  mov ecx, 200\n"
    "1: cmp ecx, 100\n"
    "  jne 2f\n"
    "  mov eax, [0x7010]\n"
    "  mov [0x102000], eax\n"
    "  invlpg [0x400000]\n"
    "2: mov eax, 0x400000\n"
    "  call eax\n"
    "  mov cr3, esi\n"
    "kept_direct: .byte 0xe8, 0, 0, 0, 0\n"
    "  mov cr3, esi\n"
    "  dec ecx\n"
    "  jnz 1b\n"
    "3: hlt\n"
    "  jmp 3b\n"
    "kept_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t kept_program[], kept_direct[], kept_program_end[];

static const uint8_t count_in_ebx[] = { 0x83, 0xc3, 1, 0xc3 };
static const uint8_t count_in_edx[] = { 0x83, 0xc2, 1, 0xc3 };

static struct cpu_machine *mapped_machine(uint32_t global)
{
    struct cpu_machine *m = machine_create("max");
    uint32_t direct = CODE + (uint32_t)(kept_direct - kept_program);
    machine_protect(m);
    for (uint32_t page = 0; page < MIB(2); page += PAGE_SIZE)
        poke32(m, IDENTITY + page / PAGE_SIZE * 4, page | ENTRY_P | ENTRY_W | global);
    poke32(m, DIRECTORY, IDENTITY | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY + 4, TABLE | ENTRY_P | ENTRY_W);
    poke32(m, TABLE, FIRST_PAGE | ENTRY_P | ENTRY_W | global);
    poke32(m, NEXT, SECOND_PAGE | ENTRY_P | ENTRY_W | global);
    memcpy(machine_at(m, FIRST_PAGE), count_in_ebx, sizeof count_in_ebx);
    memcpy(machine_at(m, SECOND_PAGE), count_in_edx, sizeof count_in_edx);
    memcpy(machine_at(m, CODE), kept_program, (size_t)(kept_program_end - kept_program));
    poke32(m, direct + 1, LINEAR - (direct + 5));
    m->cpu->gpr[RSI] = DIRECTORY;
    m->cpu->gpr[RBX] = m->cpu->gpr[RDX] = 0;
    return m;
}

static void check_calls(struct cpu_machine *m)
{
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RCX], 0);
    CHECK_EQ(m->cpu->gpr[RBX], 200);
    CHECK_EQ(m->cpu->gpr[RDX], 200);
}

static uint64_t found(const struct cpu_machine *m)
{
    return translator_counts(m->cpu)->found;
}

TEST(links_to_a_global_page_go_by_invlpg)
{
    struct cpu_machine *m = mapped_machine(ENTRY_G);
    check_calls(m);
    if (m->cpu->engine != NULL)
        CHECK(found(m) < 100); /* they were kept: the target was not looked for each time */
    machine_destroy(m);
}

TEST(links_to_other_pages_go_with_cr3)
{
    struct cpu_machine *m = mapped_machine(0);
    check_calls(m);
    if (m->cpu->engine != NULL)
        CHECK(found(m) > 300);
    machine_destroy(m);
}
