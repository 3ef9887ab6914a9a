// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// One string of bytes, decoded here and there.
#ifndef TESTS_DECODER_COMPARE_H
#define TESTS_DECODER_COMPARE_H

#include <Zydis/Zydis.h>

#include "cpu/insn.h"

enum { CODE_LENGTH = 16 };

struct comparison {
    int length; /* here, as insn_decode() has it */
    struct insn insn;
    const struct opcode *row; /* NULL: undefined here */
    bool known;               /* there */
    ZydisDecodedInstruction other;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    const char *difference; /* NULL: the same, or invalid in both */
};

/* A second decoder for the mode, of a processor without the extensions that can be left out of it. */
void compare_prepare(ZydisDecoder *decoder, unsigned bits);
void compare(struct comparison *c, const uint8_t bytes[CODE_LENGTH], unsigned bits,
             const ZydisDecoder *decoder);

#endif
