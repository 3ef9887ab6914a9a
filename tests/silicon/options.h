// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the program is asked to run.
#ifndef TESTS_SILICON_OPTIONS_H
#define TESTS_SILICON_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
    uint64_t seed, first, count; /* cases a row; sequences */
    bool one;                    /* --case: that one alone */
    unsigned groups;             /* of enum row_group */
    const char *row;             /* mnemonic; NULL: all of the groups */
    int row_number;              /* -1: all */
    bool sequences;
    unsigned engines; /* a bit an engine */
    uint32_t optimise;
    unsigned threshold; /* entries before a block is translated */
    uint64_t cache;     /* bytes of generated code */
    unsigned failures;  /* a row before it is left, and in all of a sequence run */
    unsigned seconds;   /* after which it ends well; 0: never */
    bool no_segments, verbose;
};

/* False: said what is wrong. */
bool options_parse(struct options *o, int argc, char **argv);

#endif
