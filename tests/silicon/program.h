// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A program of random instructions: items that can be moved and taken out, until they become bytes.
#ifndef TESTS_SILICON_PROGRAM_H
#define TESTS_SILICON_PROGRAM_H

#include "case.h"

enum item_kind {
    ITEM_PLAIN,    /* goes on with the next */
    ITEM_ADDRESS,  /* the same, but four of its bytes are an address in target */
    ITEM_BRANCH,   /* to target or to the next: bytes end in rel8, with the long form in mind */
    ITEM_JUMP,     /* to target alone, the same */
    ITEM_CALL,     /* the same */
    ITEM_INDIRECT, /* to target, though its bytes do not say so: jumps, calls and returns */
};
struct item {
    uint8_t kind, length;
    bool only_short;                 /* LOOPcc, JCXZ */
    bool keep;                       /* without it a loop would have no end */
    bool patchable;                  /* another item writes to its bytes */
    uint8_t address_at, address_add; /* where in bytes, and how far behind target's first byte */
    uint8_t bytes[15];
    int16_t target;                     /* an item's number */
    uint16_t reads, defines, undefines; /* flags */
};
struct program {
    unsigned count;
    struct item items[PROGRAM_ITEMS];
};

void program_insert(struct program *p, unsigned at, const struct item *item);
void program_remove(struct program *p, unsigned at);
/*
 * Into the case as its code, with the undefined flags by place. False: too long, or an item reads
 * flags that are undefined there: *where.
 */
bool program_emit(const struct program *p, uint32_t linear, struct silicon_case *c,
                  unsigned *where);

#endif
