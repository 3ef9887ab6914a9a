// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Arguments of the form "value,key=value,flag", and the values in them.
#ifndef CONTROL_KEYVAL_H
#define CONTROL_KEYVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/*
 * Take the next part off *cursor, a text that is changed by it; NULL at the end. `,,` stands for a
 * comma within a value. *value points behind the first `=`, or is NULL where the part has none.
 */
char *keyval_next(char **cursor, char **value);

/* on, off, yes, no, true, false; NULL (a flag that stands alone) is on. */
bool keyval_switch(const char *key, const char *value, bool *out, struct error *err);
/* Decimal, 0x hexadecimal or 0 octal, no larger than max. */
bool keyval_number(const char *key, const char *value, uint64_t max, uint64_t *out,
                   struct error *err);
/* "64", "64M", "1.5G": bytes; without a suffix in units of `unit`. What it counts is for the
 * message. */
bool keyval_size(const char *value, uint64_t unit, uint64_t *out, struct error *err);

/* The number of single-letter changes that make a into b. */
unsigned spelling_distance(const char *a, const char *b);

#endif
