// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The operands of one instruction as both decoders have them.
#ifndef TESTS_DECODER_OPERANDS_H
#define TESTS_DECODER_OPERANDS_H

#include <Zydis/Zydis.h>

#include "cpu/insn.h"

/* What differs, or NULL. mode: MODE_*. */
const char *operands_compare(const struct insn *insn, const struct opcode *row, unsigned mode,
                             const ZydisDecodedInstruction *other,
                             const ZydisDecodedOperand *operands);

#endif
