// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What emit functions of x87 and SSE share.
#ifndef TRANSLATOR_X86_64_FPU_EMIT_H
#define TRANSLATOR_X86_64_FPU_EMIT_H

#include "translator/x86_64/emitter.h"

/* To the slow path unless a host register is zero. Flags and the register are kept; clobbers R9. */
void fpu_require_zero(struct emitter *e, unsigned reg);
/*
 * To the slow path unless all six exception masks, which begin at bit `shift` of a host register
 * (R8), are set. Flags are kept; clobbers it and R9.
 */
void fpu_require_masks(struct emitter *e, unsigned reg, unsigned shift);
/* To the slow path if it has bits set from number `bit` on. Flags and the register are kept. */
void fpu_require_zero_above(struct emitter *e, unsigned reg, unsigned bit);

emit_fn emit_fldcw, emit_fldenv, emit_fnstenv;

#endif
