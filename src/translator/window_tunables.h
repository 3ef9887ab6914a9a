// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Sizes and thresholds of windows that may be changed, each with its reason.
#ifndef TRANSLATOR_WINDOW_TUNABLES_H
#define TRANSLATOR_WINDOW_TUNABLES_H

/* Windows: a few dozen; each is 4 GiB of addresses, and some 100 KiB of host page tables in use. */
#define WINDOWS_MAX 32

/* Spaces whose running time is remembered: processes that take turns, most of them without a
 * window. */
#define SPACES_MAX 128

/* Stretches of 2 MiB that all windows together map: a kernel's 1 GiB and 100 processes' worth.
 * 6 KiB each, touched when used. */
#define STRETCH_POOL 4096

/* RAM blocks a machine has: memory, ROMs, display memory. */
#define FRAME_BLOCKS_MAX 64

/* Counters of pages mapped writable, by frame modulo: 512 MiB of guest RAM without collision. */
#define FRAME_FILTER 131072u

/* Pages of a page table mapped along with one that faulted, before and behind, where they follow
 * each other in RAM: populating one costs 0.3 us, a fault of its own 8 us. */
#define NEIGHBOURS 15u

/* The same wherever they are in RAM, where faults go upwards page by page: 3 us, a fault 8 us. */
#define AHEAD_MAX 62u

/* Quick selections between two looks at the clock. */
#define SELECT_PATIENCE 64

/* The most that one look at the clock adds to a space's running time, ns: the CPU may have slept.
 * Timer interrupts lead here 100 times a second or more. */
#define ACCOUNT_MAX 10000000

/* How long (ns) no window is used after the host has refused any mapping: each fault then would
 * end in the executor. */
#define REFUSED_PERIOD 100000000

/* Running time (ns) after which a space earns a window, the user's by the time in user code:
 * mapping a few hundred pages costs 2 ms, running soft costs half of the time or more. The
 * supervisor's is shared by all spaces. */
#define EARNED_USER       3000000
#define EARNED_SUPERVISOR 2000000

/* Stays in user code shorter than this, ns, are measured once in so many: two looks at the clock
 * cost 50 ns. One measurement counts for at most STAY_MAX. */
#define STAY_LONG  50000
#define STAY_EVERY 8
#define STAY_MAX   5000000

/* What mapping costs, ns: measured on Linux 6.18. */
#define COST_FAULT   2000
#define COST_MAP     5000
#define COST_PROTECT 1200
#define COST_UNMAP   3500

/* A user window pays while mapping costs less than a quarter of the time in user code; it starts
 * with a credit, as all pages are mapped then, and cannot save up more. Once that is used up the
 * space is soft for 40 ms of user code, twice that after each further failure, and all is
 * forgotten when a window has lasted for 200 ms. */
#define CREDIT_MAX   5000000
#define CREDIT_SHARE 4
#define SOFT_PERIOD  40000000
#define FAILURES_MAX 6
#define PROVEN       200000000

/* A supervisor's stretch whose pages were taken away so often is left to the soft way (the places
 * in a kernel that access user pages are few, and become probes); half of it is forgotten every
 * 50 ms. Mapping anew that often costs 1 % of the time; soft, what else is in the stretch faults at
 * each instruction until that has a probe. */
#define CHURN_LIMIT  64
#define CHURN_PERIOD 50000000

/* A check that leaves less than this share of a user window's pages has met another process. */
#define REPLACED_SHARE 4
#define REPLACED_PAGES 16

#endif
