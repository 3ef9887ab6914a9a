// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where blocks and their decoded instructions lie.
#ifndef CPU_BLOCK_ROOM_H
#define CPU_BLOCK_ROOM_H

#include "cpu/block_cache.h"

/*
 * Blocks are many and stay; their decoded instructions are ten times as large and of use only until
 * the engine has translated them. So instructions lie in a ring whose oldest blocks forget theirs
 * when room is needed, and decode them anew if they are ever executed again.
 */
struct block_room;
struct block_room *block_room_create(void);
/* Where all blocks lie: block_ref 1 is the first. */
struct block *block_room_array(const struct block_room *room);
void block_room_destroy(struct block_room *room);
/* Everything is free again. insns: the ring's size in decoded instructions, at most DECODED_MAX. */
void block_room_reset(struct block_room *room, unsigned insns);

/* The block that the next keep() keeps; NULL when there is none. */
struct block *block_room_block(struct block_room *room);
void block_room_keep(struct block_room *room);
/* A dropped block may be used again once nothing remembers it: after reclaim(). */
void block_room_drop(struct block_room *room, struct block *b);
/* Are so many dropped ones waiting that remembering them is to end? */
bool block_room_wants_reclaim(const struct block_room *room);
void block_room_reclaim(struct block_room *room);

/* Room for the instructions of the largest block, until the next call. */
struct insn *block_room_insns(struct block_room *room);
/* Keep as many, the end marker included, for b, whose insns become what block_room_insns() gave. */
void block_room_keep_insns(struct block_room *room, struct block *b, unsigned count);

#endif
