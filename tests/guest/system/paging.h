// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Page tables of the system kernel's tests.
#ifndef TESTS_GUEST_SYSTEM_PAGING_H
#define TESTS_GUEST_SYSTEM_PAGING_H

#include "harness/harness.h"

enum { P = 1, W = 2, U = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100 };

#define TEST_PAGE 0x700000u /* linear; its frame is 600000h */
#define FRAME     0x600000u

extern uint32_t directory[1024], table[2][1024];
extern uint64_t pointers[4], pae_directory[512], pae_table[512];
extern uint32_t test_address, test_value;

void page_read(void);
void page_write(void);
void page_modify(void);
void page_call(void);
void user_read(void);
void user_write(void);
void user_call(void);

/* 8 MiB as they are by 4 KiB pages, paging on; TEST_PAGE is map()'s. */
void paging_start(void);
void map(uint32_t bits);
uint32_t entry(void);
/* The first 8 MiB by 2 MiB pages, 800000h-9FFFFFh by pae_table to 600000h on. */
void pae_start(void);
#define PAE_PAGE 0x800000u
/* Bits of a physical address: CPUID leaf 80000008H, or what PSE-36 and PAE imply. */
unsigned physical_bits(void);

/* The access raises this, or returns (-1), or comes back from level 3 (BACK). */
void expect(int (*try)(void (*)(void)), void (*code)(void), uint32_t address, int vector,
            uint32_t error);
int as_user(void (*code)(void));

#endif
