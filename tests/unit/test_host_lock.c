// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// host_lock: one owner at a time, nobody is left asleep, and a thread that hammers it does not keep
// others out.
#include "unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "host/host.h"

enum { THREADS = 4, TURNS = 20000 };

struct shared {
    struct host_lock *lock;
    uint64_t turns;  /* guarded by the lock: plain on purpose */
    uint32_t inside; /* who holds it now */
    uint32_t overlaps, not_held;
    bool stop;
};

static void *take_turns(void *opaque)
{
    struct shared *s = opaque;
    for (unsigned n = 0; n < TURNS; n++) {
        host_lock_acquire(s->lock);
        if (__atomic_add_fetch(&s->inside, 1, __ATOMIC_RELAXED) != 1)
            __atomic_add_fetch(&s->overlaps, 1, __ATOMIC_RELAXED);
        s->turns++;
        if (!host_lock_held(s->lock))
            s->not_held++;
        /* Now and then the processor goes to another while the lock is held: waiters sleep. */
        if (n % 64 == 0)
            sched_yield();
        __atomic_sub_fetch(&s->inside, 1, __ATOMIC_RELAXED);
        host_lock_release(s->lock);
    }
    return NULL;
}

TEST(one_owner_at_a_time)
{
    struct shared s = { .lock = host_lock_create() };
    pthread_t threads[THREADS];
    for (unsigned n = 0; n < THREADS; n++)
        pthread_create(&threads[n], NULL, take_turns, &s);
    for (unsigned n = 0; n < THREADS; n++)
        pthread_join(threads[n], NULL);
    CHECK(s.turns == THREADS * TURNS);
    CHECK(s.overlaps == 0);
    CHECK(s.not_held == 0);
    CHECK(!host_lock_held(s.lock));
    host_lock_destroy(s.lock);
}

static void *hammer(void *opaque)
{
    struct shared *s = opaque;
    while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
        host_lock_acquire(s->lock);
        s->turns++;
        host_lock_release(s->lock);
    }
    return NULL;
}

/* As the event loop beside a guest that polls a device. A lost wake-up would never end. */
TEST(a_hammer_keeps_nobody_out)
{
    struct shared s = { .lock = host_lock_create() };
    pthread_t thread;
    pthread_create(&thread, NULL, hammer, &s);
    for (unsigned n = 0; n < 2000; n++) {
        host_lock_acquire(s.lock);
        uint64_t before = s.turns;
        if (n % 8 == 0)
            sched_yield();
        CHECK(s.turns == before);
        host_lock_release(s.lock);
    }
    __atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    host_lock_destroy(s.lock);
}
