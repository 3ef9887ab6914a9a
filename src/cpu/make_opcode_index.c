// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Run at build time: writes the table that leads from map and opcode to the rows of opcodes.inc.
#include <stdio.h>

#include "cpu/insn.h"

enum { REG_0, REG_1, REG_2, REG_3, REG_4, REG_5, REG_6, REG_7 };
enum { RM_0, RM_1, RM_2, RM_3, RM_4, RM_5, RM_6, RM_7 };

struct row {
    unsigned map, opcode, count; /* count opcodes from opcode */
    unsigned rank;               /* how special the row is: the most special match wins */
};

#define SPREAD(op) (OPERAND_##op == OPERAND_Zb || OPERAND_##op == OPERAND_Zv)
#define OP(map, opcode, prefix, reg, mod, rm, mnemonic, op1, op2, op3, ...)                        \
    { MAP_##map, opcode, SPREAD(op1) || SPREAD(op2) || SPREAD(op3) ? 8 : 1,                        \
      (PFX_##prefix != PFX_ANY) * 8u + ((int)RM_##rm != RM_ANY) * 4u +                             \
          ((int)REG_##reg != REG_ANY) * 2u + (MOD_##mod != MOD_ANY) },

static const struct row rows[] = {
#include "cpu/opcodes.inc"
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static int covers(const struct row *row, unsigned map, unsigned opcode)
{
    return row->map == map && opcode - row->opcode < row->count;
}

/* The rows of one opcode, the most special first; returns how many. */
static unsigned print_candidates(unsigned map, unsigned opcode)
{
    unsigned count = 0;
    for (int rank = 15; rank >= 0; rank--) {
        for (unsigned i = 0; i < ROW_COUNT; i++) {
            if (rows[i].rank == (unsigned)rank && covers(&rows[i], map, opcode)) {
                printf("    %u,\n", i);
                count++;
            }
        }
    }
    return count;
}

int main(void)
{
    static unsigned first[MAP_COUNT][256], count[MAP_COUNT][256];
    unsigned total = 0;
    printf("#include \"cpu/opcode_index.h\"\n\nconst uint16_t opcode_candidates[] = {\n");
    for (unsigned map = 0; map < MAP_COUNT; map++) {
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            first[map][opcode] = total;
            count[map][opcode] = print_candidates(map, opcode);
            total += count[map][opcode];
        }
    }
    printf("    0 /* ends the list */\n};\n\nconst struct opcode_slot opcode_slots[MAP_COUNT][256] "
           "= {\n");
    for (unsigned map = 0; map < MAP_COUNT; map++) {
        printf("    {\n");
        for (unsigned opcode = 0; opcode < 256; opcode++)
            printf("        {%u, %u},\n", first[map][opcode], count[map][opcode]);
        printf("    },\n");
    }
    printf("};\n");
    return 0;
}
