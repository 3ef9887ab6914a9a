// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Throughput of a disk without the kernel's cache: disk read|write DEVICE MEBIBYTES. Prints as main.c does.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PIECE (1u << 20)

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "disk: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 4 || (strcmp(argv[1], "read") && strcmp(argv[1], "write"))) {
        fprintf(stderr, "usage: disk read|write DEVICE MEBIBYTES\n");
        return 1;
    }
    int writes = !strcmp(argv[1], "write"),
        file = open(argv[2], (writes ? O_WRONLY : O_RDONLY) | O_DIRECT);
    unsigned count = (unsigned)atoi(argv[3]);
    void *buffer;
    if (file < 0 || posix_memalign(&buffer, 4096, PIECE))
        fail(argv[2]);
    memset(buffer, 0x5a, PIECE);
    printf("begin %s\n", argv[1]);
    fflush(stdout);
    uint64_t start = nanoseconds();
    for (unsigned n = 0; n < count; n++)
        if ((writes ? write(file, buffer, PIECE) : read(file, buffer, PIECE)) != PIECE)
            fail(argv[1]);
    if (writes && fsync(file) < 0)
        fail("fsync");
    printf("end %s 00000000 1 %llu %u 0\n", argv[1], (unsigned long long)(nanoseconds() - start),
           count);
    return 0;
}
