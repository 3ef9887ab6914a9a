// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Compiled in the guest, then run there: computes while signals arrive, in processes that answer by a pipe.
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 40
#define STEPS    400000

static volatile sig_atomic_t ticks;

static void tick(int number)
{
    (void)number;
    ticks++;
}

/* Integers and x87 numbers side by side: a register lost at a signal changes the result. */
static uint64_t compute(uint64_t seed)
{
    long double x = 0.25L;
    for (int step = 0; step < STEPS; step++) {
        seed = seed * UINT64_C(6364136223846793005) + (uint64_t)step;
        x = 3.99L * x * (1 - x);
        seed ^= (uint64_t)(x * 1e15L) + (uint64_t)(sqrt((double)x) * 1e9);
    }
    return seed;
}

int main(void)
{
    int ends[2];
    struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
    signal(SIGALRM, tick);
    if (pipe(ends) != 0)
        return 1;
    uint64_t sum = 0;
    for (int child = 0; child < CHILDREN; child++) {
        pid_t pid = fork();
        if (pid == 0) {
            setitimer(ITIMER_REAL, &often, NULL);
            uint64_t value = compute((uint64_t)child);
            return write(ends[1], &value, sizeof value) != sizeof value;
        }
        uint64_t value;
        while (read(ends[0], &value, sizeof value) != sizeof value)
            continue;
        sum = sum * 31 + value;
        int status;
        if (waitpid(pid, &status, 0) != pid || status != 0)
            return 2;
    }
    printf("%016llx\n", (unsigned long long)sum);
    return 0;
}
