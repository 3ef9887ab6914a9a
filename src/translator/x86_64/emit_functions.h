// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Declarations of every emit function, made from the lists.
#ifndef TRANSLATOR_X86_64_EMIT_FUNCTIONS_H
#define TRANSLATOR_X86_64_EMIT_FUNCTIONS_H

#include "translator/x86_64/emitter.h"

#define EMIT(map, first, last, prefix, reg, function) emit_fn function;
#include "translator/x86_64/emitters.inc"
#undef EMIT

/* By index into opcode_table; made at build time by make_emitter_table.c. */
extern emit_fn *const emitter_table[];

#endif
