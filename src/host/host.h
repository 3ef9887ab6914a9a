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

/*
 * Locks, host_event_set(), host_monotonic_ns(), and the windows and code below leave the calling
 * thread's x87 and vector registers alone: a guest's FPU state may be in them. (Tested for what the
 * C library does beneath them: tests/unit/test_fpu_live.c.)
 */
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

/*
 * Memory for generated code, seen at two addresses: one to write, one to run. NULL where the host
 * refuses executable memory.
 */
struct host_code;
struct host_code *host_code_create(uint64_t size);
void host_code_destroy(struct host_code *code);
uint8_t *host_code_write_address(const struct host_code *code);
const uint8_t *host_code_run_address(const struct host_code *code);

/*
 * Windows: a range of addresses of `size` bytes (a multiple of 4 KiB) that guest RAM is mapped into,
 * piece by piece, with guard space of at least HOST_WINDOW_GUARD bytes before and behind; all of it
 * faults until something is mapped. Sizes and offsets are multiples of 4096. False: the host refuses
 * (too many mappings).
 */
#define HOST_WINDOW_GUARD (UINT64_C(1) << 20)
struct host_window;
struct host_window *host_window_create(uint64_t size);
void host_window_destroy(struct host_window *window);
uint8_t *host_window_address(const struct host_window *window);
/* Of the host's mappings, that a run of pages needs: itself, and what is reserved behind it. */
unsigned host_window_mappings_per_run(const struct host_window *window);
bool host_window_map(struct host_window *window, uint64_t at, struct host_ram *ram,
                     uint64_t offset, uint64_t size, bool writable);
bool host_window_protect(struct host_window *window, uint64_t at, uint64_t size, bool writable);
bool host_window_unmap(struct host_window *window, uint64_t at, uint64_t size);
/* How many mappings the host allows the whole process. */
uint64_t host_window_mapping_limit(void);
/* The calling thread's base of GS-relative addresses. */
void host_set_window_base(const void *address);

/*
 * The processor's state where a thread was interrupted: host registers by their encoding (x86-64: RAX
 * RCX RDX RBX RSP RBP RSI RDI R8-R15), instruction pointer and flags. A callback may change it; the
 * thread goes on with it.
 */
struct host_frame {
    uint64_t gpr[16];
    uint64_t pc;
    uint64_t flags; /* with the single-step flag: x86-64 bit 8 */
};
enum host_trap {
    HOST_TRAP_ACCESS, /* a memory access at `address` faulted; write tells which */
    HOST_TRAP_DIVIDE, /* division, or a floating-point exception */
    HOST_TRAP_ILLEGAL,
    HOST_TRAP_STEP, /* the single-step flag was set */
    HOST_TRAP_KICK, /* host_thread_kick() */
};
/*
 * Traps of the calling thread go to the callback, which runs on a stack of its own. It returns whether
 * it handled the trap; if not, the program ends as it would have. address: of HOST_TRAP_ACCESS, 0 if
 * unknown.
 */
typedef bool host_trap_fn(void *opaque, enum host_trap trap, uint64_t address, bool write,
                          struct host_frame *frame);
struct host_traps;
struct host_traps *host_traps_install(host_trap_fn *callback, void *opaque);
void host_traps_remove(struct host_traps *traps);
/* From any thread: the thread that installed these traps gets HOST_TRAP_KICK soon. */
void host_traps_kick(struct host_traps *traps);

/* A broken invariant of bmbt itself: print and stop with a core. Never for what a guest does. */
_Noreturn void host_panic(const char *file, int line, const char *message);

#define host_assert(condition, message)                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            host_panic(__FILE__, __LINE__, message);                                               \
    } while (0)

#endif
