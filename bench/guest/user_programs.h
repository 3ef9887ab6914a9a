// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Units of the user group; see program.h. One prototype a program, in the order of user.c.
#ifndef BENCH_GUEST_USER_PROGRAMS_H
#define BENCH_GUEST_USER_PROGRAMS_H

#include <stdint.h>

/* core.c */
uint32_t list_unit(void);
uint32_t matrix_unit(void);
uint32_t state_unit(void);
uint32_t crc_unit(void);

/* calls.c */
uint32_t fib_unit(void);
uint32_t indirect_unit(void);
void virtual_prepare(void);
uint32_t virtual_unit(void);
void sort_prepare(void);
uint32_t sort_unit(void);

/* chase.c */
void chase_l1_prepare(void);
void chase_l2_prepare(void);
void chase_memory_prepare(void);
uint32_t chase_cached_unit(void);
uint32_t chase_memory_unit(void);

/* moves.c */
void moves_prepare(void);
#define MOVES(size)                                                                                \
    uint32_t memcpy_##size##_unit(void);                                                           \
    uint32_t memset_##size##_unit(void);                                                           \
    uint32_t strlen_##size##_unit(void);
MOVES(64)
MOVES(1k)
MOVES(32k)
MOVES(4m)
#undef MOVES

/* float.c, float_x87.c, libm.c */
void matmul_sse2_prepare(void);
uint32_t matmul_sse2_unit(void);
void matmul_x87_prepare(void);
uint32_t matmul_x87_unit(void);
uint32_t libm_unit(void);

#endif
