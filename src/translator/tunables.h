// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Sizes of the translator that may be changed, each with its reason.
#ifndef TRANSLATOR_TUNABLES_H
#define TRANSLATOR_TUNABLES_H

/* The code cache is emptied an eighth at a time: little that is hot is lost at once. */
#define CODE_REGIONS 8

/* To which it may grow, region by region, while most of what is translated had been dropped to make
 * room: Debian with a compiler at work wants 30 MiB. */
#define CODE_REGIONS_MAX 24

/* The smallest cache: each region holds a few of the largest chains. */
#define CODE_CACHE_MIN (1u << 20)

/* The largest one, with all that it may grow by: so far reach 28 bits for a link's stub. */
#define CODE_CACHE_MAX (1u << 30)

/* What it begins with: what Debian has translated when it asks for a login, 160 bytes a block, and
 * as much data again. */
#define CODE_CACHE_DEFAULT (19u << 20)

/* Two sets of bits for translations that were dropped, and how many may be set in one: all of a
 * cache that has not grown. By chance one in eight is then taken for another. */
#define REGRET_BITS 21
#define REGRET_MAX  (1u << 17)

/* Room for a chain: 48 instructions of at most 512 bytes. */
#define TRANSLATION_MAX_CODE  (24u << 10)
#define TRANSLATION_INSN_CODE 512
#define TRANSLATION_MAX_DATA  (8u << 10)

/* Translating a block costs some 2 us, which is what executing it and finding the next takes four
 * times. */
#define TRANSLATION_THRESHOLD 4

/* So much dearer is each further version of a block, for another EIP, mode or GS. */
#define TRANSLATION_MORE_FACTOR 5

/* Blocks that are translated together, each where the one before goes on: a chain. */
#define TRANSLATION_CHAIN 8

/* Versions of one block; one more drops all of them. */
#define TRANSLATION_MAX_VERSIONS 4

/* Calls that may be open before the return stack starts anew: 8 bytes each. */
#define RETURN_STACK_SIZE (64u << 10)

/* How many calls are looked through for the one that a return goes behind, if it is not the last.
 * Below the first call are more entries than that, which lead to the look-up. */
#define RETURN_SEARCH       4
#define RETURN_STACK_BOTTOM 8

/* Far links that may be filled before all are emptied, a compiler's run fills 50000; as many, to
 * global pages, are kept over a flush of the others. */
#define FAR_LINKS_MAX 65536

/* So many translations dropped, and all are filled anew: a link to one of them costs a look-up. */
#define FAR_LINKS_DROPS 256

/* Of a computed jump's target, before it is looked up in the table each time. A change costs some
 * twenty instructions more than a look-up, which costs five more than what did not change. */
#define COMPUTED_CHANGES 32

/* Translations that are found by their bytes without leaving generated code: 32 bytes each. */
#define ORIGIN_BITS 15

/* Faults at one instruction before its memory access is rewritten to a soft probe. */
#define REWRITE_FAULTS 4

/* Blocks with such probes that may get rid of them; entries of generated code between two looks, a
 * second or less, as each timer interrupt leads to some; how often a block may. */
#define PROBED_BLOCKS     256
#define SITES_LOOK        1024
#define PROBE_RETURNS_MAX 6

/* Calls of the executor of which is remembered where they are: a search costs twice as much. */
#define RECENT_SITES 256

#endif
