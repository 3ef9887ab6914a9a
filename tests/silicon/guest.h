// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// bmbt's side: a processor that runs cases under one of its engines.
#ifndef TESTS_SILICON_GUEST_H
#define TESTS_SILICON_GUEST_H

#include "case.h"
#include "common/machine.h"

struct guest;
struct options;
/* On the thread that will run it. NULL: the host refuses this engine; *why says what. */
struct guest *guest_create(enum engine_kind engine, const struct options *options,
                           const char **why);
void guest_destroy(struct guest *g);
/* Run a case, but leave its memory for guest_memory(). */
void guest_run(struct guest *g, const struct silicon_case *c, struct silicon_result *out);
/* A page as the case left it. */
const uint8_t *guest_page(const struct guest *g, unsigned page);
/* Give the pages their background back: those that the case wrote to. */
void guest_restore(struct guest *g, uint32_t pages);
/* Counters of the translator, for those who want to see that it did something. */
void guest_print_counts(struct guest *g);

#endif
