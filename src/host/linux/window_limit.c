// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The kernel's limit of mappings a process.
#include "host/host.h"

#include <stdio.h>

/* Of a kernel that nobody has configured. */
#define DEFAULT_MAP_COUNT 65530

uint64_t host_window_mapping_limit(void)
{
    unsigned long limit = DEFAULT_MAP_COUNT;
    FILE *file = fopen("/proc/sys/vm/max_map_count", "re");
    if (file != NULL) {
        if (fscanf(file, "%lu", &limit) != 1)
            limit = DEFAULT_MAP_COUNT;
        fclose(file);
    }
    return limit;
}
