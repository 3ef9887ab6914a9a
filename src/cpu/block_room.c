// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Where blocks and their decoded instructions lie: an array, and a ring.
#include "cpu/block_room.h"

#include "cpu/block_store.h"
#include "host/host.h"

/* Before the instructions of one block. */
struct record {
    struct block *owner; /* NULL: it was dropped */
    unsigned slots;      /* with this one */
};

union slot {
    struct record record;
    struct insn insn;
};

enum { LARGEST = BLOCK_MAX_INSNS + 2 };

_Static_assert(sizeof(union slot) == sizeof(struct insn), "a record is a slot");
_Static_assert(DECODED_MIN > 4 * LARGEST, "the ring holds more than a few blocks");

struct block_room {
    void *memory;
    struct block *blocks;    /* in it */
    unsigned used;           /* of the array, ever since the last reset */
    struct block *spare;     /* given by block_room_block(), not kept yet */
    block_ref free, dropped; /* by hash_next */
    unsigned dropped_count;
    /* The ring: [oldest, next), or, where next is before oldest, [oldest, end) and [0, next). */
    union slot *slots;
    unsigned size, oldest, next, end;
    bool empty;
};

static struct block *first_whole_line(void *memory)
{
    uintptr_t line = sizeof(struct block);
    return (struct block *)(((uintptr_t)memory + line - 1) & ~(line - 1));
}

struct block *block_room_array(const struct block_room *room)
{
    return room->blocks;
}

struct block_room *block_room_create(void)
{
    struct block_room *room = host_alloc(sizeof *room);
    room->memory = host_alloc((BLOCKS_MAX + 1) * sizeof *room->blocks);
    room->blocks = first_whole_line(room->memory);
    room->slots = host_alloc(DECODED_MAX * sizeof *room->slots);
    block_room_reset(room, DECODED_MAX);
    return room;
}

void block_room_destroy(struct block_room *room)
{
    host_free(room->memory);
    host_free(room->slots);
    host_free(room);
}

void block_room_reset(struct block_room *room, unsigned insns)
{
    room->used = 0;
    room->spare = NULL;
    room->free = room->dropped = 0;
    room->dropped_count = 0;
    room->size = insns;
    room->oldest = room->next = 0;
    room->empty = true;
}

/* ---- blocks ---------------------------------------------------------------------------------- */

struct block *block_room_block(struct block_room *room)
{
    if (room->spare == NULL && room->free != 0) {
        room->spare = &room->blocks[room->free - 1];
        room->free = room->spare->hash_next;
    } else if (room->spare == NULL && room->used < BLOCKS_MAX) {
        room->spare = &room->blocks[room->used++];
    }
    return room->spare;
}

void block_room_keep(struct block_room *room)
{
    room->spare = NULL;
}

static struct record *record_of(const struct block *b)
{
    return &((union slot *)b->insns - 1)->record;
}

void block_room_drop(struct block_room *room, struct block *b)
{
    if (b->insns != NULL)
        record_of(b)->owner = NULL;
    b->hash_next = room->dropped;
    room->dropped = (block_ref)(b - room->blocks) + 1;
    room->dropped_count++;
}

bool block_room_wants_reclaim(const struct block_room *room)
{
    return room->dropped_count > DROPPED_BLOCKS_MAX ||
           (room->dropped != 0 && room->free == 0 && room->used == BLOCKS_MAX);
}

void block_room_reclaim(struct block_room *room)
{
    block_ref *last = &room->dropped;
    while (*last != 0)
        last = &room->blocks[*last - 1].hash_next;
    *last = room->free;
    room->free = room->dropped;
    room->dropped = 0;
    room->dropped_count = 0;
}

/* ---- instructions ---------------------------------------------------------------------------- */

static void forget(struct block *b)
{
    if (b->entry == b->insns)
        b->entry = &block_entry_forgotten;
    b->insns = NULL;
}

static void forget_oldest(struct block_room *room)
{
    struct record *r = &room->slots[room->oldest].record;
    if (r->owner != NULL)
        forget(r->owner);
    room->oldest += r->slots;
    if (room->next < room->oldest && room->oldest == room->end)
        room->oldest = 0;
    room->empty = room->oldest == room->next;
}

static bool wrapped(const struct block_room *room)
{
    return !room->empty && room->next <= room->oldest;
}

struct insn *block_room_insns(struct block_room *room)
{
    if (room->empty)
        room->oldest = room->next = 0;
    if (!wrapped(room) && room->size - room->next < LARGEST) {
        room->end = room->next;
        room->next = 0;
    }
    while (wrapped(room) && room->oldest - room->next < LARGEST)
        forget_oldest(room);
    return &room->slots[room->next + 1].insn;
}

void block_room_keep_insns(struct block_room *room, struct block *b, unsigned count)
{
    union slot *first = &room->slots[room->next];
    first->record = (struct record){ .owner = b, .slots = count + 1 };
    b->insns = &first[1].insn;
    room->next += count + 1;
    room->empty = false;
}
