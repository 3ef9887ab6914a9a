// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Code that changes: in its own page, across pages, by another address, ahead of what runs.
#include "paging.h"

/* MOV EAX,imm32; RET at these places. */
static void put_code(uint32_t at, uint32_t value)
{
    store8(at, 0xb8);
    for (unsigned n = 0; n < 4; n++)
        store8(at + 1 + n, (uint8_t)(value >> (8 * n)));
    store8(at + 5, 0xc3);
}

static uint32_t result;
static uint32_t smc_at;

static void call_code(void)
{
    result = ((uint32_t(*)(void))smc_at)();
}

static uint32_t run(uint32_t at)
{
    smc_at = at;
    result = 0;
    EQUAL(try_call(call_code), -1);
    return result;
}

#define PAGE 0x920000u

TEST(smc_stores_are_seen, "SDM 3A 8.1.3, 11.6")
{
    for (unsigned n = 0; n < 200; n++) {
        put_code(PAGE, n);
        EQUAL(run(PAGE), n);
    }
    for (unsigned n = 0; n < 64; n++) { /* one byte of the immediate at a time */
        store8(PAGE + 1 + n % 4, (uint8_t)n);
        EQUAL(run(PAGE) >> 8 * (n % 4) & 0xff, n);
    }
}

/* The instruction lies in two pages, of which one changes. */
TEST(smc_across_pages, "SDM 3A 8.1.3, 11.6")
{
    for (unsigned at = PAGE - 5; at < PAGE; at++) {
        put_code(at, 0x11223344);
        EQUAL(run(at), 0x11223344);
        store8(at + 4, 0x55);
        EQUAL(run(at), 0x55223344);
        store8(at + 1, 0x66);
        EQUAL(run(at), 0x55223366);
        uint32_t v = 0x8899aabb; /* one store into both pages */
        __asm__ volatile("movl %0, (%1)" : : "r"(v), "r"(at + 1) : "memory");
        EQUAL(run(at), v);
    }
}

/* What follows changes while it is on its way: seen at once, jump or no jump. */
CODE(change_ahead, "mov byte ptr ahead_1 + 1, 0x11; ahead_1: mov al, 0; mov byte ptr ahead_2 + 1, "
                   "0x22; nop; nop; nop; ahead_2: mov ah, 0; mov byte ptr ahead_3 + 1, 0x33; jmp "
                   "ahead_3; ahead_3: mov bl, 0; mov byte ptr ahead_1 + 1, 0; mov byte ptr ahead_2 "
                   "+ 1, 0; mov byte ptr ahead_3 + 1, 0; movzx ebx, bl; shl ebx, 16; movzx eax, ax;"
                   "or eax, ebx; mov change_seen, eax");
uint32_t change_seen;

TEST(smc_ahead, "SDM 3A 8.1.3, 11.6")
{
    for (unsigned n = 0; n < 50; n++) {
        EQUAL(try_call(change_ahead), -1);
        EQUAL(change_seen, 0x332211);
    }
}

/* A loop that counts its own immediate up. */
CODE(count_itself, "mov ecx, 100; xor eax, eax; count_again: count_add: add eax, 0; inc byte ptr "
                   "count_add + 2; dec ecx; jnz count_again; mov byte ptr count_add + 2, 0; mov "
                   "change_seen, eax");

TEST(smc_in_a_loop, "SDM 3A 8.1.3, 11.6")
{
    for (unsigned n = 0; n < 20; n++) {
        EQUAL(try_call(count_itself), -1);
        EQUAL(change_seen, 99 * 100 / 2);
    }
}

/* A string instruction that writes over what comes behind it. */
CODE(string_ahead, "mov edi, offset string_target + 1; mov al, 0x77; mov ecx, 4; cld; rep stosb;"
                   "string_target: mov eax, 0; mov change_seen, eax; mov dword ptr string_target + "
                   "1, 0");

TEST(smc_by_string, "SDM 3A 8.1.3, 11.6")
{
    for (unsigned n = 0; n < 20; n++) {
        EQUAL(try_call(string_ahead), -1);
        EQUAL(change_seen, 0x77777777);
    }
}

/* Through another linear address, and a serializing instruction behind it. */
TEST(smc_by_alias, "SDM 3A 11.6")
{
    paging_start();
    for (unsigned n = 0; n < 50; n++) {
        map(P | W);
        put_code(FRAME + 0x80, n);
        __asm__ volatile("cpuid" : : "a"(0) : "ebx", "ecx", "edx", "memory");
        EQUAL(run(TEST_PAGE + 0x80), n);
        put_code(TEST_PAGE + 0x80, n + 0x100);
        __asm__ volatile("cpuid" : : "a"(0) : "ebx", "ecx", "edx", "memory");
        EQUAL(run(FRAME + 0x80), n + 0x100);
    }
}

/* The page tables change what lies at an address. */
TEST(smc_by_page_tables, "SDM 3A 4.10.4.1, 11.6")
{
    paging_start();
    put_code(FRAME, 1);
    put_code(0x500000, 2);
    for (unsigned n = 0; n < 50; n++) {
        table[1][TEST_PAGE >> 12 & 1023] = (n & 1 ? 0x500000u : FRAME) | P | W;
        invlpg(TEST_PAGE);
        EQUAL(run(TEST_PAGE), 1 + (n & 1));
    }
}
