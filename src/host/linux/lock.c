// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Locks from futexes.
#include "host/host.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bits.h"

/*
 * The owner's word is the lock. Each access of the guest to a port or to device memory takes the
 * device lock and gives it back, nearly always without a rival, and a locked instruction costs as
 * much as all the rest of such an access: so there is one where the lock is taken and none where it
 * is given back. That a release sees who waits is the waiter's affair: it counts itself, has the
 * kernel put a barrier into all threads, and only then looks at the owner once more. A release
 * before the barrier is seen there; one behind it sees the count, and changes `wakes`, on which the
 * waiter sleeps.
 *
 * A guest that hammers a device takes and drops the lock in a loop, and would win each time. Who
 * releases while others wait therefore gives them the processor first.
 */
struct host_lock {
    uint64_t owner; /* thread that holds it, 0: none */
    uint32_t waiters;
    uint32_t wakes; /* a futex */
};

/* The address of something that each thread has for itself. */
static _Thread_local const char thread_mark = 1;

static inline uint64_t this_thread(void)
{
    return (uint64_t)(uintptr_t)&thread_mark;
}

struct host_lock *host_lock_create(void)
{
    return host_alloc(sizeof(struct host_lock));
}

void host_lock_destroy(struct host_lock *lock)
{
    host_free(lock);
}

static bool try_acquire(struct host_lock *lock, uint64_t me)
{
    uint64_t none = 0;
    return __atomic_compare_exchange_n(&lock->owner, &none, me, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_RELAXED);
}

/* False: the host refuses barriers. */
static bool barrier_everywhere(void)
{
    return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 ||
           (syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0 &&
            syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0);
}

static __attribute__((noinline)) void acquire_slow(struct host_lock *lock, uint64_t me)
{
    static const struct timespec a_while = { .tv_nsec = 1000000 };
    int saved_errno = errno;
    __atomic_fetch_add(&lock->waiters, 1, __ATOMIC_SEQ_CST);
    /* Without barriers a release may miss the count: look again after a while. */
    const struct timespec *timeout = barrier_everywhere() ? NULL : &a_while;
    for (;;) {
        uint32_t wakes = __atomic_load_n(&lock->wakes, __ATOMIC_SEQ_CST);
        if (try_acquire(lock, me))
            break;
        syscall(SYS_futex, &lock->wakes, FUTEX_WAIT_PRIVATE, wakes, timeout, NULL, 0);
    }
    __atomic_fetch_sub(&lock->waiters, 1, __ATOMIC_RELAXED);
    errno = saved_errno;
}

static __attribute__((noinline)) void wake_waiters(struct host_lock *lock)
{
    int saved_errno = errno;
    __atomic_fetch_add(&lock->wakes, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &lock->wakes, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    sched_yield();
    errno = saved_errno;
}

void host_lock_acquire(struct host_lock *lock)
{
    uint64_t me = this_thread();
    host_assert(__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != me,
                "a lock is taken twice by one thread");
    if (unlikely(!try_acquire(lock, me)))
        acquire_slow(lock, me);
}

void host_lock_release(struct host_lock *lock)
{
    host_assert(host_lock_held(lock), "a lock is released by a thread that does not hold it");
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELEASE);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    if (unlikely(__atomic_load_n(&lock->waiters, __ATOMIC_RELAXED) != 0))
        wake_waiters(lock);
}

bool host_lock_held(const struct host_lock *lock)
{
    return __atomic_load_n(&lock->owner, __ATOMIC_RELAXED) == this_thread();
}
