// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The host's monotonic time. Alone in its file: a test that makes its own time replaces it at the
// link.
#include "host/host.h"

#include <time.h>

int64_t host_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}
