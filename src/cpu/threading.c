// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Parking, waking and pins: what other threads do to the processor.
#include "cpu/threading.h"

#include "cpu/paging.h"
#include "cpu/x87/fpu.h"
#include "host/host.h"

void threading_create(struct cpu *cpu)
{
    struct cpu_threading *t = host_alloc(sizeof *t);
    t->running = host_lock_create();
    t->state = host_lock_create();
    t->wake = host_event_create();
    t->parked_event = host_event_create();
    t->want_parked = t->parked = t->idle = true;
    cpu->threading = t;
}

void threading_destroy(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_destroy(t->running);
    host_lock_destroy(t->state);
    host_event_destroy(t->wake);
    host_event_destroy(t->parked_event);
    host_free(t);
    cpu->threading = NULL;
}

void threading_enter(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_acquire(t->running);
    host_lock_acquire(t->state);
    t->idle = false;
    host_lock_release(t->state);
}

void threading_leave(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    fpu_sync(cpu);
    host_lock_acquire(t->state);
    t->idle = true;
    host_lock_release(t->state);
    host_lock_release(t->running);
}

/*
 * No wake-up is lost: the sleeper says that it sleeps before it looks at attention, the waker sets
 * attention before it looks whether anyone sleeps, both sequentially consistent; and an event set
 * before the wait ends it at once.
 */
void threading_sleep(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    fpu_sync(cpu);
    __atomic_store_n(&t->sleeping, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&cpu->attention, __ATOMIC_SEQ_CST) == 0)
        host_event_wait(t->wake);
    __atomic_store_n(&t->sleeping, 0, __ATOMIC_SEQ_CST);
}

void cpu_attend(struct cpu *cpu, uint32_t bits)
{
    __atomic_fetch_or(&cpu->attention, bits, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&cpu->threading->sleeping, __ATOMIC_SEQ_CST))
        host_event_set(cpu->threading->wake);
    if (__atomic_load_n(&cpu->jit.in_code, __ATOMIC_SEQ_CST) &&
        !host_lock_held(cpu->threading->running))
        cpu->engine->kick(cpu);
}

/* ---- parking --------------------------------------------------------------------------------- */

void threading_request_park(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_acquire(t->state);
    t->want_parked = true;
    host_lock_release(t->state);
    cpu_attend(cpu, ATTENTION_STOP);
}

bool threading_should_leave(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    __atomic_fetch_and(&cpu->attention, ~(uint32_t)(ATTENTION_STOP | ATTENTION_EXIT),
                       __ATOMIC_SEQ_CST);
    host_lock_acquire(t->state);
    bool leave = t->want_parked || t->want_exit;
    host_lock_release(t->state);
    return leave;
}

bool threading_wait(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_acquire(t->state);
    while (t->want_parked && !t->want_exit) {
        t->parked = true;
        host_lock_release(t->state);
        host_event_set(t->parked_event);
        host_event_wait(t->wake);
        host_lock_acquire(t->state);
    }
    bool go_on = !t->want_exit;
    t->parked = !go_on;
    host_lock_release(t->state);
    if (!go_on)
        host_event_set(t->parked_event);
    return go_on;
}

bool cpu_parked(const struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_acquire(t->state);
    bool parked = t->parked;
    host_lock_release(t->state);
    return parked;
}

void cpu_park(struct cpu *cpu)
{
    threading_request_park(cpu);
    while (!cpu_parked(cpu))
        host_event_wait(cpu->threading->parked_event);
}

/* Parked is over when this returns, not when the thread has woken: a cpu_park() that follows waits
 * for it again. */
void cpu_resume(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_acquire(t->state);
    t->want_parked = false;
    t->parked = false;
    host_lock_release(t->state);
    host_event_set(t->wake);
}

void cpu_exit(struct cpu *cpu)
{
    struct cpu_threading *t = cpu->threading;
    host_lock_acquire(t->state);
    t->want_exit = true;
    host_lock_release(t->state);
    cpu_attend(cpu, ATTENTION_EXIT);
    host_event_set(t->wake);
}

/* ---- pins ------------------------------------------------------------------------------------ */

void cpu_set_intr(struct cpu *cpu, bool level)
{
    __atomic_store_n(&cpu->intr_level, level, __ATOMIC_SEQ_CST);
    if (level)
        cpu_attend(cpu, ATTENTION_INTR);
}

void cpu_raise_nmi(struct cpu *cpu)
{
    cpu_attend(cpu, ATTENTION_NMI);
}

void cpu_raise_smi(struct cpu *cpu)
{
    cpu_attend(cpu, ATTENTION_SMI);
}

void cpu_raise_init(struct cpu *cpu)
{
    cpu_attend(cpu, ATTENTION_INIT);
}

void cpu_request_reset(struct cpu *cpu)
{
    cpu_attend(cpu, ATTENTION_RESET);
}

void cpu_set_a20(struct cpu *cpu, bool enabled)
{
    uint32_t mask = enabled ? 0xffffffff : ~(1u << 20);
    if (mask == cpu->a20_mask)
        return;
    cpu->a20_mask = mask;
    if (host_lock_held(cpu->threading->running))
        tlb_flush(cpu, false);
    else
        cpu_attend(cpu, ATTENTION_TLB);
}
