// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Locks and events from POSIX threads.
#include "host/host.h"

#include <pthread.h>
#include <sched.h>

/*
 * A guest that hammers a device takes and drops the lock in a loop, and a POSIX mutex lets it win
 * each time. Who releases while others wait therefore gives them the processor first.
 */
struct host_lock {
    pthread_mutex_t mutex;
    uint64_t owner; /* thread that holds it, 0: none */
    uint32_t waiters;
};

/* On Linux the address of the thread's descriptor, so never 0. */
static uint64_t this_thread(void)
{
    return (uint64_t)pthread_self();
}

struct host_lock *host_lock_create(void)
{
    struct host_lock *lock = host_alloc(sizeof *lock);
    pthread_mutex_init(&lock->mutex, NULL);
    return lock;
}

void host_lock_destroy(struct host_lock *lock)
{
    if (lock == NULL)
        return;
    pthread_mutex_destroy(&lock->mutex);
    host_free(lock);
}

void host_lock_acquire(struct host_lock *lock)
{
    host_assert(!host_lock_held(lock), "a lock is taken twice by one thread");
    if (pthread_mutex_trylock(&lock->mutex) != 0) {
        __atomic_fetch_add(&lock->waiters, 1, __ATOMIC_RELAXED);
        pthread_mutex_lock(&lock->mutex);
        __atomic_fetch_sub(&lock->waiters, 1, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&lock->owner, this_thread(), __ATOMIC_RELAXED);
}

void host_lock_release(struct host_lock *lock)
{
    host_assert(host_lock_held(lock), "a lock is released by a thread that does not hold it");
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&lock->mutex);
    if (__atomic_load_n(&lock->waiters, __ATOMIC_RELAXED) != 0)
        sched_yield();
}

bool host_lock_held(const struct host_lock *lock)
{
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == this_thread();
}

struct host_event {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    bool set;
};

struct host_event *host_event_create(void)
{
    struct host_event *event = host_alloc(sizeof *event);
    pthread_mutex_init(&event->mutex, NULL);
    pthread_cond_init(&event->condition, NULL);
    return event;
}

void host_event_destroy(struct host_event *event)
{
    if (event == NULL)
        return;
    pthread_cond_destroy(&event->condition);
    pthread_mutex_destroy(&event->mutex);
    host_free(event);
}

void host_event_set(struct host_event *event)
{
    pthread_mutex_lock(&event->mutex);
    event->set = true;
    pthread_cond_signal(&event->condition);
    pthread_mutex_unlock(&event->mutex);
}

void host_event_wait(struct host_event *event)
{
    pthread_mutex_lock(&event->mutex);
    while (!event->set)
        pthread_cond_wait(&event->condition, &event->mutex);
    event->set = false;
    pthread_mutex_unlock(&event->mutex);
}
