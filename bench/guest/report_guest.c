// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A benchmark program's result, through the debug console port.
#include "report.h"

static void put(char c)
{
    __asm__ volatile("outb %0, $0xe9" : : "a"(c));
}

void report(uint32_t value)
{
    for (const char *text = "result "; *text; text++)
        put(*text);
    for (int shift = 28; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
    put('\n');
}
