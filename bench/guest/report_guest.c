// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A bare benchmark program's words, through the debug console port.
#include "report.h"

static void put(char c)
{
    __asm__ volatile("outb %0, $0xe9" : : "a"(c));
}

void say(const char *text)
{
    while (*text)
        put(*text++);
}

void say_number(uint32_t value)
{
    for (int shift = 28; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}
