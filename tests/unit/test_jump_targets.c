// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// INVLPG makes computed calls forget their targets wherever in the page they are, and those that reach into it.
#include "guest_thread.h"

enum {
    CODE = 0x5000,
    OFFSETS = 0x7800,
    NEXT = 0x7010, /* the entry that a page gets in the middle */
    DIRECTORY = 0x101000,
    TABLE = 0x102000,
    IDENTITY = 0x103000,
    PAGES = 0x107000, /* two that LINEAR has first, two that come in their places */
    LINEAR = 0x400000,
    ENTRY_P = 1,
    ENTRY_W = 2,
};

/* 20 turns of calls to LINEAR + each offset, a list that ends with -1; EBP is the address of INVLPG, EDI its entry. */
asm(".pushsection .rodata\n"
    ".code32\n"
    ".intel_syntax noprefix\n"
    "targets_program:\n"
    "  mov cr3, esi\n"
    "  mov eax, cr0\n"
    "  or eax, 0x80000000\n"
    "  mov cr0, eax\n"
    "  mov ecx, 20\n"
    "1: cmp ecx, 10\n"
    "  jne 2f\n"
    "  mov eax, [0x7010]\n"
    "  mov [edi], eax\n"
    "  invlpg [ebp]\n"
    "2: mov esi, 0x7800\n"
    "3: mov eax, [esi]\n"
    "  add esi, 4\n"
    "  cmp eax, -1\n"
    "  je 4f\n"
    "  call eax\n"
    "  jmp 3b\n"
    "4: dec ecx\n"
    "  jnz 1b\n"
    "5: hlt\n"
    "  jmp 5b\n"
    "targets_program_end:\n"
    ".att_syntax\n"
    ".code64\n"
    ".popsection\n");
extern const uint8_t targets_program[], targets_program_end[];

static const uint8_t count_in_ebx[] = { 0x83, 0xc3, 1, 0xc3 };
static const uint8_t count_in_edx[] = { 0x83, 0xc2, 1, 0xc3 };

/* LINEAR and the page behind it; the one numbered `page` changes its place. */
static struct cpu_machine *mapped_machine(unsigned page)
{
    struct cpu_machine *m = machine_create("max");
    machine_protect(m);
    for (uint32_t at = 0; at < MIB(2); at += PAGE_SIZE)
        poke32(m, IDENTITY + at / PAGE_SIZE * 4, at | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY, IDENTITY | ENTRY_P | ENTRY_W);
    poke32(m, DIRECTORY + 4, TABLE | ENTRY_P | ENTRY_W);
    for (uint32_t n = 0; n < 2; n++)
        poke32(m, TABLE + 4 * n, (PAGES + n * PAGE_SIZE) | ENTRY_P | ENTRY_W);
    poke32(m, NEXT, (PAGES + (2 + page) * PAGE_SIZE) | ENTRY_P | ENTRY_W);
    memcpy(machine_at(m, CODE), targets_program, (size_t)(targets_program_end - targets_program));
    m->cpu->gpr[RSI] = DIRECTORY;
    m->cpu->gpr[RDI] = TABLE + 4 * page;
    m->cpu->gpr[RBP] = LINEAR + page * PAGE_SIZE + 0xabc;
    m->cpu->gpr[RBX] = m->cpu->gpr[RDX] = 0;
    return m;
}

static void set_targets(struct cpu_machine *m, const uint32_t *offsets, unsigned count)
{
    for (unsigned n = 0; n < count; n++) {
        poke32(m, OFFSETS + 4 * n, LINEAR + offsets[n]);
        memcpy(machine_at(m, PAGES + offsets[n]), count_in_ebx, sizeof count_in_ebx);
        memcpy(machine_at(m, PAGES + 2 * PAGE_SIZE + offsets[n]), count_in_edx,
               sizeof count_in_edx);
    }
    poke32(m, OFFSETS + 4 * count, UINT32_MAX);
}

TEST(invlpg_forgets_targets_all_over_the_page)
{
    static const uint32_t offsets[] = { 0, 4, 27, 31, 35, 39, 60, 64, 0x7fc, 0x9f3, 0xff7, 0xffc };
    struct cpu_machine *m = mapped_machine(0);
    set_targets(m, offsets, ARRAY_SIZE(offsets));
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RBX], 10 * ARRAY_SIZE(offsets));
    CHECK_EQ(m->cpu->gpr[RDX], 10 * ARRAY_SIZE(offsets));
    machine_destroy(m);
}

/* What lies in the flushed page is the number that the function adds. */
TEST(invlpg_forgets_targets_that_reach_into_the_page)
{
    static const uint32_t offsets[] = { 0xffe };
    struct cpu_machine *m = mapped_machine(1);
    set_targets(m, offsets, 1);
    machine_at(m, PAGES + 3 * PAGE_SIZE)[0] = 7;
    guest_run_once(m);
    CHECK_EQ(m->cpu->gpr[RBX], 10 * 1 + 10 * 7);
    machine_destroy(m);
}
