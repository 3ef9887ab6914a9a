// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Run at build time: writes the table that leads from a row of opcodes.inc to its emit function.
#include <stdio.h>

#include "cpu/insn.h"

enum { REG_0, REG_1, REG_2, REG_3, REG_4, REG_5, REG_6, REG_7 };

struct row {
    unsigned map, opcode, prefix, reg;
};

#define OP(map, opcode, prefix, reg, ...) { MAP_##map, opcode, PFX_##prefix, REG_##reg },
static const struct row rows[] = {
#include "cpu/opcodes.inc"
};
#undef OP

struct rule {
    unsigned map, first, last, prefix, reg;
    const char *function;
};

#define EMIT(map, first, last, prefix, reg, function)                                              \
    { MAP_##map, first, last, PFX_##prefix, REG_##reg, #function },
static const struct rule rules[] = {
#include "translator/x86_64/emitters.inc"
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0], RULE_COUNT = sizeof rules / sizeof rules[0] };

static bool fits(const struct rule *rule, const struct row *row)
{
    return rule->map == row->map && row->opcode >= rule->first && row->opcode <= rule->last &&
           (rule->prefix == PFX_ANY || rule->prefix == row->prefix) &&
           ((int)rule->reg == REG_ANY || rule->reg == row->reg);
}

int main(void)
{
    static bool used[RULE_COUNT];
    int status = 0;
    printf("#include \"translator/x86_64/emit_functions.h\"\n\n"
           "emit_fn *const emitter_table[] = {\n");
    for (unsigned n = 0; n < ROW_COUNT; n++) {
        const char *function = "NULL";
        for (unsigned k = RULE_COUNT; k-- > 0;)
            if (fits(&rules[k], &rows[n])) {
                used[k] = true;
                function = rules[k].function;
            }
        printf("    %s,\n", function);
    }
    printf("};\n");
    for (unsigned k = 0; k < RULE_COUNT; k++)
        if (!used[k]) {
            fprintf(stderr, "EMIT of %s at 0x%02x: no such row\n", rules[k].function,
                    rules[k].first);
            status = 1;
        }
    return status;
}
