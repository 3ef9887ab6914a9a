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

/* Blocks (64 bytes each). A compiler's run on top of a booted system has 190000. */
#define BLOCKS_MAX (1u << 18)

/* When there are more so many are dropped at once, if possible of those that are not
 * translated: unless there are hardly any, as a sweep may look at all. */
#define BLOCKS_SWEPT       (BLOCKS_MAX / 8)
#define BLOCKS_SWEPT_LEAST (BLOCKS_MAX / 64)

/* Dropped blocks before the jump cache is emptied, so that they can be used again. */
#define DROPPED_BLOCKS_MAX 4096

/* Pages that code was decoded from, each once (56 bytes): 128 MiB of code. */
#define CODE_PAGES_MAX (1u << 15)

/* Decoded instructions that are kept (32 bytes each): without a translator 3 MiB of guest code;
 * with one, code that is still cold: as much as is decoded in some milliseconds. */
#define DECODED_MAX (24u << 15)
#define DECODED_MIN (4u << 15)

/* Heads of the hash chains of blocks and of code pages: 200000 blocks on 10000 pages. */
#define BLOCK_HASH_BITS     17
#define CODE_PAGE_HASH_BITS 13

/* Memory changes by other threads waiting for the processor; more become one flush of everything.
 */
#define CHANGE_QUEUE 64

#endif
