// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The decoder: any bytes in any mode give an instruction that can be executed, or a need for more.
#include <stdlib.h>

#include "base/bits.h"
#include "cpu/insn.h"
#include "fuzz.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void check(bool condition)
{
    if (!condition)
        abort();
}

static void decode(const uint8_t *data, unsigned size, unsigned mode)
{
    struct insn insn;
    int length = insn_decode(&insn, data, size, mode, NULL);
    check(length >= -2 && length <= INSN_MAX_LENGTH);
    if (length == 0) { /* more bytes are needed: 15 are always enough */
        check(size < INSN_MAX_LENGTH);
        return;
    }
    check(insn.fn != NULL);
    if (length < 0)
        return;
    check(length <= (int)size && insn.length == length && insn.op != INSN_OP_UNDEFINED);
    check(insn.base < GPR_SLOTS && insn.index < GPR_SLOTS);
    /* What is behind an instruction does not matter. */
    struct insn again;
    check(insn_decode(&again, data, (unsigned)length, mode, NULL) == length);
    check(again.op == insn.op && again.imm == insn.imm && again.disp == insn.disp);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned modes[] = { 0, MODE_CS32, MODE_CS64 };
    for (unsigned n = 0; n < ARRAY_SIZE(modes); n++)
        decode(data, (unsigned)MIN(size, 64), modes[n]);
    return 0;
}
