// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// How long a process has waited for a processor because others had it: what a busy host adds to a time.
#ifndef BENCH_GUEST_WAITED_H
#define BENCH_GUEST_WAITED_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

/* Of the main thread; 0 where the kernel does not tell. */
static inline uint64_t waited_nanoseconds(pid_t process)
{
    char path[40];
    unsigned long long ran, waited = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", (int)process);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    if (fscanf(file, "%llu %llu", &ran, &waited) != 2)
        waited = 0;
    fclose(file);
    return waited;
}

#endif
