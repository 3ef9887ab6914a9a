// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Runs one of a binary's programs for a while: PROGRAM MILLISECONDS. Says when it begins and what it did.
#include "program.h"
#include "waited.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

void fail(const char *what)
{
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(1);
}

void *touched_pages(size_t size)
{
    char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        fail("mmap");
    for (size_t n = 0; n < size; n += 4096)
        ((volatile char *)pages)[n] = 0;
    return pages;
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void run_units(const struct program *program, uint32_t checksum, uint64_t count)
{
    while (count--) {
        if (program->unit() != checksum) {
            printf("unstable %s\n", program->name);
            exit(1);
        }
    }
}

/* In a few batches, each as long as what is left seems to allow. */
static void measure(const struct program *program, uint64_t wanted)
{
    uint32_t checksum = program->without_warming ? 0 : program->unit();
    uint64_t units = 0, elapsed = 0, batch = 1;
    printf("begin %s\n", program->name);
    fflush(stdout);
    uint64_t waited = waited_nanoseconds(getpid()), start = nanoseconds();
    if (program->without_warming) {
        checksum = program->unit();
        units = 1;
        elapsed = nanoseconds() - start;
    }
    while (elapsed < wanted) {
        run_units(program, checksum, batch);
        units += batch;
        elapsed = nanoseconds() - start;
        uint64_t left = elapsed < wanted ? (wanted - elapsed) * units / (elapsed + 1) : 0;
        batch = left / 2 < 2 * batch ? left / 2 + 1 : 2 * batch;
    }
    /* A helper that takes turns with us is no stranger: waiting for it belongs to the work. */
    waited = program->finish ? 0 : waited_nanoseconds(getpid()) - waited;
    printf("end %s %08x %llu %llu %u %llu\n", program->name, (unsigned)checksum,
           (unsigned long long)units, (unsigned long long)elapsed, (unsigned)program->operations,
           (unsigned long long)waited);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--nothing"))
        _exit(0); /* what the fork-and-exec program starts */
    if (argc == 3) {
        for (const struct program *program = programs; program->name; program++) {
            if (!strcmp(program->name, argv[1])) {
                if (program->prepare)
                    program->prepare();
                measure(program, strtoull(argv[2], NULL, 10) * 1000000);
                if (program->finish)
                    program->finish();
                return 0;
            }
        }
    }
    fprintf(stderr, "usage: %s PROGRAM MILLISECONDS\n", argv[0]);
    return 1;
}
