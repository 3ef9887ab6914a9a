// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The integer work of core.c as a bare program, ROUNDS times. Also built natively.
#include "core.h"
#include "report.h"

#ifndef ROUNDS
#define ROUNDS 100
#endif

void program(void)
{
    report_begin("integer");
    uint32_t seed = 12345;
    uint16_t crc = 0;
    for (unsigned n = 0; n < ROUNDS; n++) {
        crc = crc16(crc, list_work(&seed));
        crc = crc16(crc, matrix_work(&seed));
        crc = crc16(crc, state_work(&seed));
    }
    report(crc);
}
