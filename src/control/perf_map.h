// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// -perfmap: names of generated code in a file where Linux's perf looks for them.
#ifndef CONTROL_PERF_MAP_H
#define CONTROL_PERF_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/error.h"

struct perf_map {
    FILE *file; /* NULL: none */
};

/* /tmp/perf-PID.map of this process. It stays when bmbt has ended: `perf report` comes later. */
bool perf_map_open(struct perf_map *map, struct error *err);
void perf_map_close(struct perf_map *map);
/* opaque is the map. */
void perf_map_add(void *opaque, const void *code, size_t size, const char *name);

#endif
