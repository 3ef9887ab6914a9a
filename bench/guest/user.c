// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The list of the user group's programs.
#include "program.h"
#include "user_programs.h"

#define MOVE(function, name, calls)                                                                \
    {                                                                                              \
#function "-" #name, moves_prepare, function##_##name##_unit, calls, 0, 0                  \
    }

const struct program programs[] = {
    { "list", 0, list_unit, 60, 0, 0 },
    { "matrix", 0, matrix_unit, 120, 0, 0 },
    { "state", 0, state_unit, 120, 0, 0 },
    { "crc", 0, crc_unit, 40000, 0, 0 },
    { "fib", 0, fib_unit, 242785, 0, 0 },
    { "indirect", 0, indirect_unit, 200000, 0, 0 },
    { "virtual", virtual_prepare, virtual_unit, 2 * 400 * 512, 0, 0 },
    { "sort", sort_prepare, sort_unit, 10000, 0, 0 },
    { "chase-l1", chase_l1_prepare, chase_cached_unit, 500000, 0, 0 },
    { "chase-l2", chase_l2_prepare, chase_cached_unit, 500000, 0, 0 },
    { "chase-memory", chase_memory_prepare, chase_memory_unit, 20000, 0, 0 },
    MOVE(memcpy, 64, 65536),
    MOVE(memset, 64, 65536),
    MOVE(strlen, 64, 65536),
    MOVE(memcpy, 1k, 4096),
    MOVE(memset, 1k, 4096),
    MOVE(strlen, 1k, 4096),
    MOVE(memcpy, 32k, 128),
    MOVE(memset, 32k, 128),
    MOVE(strlen, 32k, 128),
    MOVE(memcpy, 4m, 1),
    MOVE(memset, 4m, 1),
    MOVE(strlen, 4m, 1),
    { "matmul-sse2", matmul_sse2_prepare, matmul_sse2_unit, 2 * 128 * 128 * 128, 0, 0 },
    { "matmul-x87", matmul_x87_prepare, matmul_x87_unit, 2 * 128 * 128 * 128, 0, 0 },
    { "libm", 0, libm_unit, 20000, 0, 0 },
    { 0 },
};
