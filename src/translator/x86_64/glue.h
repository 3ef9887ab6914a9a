// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The parts of the glue, which is emitted once, each by the file whose subject it is.
#ifndef TRANSLATOR_X86_64_GLUE_H
#define TRANSLATOR_X86_64_GLUE_H

#include "translator/x86_64/assembler.h"

struct glue;
struct translator;

/*
 * lookup.c: what the table of jump targets has for a linear address (in a register other than
 * R9-R12) in the mode that runs: behind this is the way where it has nothing; at the label the
 * entry is as the operand says, and R12 to be moved back into RCX. Clobbers R9-R12, keeps the
 * flags.
 */
struct asm_label emit_table_probe(struct assembler *a, unsigned linear, struct host_memory *code);
/* To the translation for the EIP in R8D, whatever the base of CS is: by the table, or else by its
 * bytes. Flags are kept. */
void emit_shared_lookup(struct assembler *a, const struct glue *g);
/* glue.link and far_link. */
void emit_link_glue(const struct translator *tr, struct assembler *a, struct glue *g);
/* glue.return_mismatch, return_bottom and lookup. */
void emit_return_glue(struct assembler *a, struct glue *g);
/* One more of the filled far links, R13: RCX of them are free, not none. Clobbers R9 and RCX. */
void emit_list_link(struct assembler *a);

/* computed.c: glue.computed_miss. */
void emit_computed_glue(const struct translator *tr, struct assembler *a, struct glue *g);

/* operand.c: glue.probe. */
void emit_shared_probes(struct assembler *a, struct glue *g);

/* call.c: a landing's begin: RCX is in R9, ECX zero if R8D is eip, which is negated at
 * LANDING_EIP. */
void emit_landing_test(struct assembler *a, uint32_t eip);
enum { LANDING_EIP = 6 };

#endif
