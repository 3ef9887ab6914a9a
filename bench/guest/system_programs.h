// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Units of the system group; see program.h.
#ifndef BENCH_GUEST_SYSTEM_PROGRAMS_H
#define BENCH_GUEST_SYSTEM_PROGRAMS_H

#include <stdint.h>

/* processes.c */
void fork_prepare(void);
uint32_t fork_unit(void);
uint32_t exec_unit(void);

/* switches.c */
void threads_prepare(void);
uint32_t threads_unit(void);
void threads_finish(void);
void pipes_prepare(void);
uint32_t pipes_unit(void);
void pipes_finish(void);

/* pages.c */
uint32_t fault_unit(void);
uint32_t mmap_unit(void);
void sieve_prepare(void);
uint32_t sieve_unit(void);

/* kernel_calls.c */
uint32_t syscall_unit(void);
void signal_prepare(void);
uint32_t signal_unit(void);
void files_prepare(void);
uint32_t files_unit(void);

#endif
