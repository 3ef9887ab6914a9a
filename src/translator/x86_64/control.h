// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What jumps (control.c) share with calls and returns (call.c).
#ifndef TRANSLATOR_X86_64_CONTROL_H
#define TRANSLATOR_X86_64_CONTROL_H

#include "translator/x86_64/emit_functions.h"

/* Where the instruction goes; 16-bit operand size cuts it. False: no EIP can be there. */
bool jump_target(const struct emitter *e, const struct insn *i, uint32_t *target);
/* The target of an indirect jump may be beyond the limit in 16-bit code with 32-bit operands. */
void require_target_fits(struct emitter *e, const struct insn *i, unsigned target);
/* Is the target in the page that holds all of this block? */
bool in_own_page(const struct emitter *e, uint32_t target);
/* Is OPTIMISE_* switched on? Are links to other pages made? */
bool optimised(const struct emitter *e, uint32_t which);
bool far_links(const struct emitter *e);
/* r/m into a scratch register, zero-extended. */
void emit_load_target(struct emitter *e, const struct insn *i, unsigned to);
/* lookup.c: to the block at the EIP in R8D by the table; R9-R13 are clobbered, flags kept. */
void emit_lookup(struct emitter *e, bool call);
/* computed.c: the same of a computed call or jump, which remembers its last target. */
void emit_computed(struct emitter *e, bool call);

#endif
