// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A program of random instructions: its layout, and which flags are undefined where.
#include "program.h"

#include <stddef.h>
#include <string.h>

#include "base/bits.h"

/* ---- items ----------------------------------------------------------------------------------- */

void program_insert(struct program *p, unsigned at, const struct item *item)
{
    memmove(&p->items[at + 1], &p->items[at], (p->count - at) * sizeof p->items[0]);
    p->items[at] = *item;
    p->count++;
    for (unsigned n = 0; n < p->count; n++)
        if (n != at && p->items[n].kind != ITEM_PLAIN && p->items[n].target > (int)at)
            p->items[n].target++;
}

void program_remove(struct program *p, unsigned at)
{
    p->count--;
    memmove(&p->items[at], &p->items[at + 1], (p->count - at) * sizeof p->items[0]);
    for (unsigned n = 0; n < p->count; n++)
        if (p->items[n].kind != ITEM_PLAIN && p->items[n].target > (int)at)
            p->items[n].target--;
}

/* ---- undefined flags ------------------------------------------------------------------------- */

static bool flow_into(uint16_t *before, unsigned to, uint16_t flags)
{
    bool more = flags & ~before[to];
    before[to] |= flags;
    return more;
}

/* before[n]: flags that are undefined before item n by some way; [count]: at the end. */
static void find_undefined(const struct program *p, uint16_t *before)
{
    bool changed = true;
    memset(before, 0, (p->count + 1) * sizeof *before);
    while (changed) {
        changed = false;
        for (unsigned n = 0; n < p->count; n++) {
            const struct item *i = &p->items[n];
            uint16_t after = (uint16_t)((before[n] & ~i->defines) | i->undefines);
            bool goes_on = i->kind <= ITEM_BRANCH;
            if (goes_on)
                changed |= flow_into(before, n + 1, after);
            if (i->kind >= ITEM_BRANCH)
                changed |= flow_into(before, (unsigned)i->target, after);
        }
    }
}

/* ---- layout ---------------------------------------------------------------------------------- */

struct layout {
    uint16_t offset[PROGRAM_ITEMS + 1];
    bool is_long[PROGRAM_ITEMS];
};

static bool relative(const struct item *i)
{
    return i->kind >= ITEM_BRANCH && i->kind <= ITEM_CALL;
}

/* Jcc rel8 becomes 0F 8x rel32, JMP rel8 E9; CALL has no short form. */
static unsigned long_length(const struct item *i)
{
    return i->kind == ITEM_BRANCH ? i->length + 4u : i->length + 3u;
}

static void place(const struct program *p, struct layout *l)
{
    unsigned at = 0;
    for (unsigned n = 0; n < p->count; n++) {
        l->offset[n] = (uint16_t)at;
        at += relative(&p->items[n]) && l->is_long[n] ? long_length(&p->items[n])
                                                      : p->items[n].length;
    }
    l->offset[p->count] = (uint16_t)at;
}

/* Lengthen what does not reach until everything does. False: one that cannot be. */
static bool lay_out(const struct program *p, struct layout *l)
{
    for (unsigned n = 0; n < p->count; n++)
        l->is_long[n] = p->items[n].kind == ITEM_CALL;
    for (bool changed = true; changed;) {
        changed = false;
        place(p, l);
        for (unsigned n = 0; n < p->count; n++) {
            const struct item *i = &p->items[n];
            if (!relative(i) || l->is_long[n])
                continue;
            int distance = l->offset[i->target] - l->offset[n + 1];
            if (distance == (int8_t)distance)
                continue;
            if (i->only_short)
                return false;
            l->is_long[n] = changed = true;
        }
    }
    return true;
}

static unsigned put_relative(const struct program *p, const struct layout *l, unsigned n,
                             uint8_t *out)
{
    const struct item *i = &p->items[n];
    uint32_t distance = (uint32_t)(l->offset[i->target] - l->offset[n + 1]);
    memcpy(out, i->bytes, i->length);
    if (!l->is_long[n]) {
        out[i->length - 1] = (uint8_t)distance;
        return i->length;
    }
    unsigned prefix = i->length - 2u; /* opcode and rel8 are the last two */
    if (i->kind == ITEM_BRANCH) {
        out[prefix] = 0x0f;
        out[prefix + 1] = i->bytes[prefix] + 0x10;
        store_le32(out + prefix + 2, distance);
        return prefix + 6;
    }
    out[prefix] = i->kind == ITEM_CALL ? 0xe8 : 0xe9;
    store_le32(out + prefix + 1, distance);
    return prefix + 5;
}

static void put_items(const struct program *p, const struct layout *l, uint32_t eip, uint8_t *out)
{
    for (unsigned n = 0; n < p->count; n++) {
        const struct item *i = &p->items[n];
        if (relative(i)) {
            out += put_relative(p, l, n, out);
            continue;
        }
        memcpy(out, i->bytes, i->length);
        if (i->kind == ITEM_ADDRESS)
            store_le32(out + i->address_at, eip + l->offset[i->target] + i->address_add);
        out += i->length;
    }
}

bool program_emit(const struct program *p, uint32_t linear, struct silicon_case *c, unsigned *where)
{
    uint16_t before[PROGRAM_ITEMS + 1];
    struct layout l;
    find_undefined(p, before);
    for (unsigned n = 0; n < p->count; n++)
        if (p->items[n].reads & before[n]) {
            *where = n;
            return false;
        }
    *where = p->count;
    if (!lay_out(p, &l) || l.offset[p->count] > CODE + CODE_SIZE - linear ||
        l.offset[p->count] > CASE_BYTES / 2)
        return false;
    c->patch_count = c->byte_count = 0;
    memset(&c->undefined, 0, offsetof(struct silicon_undefined, point));
    put_items(p, &l, linear, case_patch(c, linear, l.offset[p->count]));
    c->undefined.points = (uint16_t)(p->count + 1);
    for (unsigned n = 0; n <= p->count; n++) {
        c->undefined.point[n].offset = l.offset[n];
        c->undefined.point[n].flags = before[n];
    }
    return true;
}
