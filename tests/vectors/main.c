// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// bmbt-cputest: agreement with suites of single instructions that were captured from hardware, by opcode.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "moo.h"
#include "opcode_totals.h"
#include "single_step.h"

static const char usage[] =
    "usage: bmbt-cputest [OPTION]... FILE...\n"
    "Runs tests of single instructions in the MOO format (plain or .gz) on bmbt's processor, and tells how many of each\n"
    "file agree with the hardware that they were captured from.\n"
    "  --cpu NAME           the model, as bmbt's -cpu takes it (486)\n"
    "  --engine NAME        interp, soft, host, auto: what executes; all but interp translate each instruction (interp)\n"
    "  --opcodes            agreement by opcode, too, over all files\n"
    "  --ignore-undefined   leave out flags and registers that the suite's masks declare undefined\n"
    "  --failures N         show so many tests of a file that differ (3)\n"
    "  --first N            begin with this test of each file, as failures name it\n"
    "  --count N            so many of each file\n"
    "Ends with 0 when all tests agree, 1 when one differs, 2 when a file or an option is wrong, 77 when the host refuses\n"
    "the engine.\n";

/* EXIT_SKIPPED: what meson takes for that. */
enum { EXIT_DIFFERS = 1, EXIT_WRONG = 2, EXIT_SKIPPED = 77 };

struct options {
    struct single_step_options step;
    uint64_t failures, first, count;
    bool by_opcode;
    struct opcode_totals *opcodes; /* NULL: not asked for */
    char **files;
    int file_count;
};

struct totals {
    uint64_t tests, agreed, left_out, stepped;
};

