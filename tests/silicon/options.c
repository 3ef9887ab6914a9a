// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What the program is asked to run.
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "generate.h"
#include "guest.h"
#include "translator/translator.h"

static const char usage[] =
    "bmbt-silicon [OPTION]...\n"
    "Runs instructions on this processor and under bmbt, and compares.\n"
    "  --engine NAME    interp, soft, host, auto; may be repeated; default interp\n"
    "  --group NAME     integer, system, x87, mmx, sse; may be repeated; default all\n"
    "  --row MNEMONIC   rows of this name alone\n"
    "  --row-number N   one row of the opcode table, as failures name it\n"
    "  --sequences      random programs instead of single instructions\n"
    "  --count N        cases a row (100), or programs (1000)\n"
    "  --seconds N      begin again with the next seed until so much time has gone\n"
    "  --seed N         where the random numbers begin (1)\n"
    "  --case N         this case alone, as failures name it\n"
    "  --failures N     shown of a row before it is left (1)\n"
    "  --without NAME   chain, lookup, targets, origins, return, fpu, rewrite: an optimisation of the translator\n"
    "  --threshold N    entries before a block is translated (1)\n"
    "  --cache N        bytes of the cache of generated code\n"
    "  --no-segments    flat segments alone\n"
    "  --verbose        each row and its count, counters of the translator\n";

struct name {
    const char *name;
    unsigned value;
};

static bool find_name(const struct name *names, unsigned count, const char *text, unsigned *bits)
{
    for (unsigned n = 0; n < count; n++)
        if (strcmp(names[n].name, text) == 0) {
            *bits |= names[n].value;
            return true;
        }
    fprintf(stderr, "no such thing: %s\n", text);
    return false;
}

static bool parse_named(struct options *o, const char *option, const char *value)
{
    static const struct name engines[] = { { "interp", 1 << ENGINE_INTERP },
                                           { "soft", 1 << ENGINE_SOFT },
                                           { "host", 1 << ENGINE_HOST },
                                           { "auto", 1 << ENGINE_AUTO } };
    static const struct name groups[] = { { "integer", GROUP_INTEGER },
                                          { "system", GROUP_SYSTEM },
                                          { "x87", GROUP_X87 },
                                          { "mmx", GROUP_MMX },
                                          { "sse", GROUP_SSE } };
    static const struct name optimisations[] = { { "chain", OPTIMISE_CHAIN },
                                                 { "lookup", OPTIMISE_LOOKUP },
                                                 { "targets", OPTIMISE_TARGETS },
                                                 { "origins", OPTIMISE_ORIGINS },
                                                 { "return", OPTIMISE_RETURN },
                                                 { "fpu", OPTIMISE_FPU },
                                                 { "rewrite", OPTIMISE_REWRITE } };
    if (strcmp(option, "--engine") == 0)
        return find_name(engines, ARRAY_SIZE(engines), value, &o->engines);
    if (strcmp(option, "--group") == 0)
        return find_name(groups, ARRAY_SIZE(groups), value, &o->groups);
    if (strcmp(option, "--without") == 0) {
        unsigned bits = 0;
        bool known = find_name(optimisations, ARRAY_SIZE(optimisations), value, &bits);
        o->optimise &= ~bits;
        return known;
    }
    fprintf(stderr, "no such option: %s\n%s", option, usage);
    return false;
}

static bool parse_value(struct options *o, const char *option, const char *value)
{
    uint64_t number = strtoull(value, NULL, 0);
    if (strcmp(option, "--row") == 0)
        o->row = value;
    else if (strcmp(option, "--row-number") == 0)
        o->row_number = (int)number;
    else if (strcmp(option, "--count") == 0)
        o->count = number;
    else if (strcmp(option, "--seconds") == 0)
        o->seconds = (unsigned)number;
    else if (strcmp(option, "--seed") == 0)
        o->seed = number;
    else if (strcmp(option, "--threshold") == 0)
        o->threshold = (unsigned)number;
    else if (strcmp(option, "--cache") == 0)
        o->cache = number;
    else if (strcmp(option, "--failures") == 0)
        o->failures = (unsigned)number;
    else if (strcmp(option, "--case") == 0)
        o->first = number, o->one = true;
    else
        return parse_named(o, option, value);
    return true;
}

bool options_parse(struct options *o, int argc, char **argv)
{
    *o = (struct options){
        .seed = 1,
        .row_number = -1,
        .optimise = OPTIMISE_ALL,
        .threshold = 1,
        .cache = translator_defaults.cache_size,
        .failures = 1,
    };
    for (int n = 1; n < argc; n++) {
        if (strcmp(argv[n], "--sequences") == 0)
            o->sequences = true;
        else if (strcmp(argv[n], "--no-segments") == 0)
            o->no_segments = true;
        else if (strcmp(argv[n], "--verbose") == 0)
            o->verbose = true;
        else if (strcmp(argv[n], "--help") == 0 || n + 1 == argc) {
            fputs(usage, stderr);
            return false;
        } else if (!parse_value(o, argv[n], argv[n + 1]))
            return false;
        else
            n++;
    }
    if (o->engines == 0)
        o->engines = 1 << ENGINE_INTERP;
    if (o->groups == 0)
        o->groups = ~0u;
    if (o->count == 0)
        o->count = o->one ? 1 : o->sequences ? 1000 : 100;
    return true;
}
