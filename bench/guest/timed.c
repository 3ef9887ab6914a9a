// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Times another program: timed NAME HOW COMMAND... Its output makes the checksum (HOW "sum"), is passed on
// ("show") or is lost ("drop"). Says when it begins and ends as main.c does.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "waited.h"

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "timed: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static _Noreturn void run(char **command, int output)
{
    int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(output, 1) < 0)
        _exit(127);
    execv(command[0], command);
    _exit(127);
}

static uint32_t take_output(int output, const char *how)
{
    static uint8_t buffer[65536];
    uint32_t sum = 2166136261u;
    ssize_t count;
    while ((count = read(output, buffer, sizeof buffer)) > 0) {
        for (ssize_t n = 0; n < count; n++)
            sum = (sum ^ buffer[n]) * 16777619u;
        if (!strcmp(how, "show"))
            fwrite(buffer, 1, (size_t)count, stdout);
    }
    return strcmp(how, "sum") ? 0 : sum;
}

int main(int argc, char **argv)
{
    int output[2], status;
    siginfo_t ended;
    if (argc < 4) {
        fprintf(stderr, "usage: timed NAME sum|show|drop COMMAND...\n");
        return 1;
    }
    if (pipe(output) < 0)
        fail("pipe");
    printf("begin %s\n", argv[1]);
    fflush(stdout);
    uint64_t start = nanoseconds();
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0)
        run(argv + 3, output[1]);
    close(output[1]);
    uint32_t sum = take_output(output[0], argv[2]);
    if (waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT) < 0)
        fail("waitid");
    uint64_t elapsed = nanoseconds() - start, waited = waited_nanoseconds(child);
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status)) {
        fprintf(stderr, "timed: %s ended with status %d\n", argv[3], status);
        return 1;
    }
    printf("end %s %08x 1 %llu 1 %llu\n", argv[1], (unsigned)sum, (unsigned long long)elapsed,
           (unsigned long long)waited);
    return 0;
}
