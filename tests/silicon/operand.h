// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Memory operands: where they are, and every way to say so.
#ifndef TESTS_SILICON_OPERAND_H
#define TESTS_SILICON_OPERAND_H

#include "case.h"
#include "random.h"

/* An encoding under construction. */
struct encoder {
    struct random *random;
    struct silicon_case *c;
    const struct opcode *row;
    uint8_t bytes[32];
    unsigned length;
    bool osize16, asize16; /* effective sizes */
    unsigned segment;      /* of the memory operand: SEG_*, or SEG_NONE: the default */
    uint8_t fixed;         /* registers whose values may not be changed any more, a bit each */
    uint8_t used;          /* registers whose values were relied upon */
    bool segments;         /* others than the flat ones exist */
    bool in_program;       /* one of many: memory is as it was found, the stack as well */
};

static inline void emit(struct encoder *e, uint32_t value, unsigned size)
{
    for (unsigned n = 0; n < size; n++)
        e->bytes[e->length++] = (uint8_t)(value >> (8 * n));
}

/* A linear address in the arena for an operand of up to size bytes: mostly in the middle of a
 * writable page,
 * sometimes at a border or where nothing is. */
uint32_t operand_place(struct random *r, unsigned size);
/* The same for the encoder: in a program mostly where nothing faults. */
uint32_t operand_choose(struct encoder *e, unsigned size);
/* Put interesting bytes there, where there is writable memory. */
void operand_fill(struct encoder *e, uint32_t linear, unsigned size);
/* ModRM and what follows for a memory operand at linear, with registers set to match. */
void operand_emit_memory(struct encoder *e, unsigned reg, uint32_t linear);

#endif
