// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A bare benchmark program's words on standard output; and main().
#include "report.h"

#include <stdio.h>

void say(const char *text)
{
    fputs(text, stdout);
    fflush(stdout);
}

void say_number(uint32_t value)
{
    printf("%08x", (unsigned)value);
}

int main(void)
{
    program();
    return 0;
}
