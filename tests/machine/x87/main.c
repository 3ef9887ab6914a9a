// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A program that leans on the x87: it prints the same in a guest as on the processor that the guest runs on.
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct bits {
    uint64_t significand;
    uint16_t sign_exponent;
};

static const struct bits edges[] = {
    { 0, 0 },
    { 0, 0x8000 },
    { 1, 0 },                            /* smallest denormal */
    { UINT64_C(0x7fffffffffffffff), 0 }, /* greatest denormal */
    { UINT64_C(0x8000000000000000), 0 }, /* pseudo-denormal */
    { UINT64_C(0x8000000000000000), 1 }, /* smallest normal */
    { UINT64_C(0xffffffffffffffff), 0x7ffe },
    { UINT64_C(0x8000000000000000), 0x3fff }, /* 1 */
    { UINT64_C(0x8000000000000000), 0xbfff },
    { UINT64_C(0xc90fdaa22168c235), 0x3fff }, /* pi / 2 */
    { UINT64_C(0xb504f333f9de6485), 0x3ffe }, /* half of sqrt 2 */
    { UINT64_C(0x8000000000000001), 0x403e },
    { UINT64_C(0x8000000000000000), 0x4040 }, /* beyond what FSIN reduces */
    { UINT64_C(0x8000000000000000), 0x7fff },
    { UINT64_C(0x8000000000000000), 0xffff },
    { UINT64_C(0xc000000000000000), 0xffff }, /* indefinite */
    { UINT64_C(0xc123456789abcdef), 0x7fff }, /* quiet NaN */
    { UINT64_C(0x8123456789abcdef), 0x7fff }, /* signalling NaN */
    { UINT64_C(0x4000000000000000), 0x3fff }, /* unnormal */
    { UINT64_C(0x0000000000000001), 0x7fff }, /* pseudo-NaN */
};
enum { EDGES = sizeof edges / sizeof *edges };

/* A copy by the integer registers: FLD and FSTP of 80 bits change nothing either, but this is sure. */
const unsigned edge_value_count = EDGES;
long double edge_value(unsigned n)
{
    long double value = 0;
    memcpy(&value, &edges[n], 10);
    return value;
}

long double next_value(uint32_t *seed)
{
    struct bits bits;
    long double value = 0;
    uint32_t part[3];
    for (unsigned n = 0; n < 3; n++)
        part[n] = *seed = *seed * 1664525u + 1013904223u;
    bits.significand = (uint64_t)part[0] << 32 | part[1] | UINT64_C(1) << 63;
    bits.sign_exponent = (uint16_t)((0x3fff - 40 + part[2] % 80) | (part[2] >> 16 & 0x8000));
    memcpy(&value, &bits, 10);
    return value;
}

void print_register(const void *ten_bytes)
{
    const uint8_t *bytes = ten_bytes;
    for (unsigned n = 10; n-- > 0;)
        printf("%02x", bytes[n]);
    printf(" ");
}

void print_line(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

int main(void)
{
    test_arithmetic();
    test_transcendental();
    test_environment();
    test_signals();
    test_switches();
    print_line("all done");
    return 0;
}
