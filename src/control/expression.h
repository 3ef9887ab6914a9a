// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Expressions of the monitor: numbers, 'c', $register, + - * / % & | ^ ~ and parentheses.
#ifndef CONTROL_EXPRESSION_H
#define CONTROL_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct cpu;

/* Evaluates what *text begins with and moves *text behind it and the spaces after it. False with
 * what is wrong. */
bool expression_evaluate(const struct cpu *cpu, const char **text, uint64_t *value,
                         struct error *err);

/* A register by name ("eax", "eip", "cr3", "cs.base", ...). False if there is none of that name. */
bool register_value(const struct cpu *cpu, const char *name, uint64_t *value);

#endif
