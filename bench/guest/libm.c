// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The mathematics library: sines, exponentials, logarithms, powers, roots and arcs in double precision.
#include "program.h"
#include "user_programs.h"

#include <math.h>
#include <string.h>

#define ARGUMENTS 2000

/* Emulators may differ in the last bits of x87 transcendentals: single precision is compared. */
static uint32_t bits_of(double value)
{
    volatile float rounded = (float)value;
    float copy = rounded;
    uint32_t bits;
    memcpy(&bits, &copy, sizeof bits);
    return bits;
}

uint32_t libm_unit(void)
{
    double sum = 0;
    for (unsigned n = 1; n <= ARGUMENTS; n++) {
        double x = n * 0.0137;
        sum += sin(x) + cos(x * 1.7);
        sum += exp(-x) + log(x) + pow(x, 0.37);
        sum += atan2(x, 3.1) + sqrt(x) + tan(x * 0.01);
        sum += floor(x * 3.3) * 1e-3 + fmod(x, 0.77);
    }
    return bits_of(sum);
}
