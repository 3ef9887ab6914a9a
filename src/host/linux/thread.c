// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Threads of guest CPUs.
#include "host/host.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct host_thread {
    pthread_t thread;
    void (*run)(void *opaque);
    void *opaque;
};

static void *thread_main(void *opaque)
{
    struct host_thread *thread = opaque;
    thread->run(thread->opaque);
    return NULL;
}

/* Signals of the outer world belong to the event loop: a CPU's thread starts with them blocked, but
 * not with those its own faults raise. */
static void block_signals(sigset_t *old)
{
    static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        sigdelset(&set, faults[i]);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

struct host_thread *host_thread_create(const char *name, void (*run)(void *opaque), void *opaque)
{
    struct host_thread *thread = host_alloc(sizeof *thread);
    sigset_t old;

    thread->run = run;
    thread->opaque = opaque;
    block_signals(&old);
    int error = pthread_create(&thread->thread, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error != 0) {
        fprintf(stderr, "bmbt: error: the host refuses a thread for %s: %s\n", name,
                strerror(error));
        exit(EXIT_FAILURE);
    }
    pthread_setname_np(thread->thread, name);
    return thread;
}

void host_thread_join(struct host_thread *thread)
{
    pthread_join(thread->thread, NULL);
    host_free(thread);
}
