// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Text without a C library: length, comparison, search.
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

static inline size_t text_length(const char *text)
{
    size_t n = 0;
    while (text[n] != '\0')
        n++;
    return n;
}

static inline bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b)
        a++, b++;
    return *a == *b;
}

/* Does text begin with prefix? */
static inline bool text_starts(const char *text, const char *prefix)
{
    while (*prefix != '\0')
        if (*text++ != *prefix++)
            return false;
    return true;
}

/* The first place of part in text, NULL if it is not there. */
static inline const char *text_find(const char *text, const char *part)
{
    for (; *text != '\0'; text++)
        if (text_starts(text, part))
            return text;
    return NULL;
}

#endif
