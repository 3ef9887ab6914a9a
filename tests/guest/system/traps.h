// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Counting debug exceptions while code goes on.
#ifndef TESTS_GUEST_SYSTEM_TRAPS_H
#define TESTS_GUEST_SYSTEM_TRAPS_H

#include <stdint.h>

enum { TRAPS_KEPT = 48 };
extern uint32_t trap_eip[TRAPS_KEPT], trap_dr6[TRAPS_KEPT], trap_ecx[TRAPS_KEPT];
extern unsigned traps;

/* Run code to its end: each #DB is noted, DR6 cleared, RF set for the way back. */
void run_traps(void (*code)(void));
/* The same of code that an exception or INT 30h ends; its vector. */
int run_traps_until(void (*code)(void));

/* Condition and length of breakpoint n, local and enabled. */
#define BREAK(n, condition, length)                                                                \
    (1u << (2 * (n)) | (uint32_t)(condition) << (16 + 4 * (n)) |                                   \
     (uint32_t)((length)-1) << (18 + 4 * (n)) | 0x400)
enum { EXECUTE, WRITE, PORT, ACCESS };

#endif
