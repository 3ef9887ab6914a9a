// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Which instructions the executor does for translations, as text.
#include "base/bits.h"
#include "base/format.h"
#include "translator/internal.h"

enum { COUNTED = ARRAY_SIZE(((struct translator_counts *)0)->executed_by_op) };

/* What tells rows of one mnemonic apart: "0F 01 /2", "F3 0F 53", "D9 F4". */
static void describe(const struct opcode *row, char *text, size_t size)
{
    static const char *const prefixes[] = {
        [PFX_ANY] = "", [PFX_NP] = "", [PFX_66] = "66 ", [PFX_F3] = "F3 ", [PFX_F2] = "F2 "
    };
    static const char *const maps[] = {
        [MAP_1B] = "", [MAP_0F] = "0F ", [MAP_0F38] = "0F 38 ", [MAP_0F3A] = "0F 3A "
    };
    size_t length =
        format(text, size, "%s%s%02X", prefixes[row->prefix], maps[row->map], row->opcode);
    if (row->rm != RM_ANY)
        format(text + length, size - length, " %02X", 0xc0u | row->reg << 3 | row->rm);
    else if (row->reg != REG_ANY)
        format(text + length, size - length, " /%u%s", row->reg,
               row->mod == MOD_REG   ? " r"
               : row->mod == MOD_MEM ? " m"
                                     : "");
}

static void print_count(const char *mnemonic, const char *bytes, uint64_t count, uint64_t all,
                        void (*line)(void *opaque, const char *text), void *opaque)
{
    char text[80];
    unsigned permille = all == 0 ? 0 : (unsigned)(count * 1000 / all);
    format(text, sizeof text, "%-14s %-12s %12llu %3u.%u%%", mnemonic, bytes,
           (unsigned long long)count, permille / 10, permille % 10);
    line(opaque, text);
}

/* The row that comes behind row `last` when rows are ordered by count, then by number: -1: none. */
static int next_row(const struct translator_counts *counts, int last)
{
    const uint64_t *by_op = counts->executed_by_op;
    int next = -1;
    for (int n = 0; n < (int)MIN(opcode_count, COUNTED); n++) {
        bool behind = last < 0 || by_op[n] < by_op[last] || (by_op[n] == by_op[last] && n > last);
        if (by_op[n] > 0 && behind && (next < 0 || by_op[n] > by_op[next]))
            next = n;
    }
    return next;
}

void translator_print(struct cpu *cpu, void (*line)(void *opaque, const char *text), void *opaque)
{
    if (cpu->translator == NULL)
        return;
    const struct translator_counts *counts = &translator_of(cpu)->counts;
    uint64_t rest = counts->executed;
    for (int n = next_row(counts, -1); n >= 0; n = next_row(counts, n)) {
        char bytes[24];
        describe(&opcode_table[n], bytes, sizeof bytes);
        print_count(opcode_table[n].mnemonic, bytes, counts->executed_by_op[n], counts->executed,
                    line, opaque);
        rest -= counts->executed_by_op[n];
    }
    if (rest > 0)
        print_count("(undefined)", "", rest, counts->executed, line, opaque);
}
