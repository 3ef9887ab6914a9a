// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The end when bmbt itself is broken.
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void host_panic(const char *file, int line, const char *message)
{
    fprintf(stderr, "bmbt: internal error at %s:%d: %s\r\n", file, line, message);
    fflush(stderr);
    abort();
}
