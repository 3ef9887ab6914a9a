// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// bmbt's own memory, from the C library.
#include "host/host.h"

#include <stdio.h>
#include <stdlib.h>

void *host_alloc(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL) {
        fprintf(stderr, "bmbt: error: the host has no %zu bytes of memory left\n", size);
        exit(EXIT_FAILURE);
    }
    return memory;
}

void host_free(void *memory)
{
    free(memory);
}
