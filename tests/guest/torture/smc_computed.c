// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code behind computed calls and jumps: a site may remember where it went last.
#include "smc.h"

/* Each page of code has sites of its own. EAX: where they go; ECX: where that is in memory. */
CODE(call_register, "push ebx; mov ebx, eax; call ebx; pop ebx; ret");
CODE(call_memory, "call dword ptr [ecx]; ret");
CODE(jump_register, "mov edx, eax; jmp edx");
CODE(jump_memory, "jmp dword ptr [ecx]");

enum { SITES = 4, SITE_BYTES = 0x20 };

static void place_sites(uint32_t at)
{
    PLACE(at, call_register);
    PLACE(at + SITE_BYTES, call_memory);
    PLACE(at + 2 * SITE_BYTES, jump_register);
    PLACE(at + 3 * SITE_BYTES, jump_memory);
}

static bool sites_give(uint32_t at, uint32_t target, uint32_t expected)
{
    bool right = true;
    for (unsigned n = 0; n < SITES; n++)
        right &=
            EQUAL(call_code((void *)(at + n * SITE_BYTES), target, (uint32_t)&target), expected);
    return right;
}

/* The target's bytes change; a site that always goes there keeps going there. */
static void bytes_change(void)
{
    place_sites(PAGE(1));
    place_number(PAGE(2), 0);
    for (uint32_t n = 0; n < 2000; n++) {
        if (n < 1000 || n % 100 == 0)
            store32(PAGE(2) + 1, n);
        if (!sites_give(PAGE(1), PAGE(2), n < 1000 ? n : n - n % 100))
            return;
    }
}

/* Another frame lies at the target, by INVLPG or CR3, now and then or each time. */
static void mapping_changes(void)
{
    place_sites(PAGE(3));
    place_number(FRAME(4), 4);
    place_number(FRAME(5), 5);
    for (uint32_t n = 0; n < 3000; n++) {
        unsigned k = n < 1000 ? n & 1 : n / 100 & 1;
        if (n % 3)
            map(PAGE(4), FRAME(4 + k), RWX);
        else {
            *map_entry(PAGE(4)) = FRAME(4 + k) | RWX;
            set_cr3(cr3());
        }
        if (!sites_give(PAGE(3), PAGE(4), 4 + k))
            return;
    }
}

/* EAX: the entry of the page that is called, 6. The loop itself gives it the other of two frames. */
CODE(remap_and_call,
     "push esi; push edi; push ebx; mov esi, eax; xor edi, edi; mov ebx, 0x40006000;"
     "1: xor dword ptr [esi], 0x1000; invlpg [ebx]; call ebx; add edi, eax; call ebx; add edi, eax;"
     "dec ecx; jnz 1b; mov eax, edi; pop ebx; pop edi; pop esi; ret");
CODE(remap_and_call_cr3,
     "push esi; push edi; push ebx; mov esi, eax; xor edi, edi; mov ebx, 0x40006000;"
     "1: xor dword ptr [esi], 0x1000; mov eax, cr3; mov cr3, eax; call ebx; add edi, eax; call ebx;"
     "add edi, eax; dec ecx; jnz 1b; mov eax, edi; pop ebx; pop edi; pop esi; ret");

static void loop_remaps(void)
{
    place_number(FRAME(6), 3);
    place_number(FRAME(7), 1000);
    map(PAGE(6), FRAME(6), RWX);
    EQUAL(call_code(remap_and_call, (uint32_t)map_entry(PAGE(6)), 2000), 2000 * 1003);
    EQUAL(call_code(remap_and_call_cr3, (uint32_t)map_entry(PAGE(6)), 2000), 2000 * 1003);
}

/* A page with sites is shared between two address spaces, one target's page is not, another one's
 * is global. */
static uint32_t other_directory[1024] __attribute__((aligned(4096))),
    other_table[1024] __attribute__((aligned(4096)));

static void spaces(void)
{
    uint32_t a = cr3(), b = (uint32_t)other_directory;
    bool global = cpuid_edx() >> 13 & 1;
    memcpy(other_directory, page_directory, sizeof other_directory);
    memcpy(other_table, test_table, sizeof other_table);
    other_directory[TEST_LINEAR >> 22] = (uint32_t)other_table | RWX;
    other_table[8] = FRAME(9) | RWX;
    place_number(FRAME(8), 8);
    place_number(FRAME(9), 9);
    place_number(FRAME(10), 10);
    place_number(FRAME(11), 11);
    place_sites(FRAME(12));
    place_sites(FRAME(13));
    if (global)
        set_cr4(cr4() | 0x80);
    for (uint32_t n = 0; n < 3000; n++) {
        unsigned k = n < 1000 ? n & 1 : n / 100 & 1, g = n / 500 & 1;
        if (n % 500 == 0) {
            test_table[10] = other_table[10] = FRAME(10 + g) | RWX | (global ? PTE_G : 0);
            invlpg(PAGE(10));
        }
        set_cr3(k ? b : a);
        if (!sites_give(PAGE(12), PAGE(8), 8 + k) || !sites_give(PAGE(13), PAGE(10), 10 + g))
            break;
    }
    set_cr3(a);
    if (global)
        set_cr4(cr4() & ~0x80u);
}

/* One site, many targets, one of which changes now and then; and one target for long spells. */
static void many_targets(void)
{
    enum { TARGETS = 20 };
    uint32_t number[TARGETS], random = 1;
    place_sites(PAGE(14));
    for (uint32_t n = 0; n < TARGETS; n++)
        place_number(PAGE(15 + n), number[n] = n);
    for (uint32_t n = 0; n < 6000; n++) {
        random = random * 1664525 + 1013904223;
        unsigned k = n / 1000 & 1 ? n / 150 % TARGETS : random >> 16 & 15;
        if (n % 7 == 0)
            store32(PAGE(15 + k) + 1, number[k] += TARGETS);
        if (!sites_give(PAGE(14), PAGE(15 + k), number[k]))
            return;
    }
}

/* Address 0 is where a site that went nowhere yet might seem to have gone. */
static void zero(void)
{
    uint32_t before = low_table[0];
    place_number(FRAME(36), 36);
    low_table[0] = FRAME(36) | RWX;
    invlpg(0);
    place_sites(PAGE(37));
    for (unsigned n = 0; n < HOT; n++)
        sites_give(PAGE(37), 0, 36);
    low_table[0] = before;
    invlpg(0);
}

void smc_computed(void)
{
    bytes_change();
    mapping_changes();
    loop_remaps();
    spaces();
    many_targets();
    zero();
}
