// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Sizes that may be changed, each with its reason.
#ifndef CPU_TUNABLES_H
#define CPU_TUNABLES_H

/* Whole translations kept per privilege, for data and for code: only slow accesses look here, and
 * look-ups that the jump cache misses; each covers 4 MiB. */
#define TLB_PAGES_BITS 10
#define TLB_PAGES      (1u << TLB_PAGES_BITS)

/* Evicted ones that can come back without a walk: two arrays of devices 4 MiB apart share places; a
 * few suffice. */
#define TLB_VICTIMS 8

/* Pages that page tables were read from last; kernels walk few at a time. */
#define TLB_WALK_PAGES 32

/* Jump cache entries (16 bytes each): a block in use every few instructions of a 1 MiB kernel text
 * fits in the host's L2 cache. */
#define JUMP_CACHE_BITS 12

/* Decoded code, all dropped at once when full. A guest byte decodes to about 10 bytes: this holds 3
 * MiB of hot guest code. */
#define BLOCK_ARENA_SIZE (32u << 20)

/* Heads of the hash chains of blocks and of code pages: a full arena has about 200000 blocks on
 * 2000 pages. */
#define BLOCK_HASH_BITS     16
#define CODE_PAGE_HASH_BITS 11

/* Memory changes by other threads waiting for the processor; more become one flush of everything.
 */
#define CHANGE_QUEUE 64

#endif
