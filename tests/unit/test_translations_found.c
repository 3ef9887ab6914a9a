// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Two address spaces have different code at one linear address and take turns: each time what is
// there has to be found anew, and never what was there before.
#include "guest_thread.h"

enum {
    CODE = 0x5000,
    CHANGE = 0x7010, /* in the middle: the first function's operand becomes this */
    KEEP = 0x7014,   /* its page's entry keeps these bits */
    FAULTS = 0x7020, /* how many; of the last: CR2, error, EIP, EFLAGS */
    IDENTITY = 0x100000,
    FIRST = 0x101000, /* directories, tables, and pages of the two spaces */
    SECOND = 0x102000,
    FIRST_TABLE = 0x103000,
    SECOND_TABLE = 0x104000,
    FIRST_PAGE = 0x107000,
    OTHER_PAGE = 0x106000, /* with one bit less */
    SECOND_PAGE = 0x108000,
    LINEAR = 0x400000,
    P = 1,
    W = 2,
    A = 0x20,
};

/* 200 turns, each of a computed call and a direct one; CF is set in them. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "found_program:\n"
    "  mov cr3, esi\n"
    "  mov eax, cr0\n"
    "  or eax, 0x80000000\n"
    "  mov cr0, eax\n"
    "  mov ecx, 200\n"
    "1: cmp ecx, 100\n"
    "  jne 2f\n"
    "  mov al, [0x7010]\n"
    "  mov [0x107002], al\n"
    "  mov eax, [0x7014]\n"
    "  and [0x103000], eax\n"
    "2: mov cr3, esi\n"
    "  mov eax, 0x400000\n"
    "  stc\n"
    "  call eax\n"
    "  stc\n"
    "found_direct: .byte 0xe8, 0, 0, 0, 0\n"
    "  xchg esi, edi\n"
    "  dec ecx\n"
    "  jnz 1b\n"
    "3: hlt\n"
    "  jmp 3b\n"
    "found_page_fault:\n"
    "  push eax\n"
    "  inc dword ptr [0x7020]\n"
    "  mov eax, cr2\n"
    "  mov [0x7024], eax\n"
    "  mov eax, [esp + 4]\n"
    "  mov [0x7028], eax\n"
    "  mov eax, [esp + 8]\n"
    "  mov [0x702c], eax\n"
    "  mov eax, [esp + 16]\n"
    "  mov [0x7030], eax\n"
    "  or dword ptr [0x103000], 1\n"
    "  pop eax\n"
    "  add esp, 4\n"
    "  iretd\n"
    "found_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t found_program[], found_direct[], found_page_fault[], found_program_end[];

static const uint8_t count_in_ebx[] = { 0x83, 0xc3, 1, 0xc3 };
static const uint8_t count_in_edx[] = { 0x83, 0xc2, 1, 0xc3 };

static uint32_t place(const uint8_t *label)
{
    return CODE + (uint32_t)(label - found_program);
}

static void map_space(struct cpu_machine *m, uint32_t directory, uint32_t table, uint32_t page)
{
    poke32(m, directory, IDENTITY | P | W);
    poke32(m, directory + 4, table | P | W);
    poke32(m, table, page | P | W);
}

static struct cpu_machine *two_spaces(void)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    for (uint32_t page = 0; page < MIB(2); page += PAGE_SIZE)
        poke32(m, IDENTITY + page / PAGE_SIZE * 4, page | P | W);
    map_space(m, FIRST, FIRST_TABLE, FIRST_PAGE);
    map_space(m, SECOND, SECOND_TABLE, SECOND_PAGE);
    memcpy(machine_at(m, FIRST_PAGE), count_in_ebx, sizeof count_in_ebx);
    memcpy(machine_at(m, SECOND_PAGE), count_in_edx, sizeof count_in_edx);
    memcpy(machine_at(m, CODE), found_program, (size_t)(found_program_end - found_program));
    poke32(m, place(found_direct) + 1, LINEAR - (place(found_direct) + 5));
    set_idt(m, EXC_PF, CODE0, place(found_page_fault), 0x8e);
    poke32(m, CHANGE, 1);
    poke32(m, KEEP, UINT32_MAX);
    m->cpu->gpr[RSI] = FIRST;
    m->cpu->gpr[RDI] = SECOND;
    m->cpu->gpr[RBX] = m->cpu->gpr[RDX] = 0;
    return m;
}

static void run_until_halt(struct cpu_machine *m)
{
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RCX], 0);
    CHECK_EQ(m->cpu->gpr[RSP], STACK0);
}

TEST(spaces_take_turns)
{
    struct cpu_machine *m = two_spaces();
    run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RBX], 200);
    CHECK_EQ(m->cpu->gpr[RDX], 200);
    CHECK_EQ(peek32(m, FAULTS), 0);
    if (m->cpu->engine != NULL)
        CHECK(translator_counts(m->cpu)->found > 300);
    machine_destroy(m);
}

TEST(changed_code_is_not_found_again)
{
    struct cpu_machine *m = two_spaces();
    poke32(m, CHANGE, 5);
    run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RBX], 100 + 500);
    CHECK_EQ(m->cpu->gpr[RDX], 200);
    machine_destroy(m);
}

TEST(remapped_page_is_looked_up)
{
    struct cpu_machine *m = two_spaces();
    memcpy(machine_at(m, OTHER_PAGE), count_in_edx, sizeof count_in_edx);
    poke32(m, KEEP, ~(uint32_t)(FIRST_PAGE ^ OTHER_PAGE));
    run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RBX], 100);
    CHECK_EQ(m->cpu->gpr[RDX], 300);
    machine_destroy(m);
}

TEST(fetch_faults_at_the_target)
{
    struct cpu_machine *m = two_spaces();
    poke32(m, KEEP, ~(uint32_t)P);
    run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RBX], 200);
    CHECK_EQ(m->cpu->gpr[RDX], 200);
    CHECK_EQ(peek32(m, FAULTS), 1);
    CHECK_EQ(peek32(m, FAULTS + 4), LINEAR);
    CHECK_EQ(peek32(m, FAULTS + 8), 0);
    CHECK_EQ(peek32(m, FAULTS + 12), LINEAR);
    CHECK_EQ(peek32(m, FAULTS + 16) & EFLAGS_CF, EFLAGS_CF);
    machine_destroy(m);
}

TEST(fetch_sets_accessed_again)
{
    struct cpu_machine *m = two_spaces();
    poke32(m, KEEP, ~(uint32_t)A);
    run_until_halt(m);
    CHECK_EQ(m->cpu->gpr[RBX], 200);
    CHECK_EQ(peek32(m, FIRST_TABLE) & A, A);
    machine_destroy(m);
}
