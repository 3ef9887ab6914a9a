// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The machine's processor on a thread of its own: guest code runs to its HLT, and the test looks on.
#ifndef TESTS_UNIT_GUEST_THREAD_H
#define TESTS_UNIT_GUEST_THREAD_H

#include "cpu_machine.h"

#include <time.h>

/* Guest code that has not halted by then never will. */
#define GUEST_HALT_NS INT64_C(60000000000)

static inline void guest_thread_run(void *opaque)
{
    struct cpu_machine *m = opaque;
    translator_enter_thread(m->cpu);
    cpu_run(m->cpu);
    translator_leave_thread(m->cpu);
}

/* Traps are a thread's own: the calling one gives them up until guest_thread_end(). The processor
 * stays parked. */
static inline struct host_thread *guest_thread_start(struct cpu_machine *m)
{
    translator_leave_thread(m->cpu);
    return host_thread_create("cpu", guest_thread_run, m);
}

/* Where guest code ends the run itself, before guest_thread_end(). */
static inline void guest_thread_join(struct cpu_machine *m, struct host_thread *thread)
{
    host_thread_join(thread);
    translator_enter_thread(m->cpu);
}

static inline void guest_thread_end(struct cpu_machine *m, struct host_thread *thread)
{
    cpu_exit(m->cpu);
    guest_thread_join(m, thread);
}

/* On from where the registers are to a HLT: the processor is parked then, and its registers may be
 * looked at. */
static inline void guest_run_until_halt(struct cpu_machine *m)
{
    struct cpu *cpu = m->cpu;
    int64_t end = host_monotonic_ns() + GUEST_HALT_NS;
    cpu->halted = false;
    cpu_resume(cpu);
    while (!__atomic_load_n(&cpu->halted, __ATOMIC_RELAXED) && host_monotonic_ns() < end)
        nanosleep(&(struct timespec){ .tv_nsec = 20000 }, NULL);
    CHECK(cpu->halted);
    cpu_park(cpu);
}

/* The same on a thread that lives for this run only. */
static inline void guest_run_once(struct cpu_machine *m)
{
    struct host_thread *thread = guest_thread_start(m);
    guest_run_until_halt(m);
    guest_thread_end(m, thread);
}

#endif
