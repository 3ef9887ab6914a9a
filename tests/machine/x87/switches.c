// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Many computations at once: timer signals, processes and threads between which the FPU's state is switched.
#include "report.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 4, STEPS = 100000 };

static volatile sig_atomic_t ticks;

static void on_tick(int number)
{
    long double x = number;
    for (int n = 0; n < 20; n++)
        x = x * 0.9L + 1 / x;
    ticks += x > 0;
}

static void set_timer(int microseconds)
{
    struct itimerval interval = { { 0, microseconds }, { 0, microseconds } };
    setitimer(ITIMER_REAL, &interval, NULL);
}

/* A value that has no closed form and depends on every step's last bit. */
static long double compute(unsigned worker)
{
    long double x = 0.1L * (worker + 1), y = 1;
    for (unsigned n = 0; n < STEPS; n++) {
        x = 3.99L * x * (1 - x);
        y = y * 0.999L + x / (1 + y);
    }
    return y + x;
}

static void print_result(const char *what, unsigned worker, long double result)
{
    printf("%s %u: ", what, worker);
    print_register(&result);
    print_line(";");
}

static void test_ticks(void)
{
    signal(SIGALRM, on_tick);
    set_timer(2000);
    for (unsigned worker = 0; worker < WORKERS; worker++)
        print_result("between ticks", worker, compute(worker));
    set_timer(0);
    print_line("ticks came: %d", ticks > 0);
}

static void test_processes(void)
{
    int ends[WORKERS][2];
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        if (pipe(ends[worker]) != 0)
            return;
        if (fork() == 0) {
            long double result = compute(worker);
            _exit(write(ends[worker][1], &result, sizeof result) != sizeof result);
        }
        close(ends[worker][1]);
    }
    for (unsigned worker = 0; worker < WORKERS; worker++) {
        long double result = 0;
        int status = -1;
        if (read(ends[worker][0], &result, sizeof result) == sizeof result)
            print_result("process", worker, result);
        wait(&status);
        print_line("status %d", status);
    }
}

struct job {
    unsigned worker;
    long double result;
};

static void *work(void *opaque)
{
    struct job *job = opaque;
    job->result = compute(job->worker);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[WORKERS];
    struct job jobs[WORKERS];
    for (unsigned n = 0; n < WORKERS; n++) {
        jobs[n].worker = n;
        pthread_create(&threads[n], NULL, work, &jobs[n]);
    }
    for (unsigned n = 0; n < WORKERS; n++) {
        pthread_join(threads[n], NULL);
        print_result("thread", n, jobs[n].result);
    }
}

void test_switches(void)
{
    fflush(stdout);
    test_ticks();
    fflush(stdout);
    test_processes();
    test_threads();
}
