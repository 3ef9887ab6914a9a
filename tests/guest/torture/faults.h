// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Faults: the instructions, and where their operands and code lie.
#ifndef TESTS_GUEST_TORTURE_FAULTS_H
#define TESTS_GUEST_TORTURE_FAULTS_H

#include "torture.h"

#define PAGE(n) (TEST_LINEAR + (uint32_t)(n)*4096)
#define RWX     (PTE_P | PTE_W | PTE_U)

/* Operands lie about the border between the first two; the third is good for everything. */
#define FIRST  PAGE(8)
#define SECOND PAGE(9)
#define GOOD   (PAGE(12) + 0x800)
#define CODES  PAGE(32)

/* As faults_rows.S writes them. */
enum { AT_EBX, AT_ESI, AT_EDI, AT_ESP, PUSHES, AT_EBP };
enum { READS = 1, WRITES = 2, STEPS = 4, ALIGNED = 8, IN_DS = 16, COMPARES = 32, FILL_SHIFT = 8 };
enum { FILL_RANDOM, FILL_RETURN, FILL_SELECTOR, FILL_POINTER, FILL_BOUNDS, FILL_FX, FILL_CONTROLS };
struct row {
    const uint8_t *code, *end;
    uint32_t size, at, access, undefined, feature;
    const char *name;
};
extern const struct row fault_rows[], fault_rows_end[];

/* Several instructions: the first ones may be done when the last one faults. */
bool row_is_sequence(const struct row *row);
bool row_supported(const struct row *row);
/* A copy of the row's instructions, where its state starts. */
void row_place(const struct row *row, unsigned index);
/* The state before, with the operand at this offset of its segment. */
void row_start(const struct row *row, unsigned index, uint32_t offset, uint32_t linear,
               unsigned level, struct state *s);
/* Memory as it is before the instruction; and what became of it. */
void row_fill(const struct row *row, uint32_t linear, const struct state *start);
uint32_t row_memory(unsigned level);
uint32_t row_digest(const struct row *row, const struct state *s);
/* Flags that a fault of it may leave in any state. */
uint32_t row_vague(const struct row *row);
/* Print a case that failed. */
void row_report(const struct row *row, const char *what, uint32_t offset, const struct state *start,
                const struct state *end);
/* The operand's offsets from a border that are worth a look: negative, -size and 0 among them. */
unsigned row_offsets(const struct row *row, int offsets[], bool with_inside);

void faults_pages(void);
void faults_limits(void);
void faults_jumps(void);

#endif
