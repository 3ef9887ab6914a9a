// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The command line: each line of the input is an argument.
#include <stdio.h>
#include <stdlib.h>

#include "control/options.h"
#include "fuzz.h"

enum { ARGUMENTS_MAX = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    /* Lists that are asked for would fill the terminal. */
    return freopen("/dev/null", "w", stdout) == NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char program[] = "bmbt", *text = malloc(size + 1), *next = text;
    char *arguments[ARGUMENTS_MAX + 2] = { program };
    int count = 1;
    memcpy(text, data, size);
    text[size] = 0;
    for (char *line; count <= ARGUMENTS_MAX && (line = strsep(&next, "\n")) != NULL;)
        arguments[count++] = line;
    struct options options;
    struct error err = { "" };
    if (!options_parse(&options, count, arguments, &err) && err.text[0] == 0)
        abort(); /* refused without a word */
    options_destroy(&options);
    free(text);
    return 0;
}
