// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The parts of core.c as programs of their own.
#include "core.h"
#include "user_programs.h"

#define REPEAT(count, work)                                                                        \
    uint32_t seed = 12345;                                                                         \
    uint16_t crc = 0;                                                                              \
    for (unsigned n = 0; n < (count); n++)                                                         \
        crc = crc16(crc, work(&seed));                                                             \
    return crc

uint32_t list_unit(void)
{
    REPEAT(60, list_work);
}

uint32_t matrix_unit(void)
{
    REPEAT(120, matrix_work);
}

uint32_t state_unit(void)
{
    REPEAT(120, state_work);
}

uint32_t crc_unit(void)
{
    uint16_t crc = 0;
    for (uint32_t n = 0; n < 40000; n++)
        crc = crc16(crc, n * 0x9e3779b1u);
    return crc;
}
