// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Self-modifying code: the cases, and the pages they use.
#ifndef TESTS_GUEST_TORTURE_SMC_H
#define TESTS_GUEST_TORTURE_SMC_H

#include "torture.h"

/* Often enough that whatever counts how often code runs has translated it. */
enum { HOT = 300 };

/* Page n of the tests' 4 MiB; before each case it shows FRAME(n), which is also seen by itself. */
#define PAGE(n) (TEST_LINEAR + (uint32_t)(n)*4096)
enum { PAGES = 64 };

#define RWX (PTE_P | PTE_W | PTE_U)

/* MOV EAX, imm32; RET: the immediate lies at 1. */
CODE_DECLARE(return_number);
/* A copy of return_number with this number. */
void place_number(uint32_t to, uint32_t number);
/* What hot or cold code at an address returns. */
uint32_t call0(uint32_t code);
/* Run it until it is hot; the sum of what it returned. */
uint32_t run_hot(uint32_t code, unsigned times);
/* Code at level 3 until it does INT3; EAX then. The stack is page 60. */
uint32_t run_user(uint32_t code, uint32_t eax);
/* What the last run_user() ended with. */
extern struct state user;

/* clang-format off */
#define CASES(C)                                                                                   \
    C(smc_places) C(smc_immediates) C(smc_opcodes) C(smc_writers)                                  \
    C(smc_mixed) C(smc_strings) C(smc_aliases) C(smc_remap)                                        \
    C(smc_spaces) C(smc_large) C(smc_protection) C(smc_no_execute)                                 \
    C(smc_borders) C(smc_segments) C(smc_privilege) C(smc_a20)                                     \
    C(smc_returns) C(smc_handlers) C(smc_tables) C(smc_dma)                                        \
    C(smc_computed)
/* clang-format on */
#define DECLARE(c) void c(void);
CASES(DECLARE)

#endif
