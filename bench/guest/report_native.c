// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A benchmark program's result, on standard output; and main().
#include "report.h"

#include <stdio.h>

void report(uint32_t value)
{
    printf("result %08x\n", value);
}

int main(void)
{
    program();
    return 0;
}
