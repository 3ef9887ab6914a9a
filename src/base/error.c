// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An error that a person will read.
#include "base/error.h"

#include "base/format.h"

bool error_set(struct error *err, const char *fmt, ...)
{
    if (err != NULL) {
        va_list ap;
        va_start(ap, fmt);
        vformat(err->text, sizeof err->text, fmt, ap);
        va_end(ap);
    }
    return false;
}
