// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What emit functions of x87 and SSE share, and what blocks with such instructions begin with.
#ifndef TRANSLATOR_X86_64_FPU_EMIT_H
#define TRANSLATOR_X86_64_FPU_EMIT_H

#include "translator/x86_64/emitter.h"

/* At the block's begin: to the slow path (of instruction e->index) while the FPU is closed to
 * kinds. Flags are kept; clobbers R9. */
void fpu_guard(struct emitter *e, unsigned kinds);
/* To the slow path unless all six exception masks, which begin at bit `shift` of a host register
 * (R8), are set. Flags are kept; clobbers it and R9. */
void fpu_require_masks(struct emitter *e, unsigned reg, unsigned shift);

/* x87_environment.c: rows that x87.c hands on. */
emit_fn emit_fldcw, emit_fldenv, emit_fnstenv;

#endif
