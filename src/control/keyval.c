// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Parsing of option arguments.
#include "control/keyval.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

char *keyval_next(char **cursor, char **value)
{
    char *part = *cursor, *to = part;
    *value = NULL;
    if (part == NULL || *part == '\0')
        return NULL;
    const char *from = part;
    for (; *from != '\0'; from++) {
        if (*from == ',') {
            if (from[1] != ',')
                break;
            from++;
        } else if (*from == '=' && *value == NULL) {
            *to++ = '\0';
            *value = to;
            continue;
        }
        *to++ = *from;
    }
    *cursor += from - part + (*from == ',');
    *to = '\0';
    return part;
}

bool keyval_switch(const char *key, const char *value, bool *out, struct error *err)
{
    static const struct {
        const char *name;
        bool on;
    } names[] = { { "on", true },  { "off", false }, { "yes", true },
                  { "no", false }, { "true", true }, { "false", false } };
    if (value == NULL) {
        *out = true;
        return true;
    }
    for (unsigned n = 0; n < sizeof names / sizeof names[0]; n++)
        if (strcmp(value, names[n].name) == 0) {
            *out = names[n].on;
            return true;
        }
    return error_set(err, "%s is on or off, not '%s'", key, value);
}

bool keyval_number(const char *key, const char *value, uint64_t max, uint64_t *out,
                   struct error *err)
{
    char *end;
    if (value == NULL || !isdigit((unsigned char)*value))
        return error_set(err, "%s takes a number, not '%s'", key, value != NULL ? value : "");
    errno = 0;
    *out = strtoull(value, &end, 0);
    if (*end != '\0')
        return error_set(err, "%s takes a number, not '%s'", key, value);
    if (errno != 0 || *out > max)
        return error_set(err, "%s is at most %llu (0x%llx)", key, (unsigned long long)max,
                         (unsigned long long)max);
    return true;
}

static int suffix_shift(char c)
{
    switch (toupper((unsigned char)c)) {
    case 'B': return 0;
    case 'K': return 10;
    case 'M': return 20;
    case 'G': return 30;
    case 'T': return 40;
    case 'P': return 50;
    default: return -1;
    }
}

bool keyval_size(const char *value, uint64_t unit, uint64_t *out, struct error *err)
{
    char *end = NULL;
    uint64_t millionths = 0;
    if (value == NULL || !isdigit((unsigned char)*value))
        return error_set(err, "a size is a number with K, M, G or T behind it");
    errno = 0;
    uint64_t whole = strtoull(value, &end, 10);
    if (errno != 0)
        return error_set(err, "this is too large a number");
    if (*end == '.') {
        uint64_t place = 100000;
        for (end++; isdigit((unsigned char)*end); end++, place /= 10)
            millionths += place * (uint64_t)(*end - '0');
    }
    if (*end != '\0') {
        int shift = suffix_shift(*end);
        if (shift < 0 || end[1] != '\0')
            return error_set(err, "a size is a number with K, M, G or T behind it");
        unit = UINT64_C(1) << shift;
    }
    if (whole > UINT64_MAX / 2 / unit)
        return error_set(err, "this is too large a number");
    *out = whole * unit + (uint64_t)((unsigned __int128)millionths * unit / 1000000);
    return true;
}

#define SPELLING_MAX 32

unsigned spelling_distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b);
    unsigned row[SPELLING_MAX + 1];
    if (la > SPELLING_MAX || lb > SPELLING_MAX)
        return SPELLING_MAX;
    for (size_t j = 0; j <= lb; j++)
        row[j] = (unsigned)j;
    for (size_t i = 1; i <= la; i++) {
        unsigned diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= lb; j++) {
            unsigned best =
                diagonal + (tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]));
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[lb];
}
