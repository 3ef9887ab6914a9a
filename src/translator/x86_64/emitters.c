// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Which function emits a row.
#include "translator/x86_64/emit_functions.h"

emit_fn *emitter_of(const struct opcode *row)
{
    return emitter_table[row - opcode_table];
}
