// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An error that a person will read: one line that names what is wrong and the remedy.
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

/*
 * Functions that can fail for a reason a user must hear take a `struct error *` last and return
 * false or NULL after error_set(). The text has no newline and no "error:" prefix; the top adds
 * both.
 */
struct error {
    char text[512];
};

/* Format the message (format.h's language) into err; err may be NULL. Always returns false. */
bool error_set(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
