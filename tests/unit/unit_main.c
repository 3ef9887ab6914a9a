// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Runs the tests of one executable and counts.
#include "unit.h"

#include <stdarg.h>
#include <stdlib.h>

static struct unit_test *first;
static struct unit_test **tail = &first;
static unsigned failures;

void unit_register(struct unit_test *test)
{
    *tail = test;
    tail = &test->next;
}

void unit_fail(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    failures++;
    /* A broken loop must not bury the first failures under a million others. */
    if (failures > 100)
        return;
    fprintf(stderr, "%s:%d: ", file, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}

/* Arguments are names of the tests to run; none: all. */
static int wanted(int argc, char **argv, const char *name)
{
    if (argc < 2)
        return 1;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    unsigned run = 0, failed = 0;
    for (struct unit_test *test = first; test != NULL; test = test->next) {
        if (!wanted(argc, argv, test->name))
            continue;
        unsigned before = failures;
        test->run();
        run++;
        if (failures != before) {
            failed++;
            fprintf(stderr, "FAIL %s\n", test->name);
        }
    }
    printf("%u passed, %u failed\n", run - failed, failed);
    return failed != 0 || run == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
