// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Windows: host ranges of 4 GiB that mirror guest address spaces, so that a guest access is one
// host access.
#ifndef TRANSLATOR_WINDOW_H
#define TRANSLATOR_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;
struct ram_block;
struct windows;

enum window_policy { WINDOW_NEVER, WINDOW_ALWAYS, WINDOW_AUTO };

struct window_counts {
    uint64_t windows, created, evicted; /* now; ever */
    uint64_t faults, mapped, prefilled; /* faults that mapped a page; pages mapped; by prefill */
    uint64_t unmapped, protected, dropped_for_limit;
    uint64_t refused;                 /* times that the host did not map even one page */
    uint64_t selected, soft_selected; /* decisions of window_select() */
};

/* NULL where the host refuses windows (said in one line at creation by the caller, from *why). */
struct windows *windows_create(struct cpu *cpu, enum window_policy policy, const char **why);
void windows_destroy(struct windows *windows);
/* How many of the host's mappings they may use, if not half of what it allows. */
void windows_set_budget(struct windows *windows, uint32_t mappings);

/*
 * CR3, CR0, CR4, EFER, SMM, A20 or CPL changed: choose the window of the space (linear addresses
 * with this privilege) or none: sets cpu->jit.window and the host's GS base, and says whether there
 * is one. Cheap (tens of ns) when nothing but the choice among known spaces changes.
 */
bool window_select(struct windows *windows);

/*
 * A host access at `linear` of the current window faulted. True: the page is mapped now (a plain
 * RAM page whose guest page tables allow the access with A and D bits set by the walk; neighbours
 * may be mapped along), so the access is to be repeated. False: the executor has to do the
 * instruction: guest page fault, device, ROM store, code page, watched page, wrap-around, or a
 * stretch whose mappings change too often. Called in the host's fault callback, on the CPU's
 * thread: it must not block on the device lock, longjmp, log or touch the FPU.
 */
bool window_fault(struct windows *windows, uint32_t linear, bool write);
/* Why it gave false last: the page tables have no page there, or forbid the access. Then what lies
 * at the address is no reason to go another way the next time. */
bool window_fault_is_guests(const struct windows *windows);

/* The hooks of struct engine. After each, no window of that CPU shows a translation that a TLB
 * flushed so could not hold; where the space itself changed, after the window_select() that
 * follows. */
void window_flush(struct windows *windows, bool keep_global);
void window_flush_page(struct windows *windows, uint32_t linear);
/* ram == NULL: all there is. */
void window_protect(struct windows *windows, struct ram_block *ram, uint64_t offset,
                    uint64_t length);
/* A guest page fault was delivered and the guest returned to the access, or a soft access was made
 * to this page: map it at once if that is cheap. */
void window_hint(struct windows *windows, uint32_t linear, bool write);
void windows_count(const struct windows *windows, struct window_counts *counts);

#endif
