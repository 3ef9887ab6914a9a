// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The second thread: looks at the clock, and at the processor where a halt is the end.
#include "watch.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "cpu/cpu.h"
#include "cpu/threading.h"
#include "host/host.h"

enum { LOOK_NS = 100000000, LOOK_AT_HALT_NS = 10000 };

struct watch {
    struct cpu *cpu;
    struct watch_options options;
    uint64_t runs;  /* atomic: odd while one is going on */
    bool timed_out; /* atomic */
    bool ends;      /* atomic */
    pthread_t thread;
};

static bool is_set(const bool *flag)
{
    return __atomic_load_n(flag, __ATOMIC_SEQ_CST);
}

/* Is the run over that began at `since`? */
static bool over(struct watch *w, int64_t since)
{
    if (w->options.ends_halted && is_set(&w->cpu->halted))
        return true;
    bool late = host_monotonic_ns() - since > w->options.seconds * INT64_C(1000000000);
    if (late)
        __atomic_store_n(&w->timed_out, true, __ATOMIC_SEQ_CST);
    return late;
}

static void *watch(void *opaque)
{
    struct watch *w = opaque;
    long pause = w->options.ends_halted ? LOOK_AT_HALT_NS : LOOK_NS;
    uint64_t seen = 0, ended = 0;
    int64_t since = 0;
    while (!is_set(&w->ends)) {
        nanosleep(&(struct timespec){ .tv_nsec = pause }, NULL);
        uint64_t now = __atomic_load_n(&w->runs, __ATOMIC_SEQ_CST);
        if (now != seen)
            since = host_monotonic_ns();
        seen = now;
        /* Once a run: a second time might end the next one. */
        if (now & 1 && now != ended && over(w, since)) {
            ended = now;
            cpu_exit(w->cpu);
        }
    }
    return NULL;
}

struct watch *watch_create(struct cpu *cpu, const struct watch_options *options)
{
    struct watch *w = calloc(1, sizeof *w);
    w->cpu = cpu;
    w->options = *options;
    cpu_resume(cpu);
    pthread_create(&w->thread, NULL, watch, w);
    return w;
}

void watch_destroy(struct watch *w)
{
    __atomic_store_n(&w->ends, true, __ATOMIC_SEQ_CST);
    pthread_join(w->thread, NULL);
    free(w);
}

bool watch_run(struct watch *w)
{
    w->cpu->threading->want_exit = false;
    __atomic_store_n(&w->timed_out, false, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&w->runs, 1, __ATOMIC_SEQ_CST);
    cpu_run(w->cpu);
    __atomic_fetch_add(&w->runs, 1, __ATOMIC_SEQ_CST);
    return !is_set(&w->timed_out);
}
