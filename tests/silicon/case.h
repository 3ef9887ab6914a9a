// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One case: the state before, the bytes in memory, and what it became.
#ifndef TESTS_SILICON_CASE_H
#define TESTS_SILICON_CASE_H

#include <stdbool.h>
#include <stdint.h>

#include "cpu/arch.h"
#include "cpu/insn.h"
#include "host/float.h"
#include "layout.h"

/* FXSAVE's image in its 64-bit form. SDM 1 table 10-2 */
struct fx_image {
    uint16_t control, status;
    uint8_t tags, reserved;
    uint16_t opcode;
    uint64_t ip, dp;
    uint32_t mxcsr, mxcsr_mask;
    struct f80 st[8];
    union vector xmm[16];
    uint8_t rest[96];
} __attribute__((aligned(16)));
_Static_assert(sizeof(struct f80) == 16 && sizeof(struct fx_image) == 512, "layout");

enum { SEGMENTS = SEG_GS + 1 };

struct silicon_state {
    struct fx_image fx;
    uint32_t gpr[8], eip, eflags;
    uint16_t segment[SEGMENTS]; /* selectors, by SEG_* */
};

/* Bytes that are put over the background before the case runs. */
struct silicon_patch {
    uint32_t address;
    uint16_t length, offset; /* in silicon_case.bytes */
};
enum { CASE_PATCHES = 12, CASE_BYTES = 8192 };

/* The most instructions of a sequence. */
enum { PROGRAM_ITEMS = 600 };

/* Parts of the result that the manual leaves undefined, or that differ for a known reason. */
struct silicon_undefined {
    uint32_t flags;
    uint16_t x87_status;
    uint8_t gpr;       /* a bit a register; of those: */
    uint32_t gpr_bits; /* which bits */
    uint32_t memory, memory_length;
    bool everything;
    /* A program: flags before each of its instructions, by offset; the last is its end. */
    uint16_t points;
    struct {
        uint16_t offset, flags;
    } point[PROGRAM_ITEMS + 1];
};

struct silicon_case {
    const struct opcode *row; /* NULL: a sequence */
    uint64_t seed, number;
    struct silicon_state in;
    struct silicon_undefined undefined;
    uint32_t patch_count, byte_count;
    struct silicon_patch patches[CASE_PATCHES];
    uint8_t bytes[CASE_BYTES];
};

/* Vectors beyond the processor's: the case did not end; it called the kernel. */
enum { VECTOR_TIMEOUT = 0x100, VECTOR_SYSTEM_CALL = 0x101 };

struct silicon_result {
    struct silicon_state state;
    int32_t vector; /* the exception that ended it; its EIP is in state */
    uint32_t error, cr2;
    uint32_t changed;                           /* a bit a page that differs from the background */
    uint8_t memory[LAYOUT_PAGES * LAYOUT_PAGE]; /* of those pages alone */
};

/* Returns where its bytes go in the case. */
uint8_t *case_patch(struct silicon_case *c, uint32_t address, unsigned length);
/* The address of the code: its first patch. */
static inline const struct silicon_patch *case_code(const struct silicon_case *c)
{
    return &c->patches[0];
}

#endif
