// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// All that bmbt asks of the machine and system it runs on.
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Memory. host_alloc() gives zeroed memory, aligned for any type, or stops the program with a
 * message: bmbt's own structures are small, and none can be done without. host_free(NULL) is
 * allowed. */
void *host_alloc(size_t size);
void host_free(void *memory);

/* Guest RAM: zero-filled, page-aligned, page by page on first touch, shareable into windows. NULL
 * if refused. */
struct host_ram;
struct host_ram *host_ram_create(uint64_t size);
void *host_ram_address(struct host_ram *ram);
void host_ram_destroy(struct host_ram *ram);

/* Time in nanoseconds: monotonic (does not run while the host sleeps), and since 1970-01-01 UTC. */
int64_t host_monotonic_ns(void);
int64_t host_realtime_ns(void);

/* A lock: not recursive. host_lock_held() is for assertions: does the calling thread hold it? */
struct host_lock;
struct host_lock *host_lock_create(void);
void host_lock_destroy(struct host_lock *lock);
void host_lock_acquire(struct host_lock *lock);
void host_lock_release(struct host_lock *lock);
bool host_lock_held(const struct host_lock *lock);

/* An event: wait() sleeps until set() was called since the last wait() returned. */
struct host_event;
struct host_event *host_event_create(void);
void host_event_destroy(struct host_event *event);
void host_event_set(struct host_event *event);
void host_event_wait(struct host_event *event);

/* A thread for a guest CPU. */
struct host_thread;
struct host_thread *host_thread_create(const char *name, void (*run)(void *opaque), void *opaque);
void host_thread_join(struct host_thread *thread); /* also frees it */

/* A broken invariant of bmbt itself: print and stop with a core. Never for what a guest does. */
_Noreturn void host_panic(const char *file, int line, const char *message);

#define host_assert(condition, message)                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            host_panic(__FILE__, __LINE__, message);                                               \
    } while (0)

#endif
