// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The file of names, in the form of Linux's tools/perf/Documentation/jit-interface.txt.
#include "control/perf_map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* The name can be guessed and the folder is everybody's: nothing that is there already is written to.
 */
bool perf_map_open(struct perf_map *map, struct error *err)
{
    char path[64];
    snprintf(path, sizeof path, "/tmp/perf-%ld.map", (long)getpid());
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0 || (map->file = fdopen(fd, "w")) == NULL) {
        int reason = errno;
        if (fd >= 0)
            close(fd);
        return error_set(err, "-perfmap: cannot write %s: %s", path, strerror(reason));
    }
    /* A whole line at a time: `perf top` reads while it grows. */
    setvbuf(map->file, NULL, _IOLBF, 1 << 12);
    return true;
}

void perf_map_close(struct perf_map *map)
{
    if (map->file != NULL)
        fclose(map->file);
    map->file = NULL;
}

void perf_map_add(void *opaque, const void *code, size_t size, const char *name)
{
    const struct perf_map *map = opaque;
    fprintf(map->file, "%llx %zx %s\n", (unsigned long long)(uintptr_t)code, size, name);
}
