// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Options of the log: what is logged, of which addresses, and where it goes.
#include "control/options_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

static void print_categories(void)
{
    printf("Log categories:\n");
    for (unsigned n = 0; n < LOG_CATEGORY_COUNT; n++)
        printf("%-14s %s\n", log_category_name(n), log_category_help(n));
    printf("%-14s %s\n", "all", "all of these");
}

bool options_parse_log(const char *text, uint32_t *mask, struct error *err)
{
    while (*text != '\0') {
        size_t length = strcspn(text, ",");
        int category = log_category_find(text, length);
        if (category >= 0)
            *mask |= UINT32_C(1) << category;
        else if (length == 3 && strncmp(text, "all", 3) == 0)
            *mask = UINT32_MAX;
        else
            return error_set(err, "no category '%.*s' (-d help lists them)", (int)length, text);
        text += length + (text[length] == ',');
    }
    return true;
}

bool option_log(struct options *o, const char *argument_text, struct error *err)
{
    if (strcmp(argument_text, "help") == 0 || strcmp(argument_text, "?") == 0) {
        print_categories();
        o->done = true;
        return true;
    }
    return options_parse_log(argument_text, &o->log_mask, err);
}

bool option_log_file(struct options *o, const char *argument_text, struct error *err)
{
    (void)err;
    o->log_file = argument_text;
    return true;
}

/* Hexadecimal with 0x, else decimal or octal, as elsewhere; *end: behind it. */
static bool parse_address(const char *text, char **end, uint64_t *address)
{
    errno = 0;
    *address = strtoull(text, end, 0);
    return *end != text && errno == 0 && *text != '-' && *text != '+';
}

/* FIRST..LAST, START+SIZE, or END-SIZE, whose last byte is END. */
static bool parse_range(const char *text, size_t length, struct log_range *range)
{
    uint64_t first, second;
    char *end;
    if (!parse_address(text, &end, &first) || end == text + length)
        return false;
    char kind = *end++;
    if ((kind != '.' && kind != '+' && kind != '-') || (kind == '.' && *end++ != '.'))
        return false;
    if (!parse_address(end, &end, &second) || end != text + length)
        return false;
    *range = (struct log_range){ first, second };
    if (kind == '.')
        return first <= second;
    if (second == 0)
        return false;
    *range = kind == '+' ? (struct log_range){ first, first + (second - 1) }
                         : (struct log_range){ first - (second - 1), first };
    return range->first <= range->last;
}

bool option_log_filter(struct options *o, const char *argument_text, struct error *err)
{
    o->log_range_count = 0;
    while (*argument_text != '\0') {
        size_t length = strcspn(argument_text, ",");
        if (o->log_range_count == OPTIONS_LOG_RANGES)
            return error_set(err, "there may be %u ranges", (unsigned)OPTIONS_LOG_RANGES);
        if (!parse_range(argument_text, length, &o->log_ranges[o->log_range_count++]))
            return error_set(err, "'%.*s' is not FIRST..LAST, START+SIZE or END-SIZE", (int)length,
                             argument_text);
        argument_text += length + (argument_text[length] == ',');
    }
    return true;
}