static int fail(const char *text)
{
    fprintf(stderr, "bmbt-cputest: %s\n", text);
    return EXIT_WRONG;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool parse_number(const char *option, const char *text, uint64_t *out)
{
    char *end;
    *out = strtoull(text, &end, 0);
    if (*text >= '0' && *text <= '9' && *end == 0)
        return true;
    fprintf(stderr, "bmbt-cputest: %s %s: not a number\n", option, text);
    return false;
}

static bool parse_engine(struct options *o, const char *value)
{
    o->step.engine = engine_find(value);
    if (o->step.engine == ENGINE_COUNT)
        fprintf(stderr, "bmbt-cputest: --engine %s: no such engine\n", value);
    return o->step.engine != ENGINE_COUNT;
}

static bool parse_value(struct options *o, const char *option, const char *value)
{
    static const char *const names[] = { "--failures", "--first", "--count" };
    uint64_t *const numbers[] = { &o->failures, &o->first, &o->count };
    if (strcmp(option, "--cpu") == 0) {
        o->step.model = value;
        return true;
    }
    if (strcmp(option, "--engine") == 0)
        return parse_engine(o, value);
    for (unsigned n = 0; n < ARRAY_SIZE(names); n++)
        if (strcmp(option, names[n]) == 0)
            return parse_number(option, value, numbers[n]);
    fprintf(stderr, "bmbt-cputest: no such option: %s; --help lists them\n", option);
    return false;
}

static bool parse(struct options *o, int argc, char **argv)
{
    int n = 1;
    for (; n < argc && strncmp(argv[n], "--", 2) == 0; n++) {
        if (strcmp(argv[n], "--ignore-undefined") == 0) {
            o->step.ignore_undefined = true;
            continue;
        }
        if (strcmp(argv[n], "--opcodes") == 0) {
            o->by_opcode = true;
            continue;
        }
        if (n + 1 == argc) {
            fprintf(stderr, "bmbt-cputest: %s wants a value, and a FILE behind it\n", argv[n]);
            return false;
        }
        if (!parse_value(o, argv[n], argv[n + 1]))
            return false;
        n++;
    }
    o->files = argv + n;
    o->file_count = argc - n;
    if (o->file_count == 0)
        fputs("bmbt-cputest: no FILE given; --help tells more\n", stderr);
    return o->file_count != 0;
}

/* ---- reports --------------------------------------------------------------------------------- */

static void show(const char *path, const struct moo_test *test, const struct outcome *outcome)
{
    printf("  %s --first %u --count 1: %s (", path, (unsigned)test->index, test->name);
    for (unsigned n = 0; n < test->code_length; n++)
        printf(n ? " %02x" : "%02x", test->code[n]);
    printf(")\n");
    for (unsigned n = 0; n < outcome->count; n++) {
        const struct difference *d = &outcome->differences[n];
        printf("    %s: hardware %" PRIx32 ", bmbt %" PRIx32 ", bits that differ %" PRIx32 "\n",
               d->where, d->wanted, d->found, (d->wanted ^ d->found) & d->mask);
    }
}

static void show_totals(const char *name, const char *mnemonic, const struct totals *t)
{
    printf("%-24s %-8s %8" PRIu64 " of %8" PRIu64 " agree", name, mnemonic, t->agreed, t->tests);
    if (t->left_out)
        printf(", %" PRIu64 " left out", t->left_out);
    if (t->stepped)
        printf(", %" PRIu64 " by the executor", t->stepped);
    putchar('\n');
}

/* ---- files ----------------------------------------------------------------------------------- */

static bool run_tests(struct single_step *s, struct moo_file *file, const char *path,
                      const struct options *o, struct totals *t, struct error *err)
{
    static struct outcome outcome;
    struct moo_test test;
    uint64_t shown = 0;
    while (moo_next(file, &test, err)) {
        struct error why;
        if (test.index < o->first || test.index - o->first >= o->count)
            continue;
        if (!single_step_run(s, &test, &outcome, &why)) {
            if (t->left_out++ == 0)
                printf("  %s: left out: %s\n", path, why.text);
            continue;
        }
        t->tests++;
        t->agreed += outcome.count == 0;
        t->stepped += o->step.engine != ENGINE_INTERP && outcome.stepped;
        if (o->opcodes != NULL)
            opcode_totals_add(o->opcodes, &test, outcome.count == 0);
        if (outcome.count && shown++ < o->failures)
            show(path, &test, &outcome);
    }
    return !err->text[0];
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool run_file(const char *path, const struct options *o, struct totals *all, struct error *err)
{
    struct totals t = { 0 };
    struct moo_file *file = moo_open(path, err);
    if (file == NULL)
        return false;
    struct single_step *s = single_step_create(&o->step, moo_header(file), err);
    bool ok = s != NULL && run_tests(s, file, path, o, &t, err);
    if (ok)
        show_totals(file_name(path), moo_header(file)->mnemonic, &t);
    if (s != NULL)
        single_step_destroy(s);
    moo_close(file);
    all->tests += t.tests;
    all->agreed += t.agreed;
    all->left_out += t.left_out;
    all->stepped += t.stepped;
    return ok;
}

static int run_files(struct options *o)
{
    struct totals all = { 0 };
    struct error err;
    bool ok = true;
    o->opcodes = o->by_opcode ? opcode_totals_create() : NULL;
    for (int n = 0; n < o->file_count && ok; n++)
        ok = run_file(o->files[n], o, &all, &err);
    if (ok && o->file_count > 1)
        show_totals("all", "", &all);
    if (ok && o->opcodes != NULL)
        opcode_totals_show(o->opcodes);
    if (o->opcodes != NULL)
        opcode_totals_destroy(o->opcodes);
    if (!ok)
        return fail(err.text);
    return all.agreed == all.tests ? EXIT_SUCCESS : EXIT_DIFFERS;
}

int main(int argc, char **argv)
{
    struct options o = { .step = { .model = "486" }, .failures = 3, .count = UINT64_MAX };
    struct error err;
    if (argc > 1 && strcmp(argv[argc - 1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!parse(&o, argc, argv))
        return EXIT_WRONG;
    if (!single_step_possible(o.step.engine, &err)) {
        printf("skipped: %s\n", err.text);
        return EXIT_SKIPPED;
    }
    return run_files(&o);
}
