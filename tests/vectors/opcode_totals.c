// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Counts tests by the row of the opcode table, over whatever files they come from.
#include "opcode_totals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/insn.h"

struct count {
    uint64_t tests, agreed;
};

struct opcode_totals {
    struct count undefined; /* what no row stands for */
    struct count *rows;     /* opcode_count of them */
};

struct opcode_totals *opcode_totals_create(void)
{
    struct opcode_totals *t = calloc(1, sizeof *t);
    t->rows = calloc(opcode_count, sizeof *t->rows);
    return t;
}

void opcode_totals_destroy(struct opcode_totals *t)
{
    free(t->rows);
    free(t);
}

void opcode_totals_add(struct opcode_totals *t, const struct moo_test *test, bool agreed)
{
    uint8_t bytes[INSN_MAX_LENGTH] = { 0 };
    struct insn insn;
    memcpy(bytes, test->code, test->code_length < sizeof bytes ? test->code_length : sizeof bytes);
    int length = insn_decode(&insn, bytes, sizeof bytes, 0, NULL);
    struct count *c = length > 0 ? &t->rows[insn.op] : &t->undefined;
    c->tests++;
    c->agreed += agreed;
}

static void show(const char *opcode, const char *mnemonic, const struct count *c)
{
    if (c->tests != 0)
        printf("%-12s %-10s %8" PRIu64 " of %8" PRIu64 " agree\n", opcode, mnemonic, c->agreed,
               c->tests);
}

static void show_row(const struct opcode *row, const struct count *c)
{
    static const char *const maps[MAP_COUNT] = { "", "0f ", "0f 38 ", "0f 3a " };
    char name[24];
    int at = snprintf(name, sizeof name, "%s%02x", maps[row->map], row->opcode);
    if (row->reg != REG_ANY)
        snprintf(name + at, sizeof name - (size_t)at, " /%u", row->reg);
    show(name, row->mnemonic, c);
}

static int by_opcode(const void *left, const void *right)
{
    const struct opcode *a = &opcode_table[*(const unsigned *)left];
    const struct opcode *b = &opcode_table[*(const unsigned *)right];
    if (a->map != b->map)
        return a->map - b->map;
    return a->opcode != b->opcode ? a->opcode - b->opcode : a->reg - b->reg;
}

void opcode_totals_show(const struct opcode_totals *t)
{
    unsigned *order = calloc(opcode_count, sizeof *order);
    for (unsigned n = 0; n < opcode_count; n++)
        order[n] = n;
    qsort(order, opcode_count, sizeof *order, by_opcode);
    printf("by opcode:\n");
    for (unsigned n = 0; n < opcode_count; n++)
        show_row(&opcode_table[order[n]], &t->rows[order[n]]);
    show("none", "", &t->undefined);
    free(order);
}
