// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A random program while it is made.
#ifndef TESTS_SILICON_MAKER_H
#define TESTS_SILICON_MAKER_H

#include "program.h"
#include "random.h"

/*
 * Nobody knows what the registers will hold. So those with an address that is needed are loaded
 * with it just before, unless they are known to hold what they were loaded with last.
 */
struct maker {
    struct random *random;
    struct program *program;
    struct silicon_case *c; /* c->in: the state before; scratch for the encoder */
    uint32_t value[8];
    uint8_t known;      /* registers that hold value[] */
    uint8_t kept;       /* registers that may not be written: counters of loops */
    bool stack_is_kept; /* a return address is on it */
    bool segments;
    bool changes_itself;
    int patchable; /* the item that code may write to next; -1: none */
    unsigned room; /* items left */
    unsigned groups;
};

/* The arena's last bytes: counters of loops, addresses of jumps. */
#define SLOTS (ARENA + ARENA_SIZE - 48)

/* maker.c: one item more. */
struct item *maker_add(struct maker *m, enum item_kind kind, const void *bytes, unsigned length);
#define ADD(m, kind, bytes) maker_add(m, kind, bytes, sizeof(bytes) - 1)
/* MOV r32,imm32. */
void maker_load(struct maker *m, unsigned r, uint32_t value);
void maker_add_instruction(struct maker *m);
/* Up to count instructions or structures; depth: how many structures are around them. */
void maker_add_block(struct maker *m, unsigned count, unsigned depth);

/* maker_flow.c */
void maker_add_branch(struct maker *m, unsigned depth);
void maker_add_skip(struct maker *m, unsigned depth);
void maker_add_loop(struct maker *m, unsigned depth);
void maker_add_call(struct maker *m, unsigned depth);
/* maker_change.c */
void maker_add_self_change(struct maker *m, unsigned depth);

#endif
