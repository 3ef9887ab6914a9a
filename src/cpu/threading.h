// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Between the processor's thread and all others: parking, waking, queued memory changes.
#ifndef CPU_THREADING_H
#define CPU_THREADING_H

#include "cpu/cpu.h"
#include "cpu/tunables.h"

struct change {
    enum { CHANGE_CODE, CHANGE_DIRTY } kind; /* code bytes written; dirty bits cleared */
    struct ram_block *ram;
    uint64_t offset, length;
};

struct cpu_threading {
    /* Held by the thread that executes guest code: it alone touches TLB and blocks. */
    struct host_lock *running;
    struct host_lock *state; /* guards all below; held shortly */
    struct host_event *wake; /* the processor sleeps here, halted or parked */
    struct host_event *parked_event;
    bool want_parked, parked, want_exit;
    bool idle;         /* nobody executes: changes may be made by anyone who holds state */
    uint32_t sleeping; /* atomic: halted and waiting on wake */
    struct change queue[CHANGE_QUEUE];
    unsigned queued;
    bool overflow; /* more than the queue holds: drop everything */
    /* The run loop's own. */
    bool skip_breakpoint; /* stopped at a debugger breakpoint here: it does not stop again before it
                             has run */
    uint32_t skip_linear;
};

void threading_create(struct cpu *cpu);
void threading_destroy(struct cpu *cpu);
/* Begin and end executing on this thread. */
void threading_enter(struct cpu *cpu);
void threading_leave(struct cpu *cpu);
/* Halted: sleep until attention says something. */
void threading_sleep(struct cpu *cpu);
/* The processor's thread: park itself at the next chance. */
void threading_request_park(struct cpu *cpu);
bool threading_should_leave(struct cpu *cpu);
/* Wait while parked; false when the thread shall end. */
bool threading_wait(struct cpu *cpu);

/* changes.c: what memory tells its listeners. */
void changes_listen(struct cpu *cpu);
void changes_apply(struct cpu *cpu);

#endif
