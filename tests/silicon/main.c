// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The silicon oracle: the same cases on this processor and under bmbt's engines.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/bits.h"
#include "generate.h"
#include "guest.h"
#include "native.h"
#include "options.h"
#include "report.h"
#include "sequence.h"
#include "shrink.h"

/* What meson takes as "skipped". */
enum { EXIT_SKIPPED = 77 };

struct run {
    const struct options *options;
    struct native *native;
    struct guest *guests[ENGINE_COUNT];
    uint64_t cases, failures, undefined, ended, endless;
};

static bool create_guests(struct run *run)
{
    for (unsigned n = 0; n < ENGINE_COUNT; n++) {
        const char *why = NULL;
        if (!(run->options->engines >> n & 1))
            continue;
        run->guests[n] = guest_create(n, run->options, &why);
        if (run->guests[n] == NULL) {
            printf("skipped: %s: %s\n", engine_names[n], why);
            return false;
        }
    }
    return true;
}

static void destroy(struct run *run)
{
    for (unsigned n = 0; n < ENGINE_COUNT; n++) {
        if (run->guests[n] == NULL)
            continue;
        if (run->options->verbose)
            guest_print_counts(run->guests[n]);
        guest_destroy(run->guests[n]);
    }
    native_destroy(run->native);
}

/* ---- cases ----------------------------------------------------------------------------------- */

/*
 * Pages that the guest may have written to are given back, so that the next case finds the background:
 * those that silicon wrote to, but all where there was a fault, as what was written before one, and whether
 * there is one, may be tolerated.
 */
static unsigned run_guest(struct run *run, enum engine_kind engine, const struct silicon_case *c,
                          const struct silicon_result *native)
{
    static struct silicon_result result;
    struct guest *g = run->guests[engine];
    guest_run(g, c, &result);
    uint32_t differs = compare(c, native, &result, g);
    if (differs)
        report_difference(c, engine, differs, native, &result, g);
    bool others = differs || c->undefined.everything || native->vector != EXC_BP;
    guest_restore(g, others ? ~0u : native->changed);
    return differs != 0;
}

static unsigned run_batch(struct run *run, unsigned count)
{
    unsigned failed = 0;
    const struct silicon_case *cases = native_cases(run->native);
    if (!native_run(run->native, count)) {
        printf("FAIL: the process that runs cases natively died; --seed %" PRIu64 " --case %" PRIu64
               " to %" PRIu64 "\n",
               cases[0].seed, cases[0].number, cases[count - 1].number);
        return 1;
    }
    for (unsigned n = 0; n < count; n++) {
        run->undefined += cases[n].undefined.everything;
        run->endless += native_results(run->native)[n].vector == VECTOR_TIMEOUT;
        for (unsigned engine = 0; engine < ENGINE_COUNT; engine++)
            if (run->guests[engine] != NULL &&
                native_results(run->native)[n].vector != VECTOR_TIMEOUT)
                failed += run_guest(run, engine, &cases[n], &native_results(run->native)[n]);
    }
    run->cases += count;
    run->failures += failed;
    return failed;
}

static void run_row(struct run *run, const struct opcode *row, uint64_t seed)
{
    const struct options *o = run->options;
    bool segments = native_has_segments(run->native) && !o->no_segments;
    uint64_t number = o->first, end = number + o->count;
    unsigned failed = 0;
    while (number < end && failed < o->failures) {
        unsigned count = (unsigned)MIN(end - number, (uint64_t)(o->one ? 1 : NATIVE_BATCH));
        for (unsigned n = 0; n < count; n++)
            generate_case(&native_cases(run->native)[n], row, seed, number++, segments);
        failed += run_batch(run, count);
    }
    if (o->verbose)
        printf("%4d %-12s %02x /%u %u differ\n", (int)(row - opcode_table), row->mnemonic,
               row->opcode, row->reg, failed);
}

static void run_rows(struct run *run, uint64_t seed)
{
    const struct options *o = run->options;
    for (unsigned n = 0; n < opcode_count; n++) {
        const struct opcode *row = &opcode_table[n];
        if (!(row_group(row) & o->groups) || row_left_out(row) != NULL ||
            (o->row != NULL && strcmp(o->row, row->mnemonic) != 0) ||
            (o->row_number >= 0 && o->row_number != (int)n))
            continue;
        run_row(run, row, seed);
    }
}

/* failed[n]: a bit an engine. */
static void run_sequence_batch(struct run *run, unsigned count, uint8_t *failed)
{
    static struct silicon_result result;
    const struct silicon_case *cases = native_cases(run->native);
    const struct silicon_result *native = native_results(run->native);
    memset(failed, 0, count);
    run->cases += count;
    if (!native_run(run->native, count)) {
        printf("FAIL: the process that runs cases natively died; --sequences --seed %" PRIu64
               " --case %" PRIu64 " to %" PRIu64 "\n",
               cases[0].seed, cases[0].number, cases[count - 1].number);
        run->failures++;
        return;
    }
    for (unsigned n = 0; n < count; n++)
        for (unsigned engine = 0; engine < ENGINE_COUNT; engine++) {
            struct guest *g = run->guests[engine];
            if (g == NULL || native[n].vector == VECTOR_TIMEOUT)
                continue;
            guest_run(g, &cases[n], &result);
            uint32_t differs = compare(&cases[n], &native[n], &result, g);
            if (differs) {
                failed[n] |= (uint8_t)(1 << engine);
                printf("not shrunk: --sequences --seed %" PRIu64 " --case %" PRIu64
                       " --engine %s differs in %x; vector %d %d, eip %08x %08x\n",
                       cases[n].seed, cases[n].number, engine_names[engine], differs,
                       native[n].vector, result.vector, native[n].state.eip, result.state.eip);
            }
            guest_restore(g, failed[n] >> engine & 1 ? ~0u : native[n].changed);
        }
    for (unsigned n = 0; n < count; n++) {
        run->ended += native[n].vector == EXC_BP;
        run->endless += native[n].vector == VECTOR_TIMEOUT;
    }
}

/* ---- sequences ------------------------------------------------------------------------------- */

struct shrinking {
    struct run *run;
    enum engine_kind engine;
};

/* Programs that do not end are no smaller failures. */
static bool still_fails(void *opaque, const struct silicon_case *c)
{
    static struct silicon_result result;
    struct shrinking *s = opaque;
    struct guest *g = s->run->guests[s->engine];
    const struct silicon_result *native = native_results(s->run->native);
    native_cases(s->run->native)[0] = *c;
    if (!native_run(s->run->native, 1) || native->vector == VECTOR_TIMEOUT)
        return false;
    guest_run(g, &native_cases(s->run->native)[0], &result);
    uint32_t differs = compare(&native_cases(s->run->native)[0], native, &result, g);
    guest_restore(g, ~0u);
    return differs != 0;
}

static void shrink_failure(struct run *run, uint64_t seed, uint64_t number, bool segments,
                           enum engine_kind engine)
{
    static struct program p;
    static struct silicon_case c;
    struct shrinking s = { run, engine };
    uint32_t linear = sequence_make(&p, &c, seed, number, segments);
    if (!still_fails(&s, &c)) {
        report_case(&c);
        printf("FAIL: --sequences --seed %" PRIu64 " --case %" PRIu64
               " fails after others and not alone\n",
               seed, number);
        return;
    }
    shrink(&p, linear, &c, still_fails, &s);
    native_cases(run->native)[0] = c;
    if (native_run(run->native, 1))
        run_guest(run, engine, &native_cases(run->native)[0], native_results(run->native));
}

/* Failures are noted first: shrinking one needs the process that has the others. */
static void run_sequences(struct run *run, uint64_t seed)
{
    const struct options *o = run->options;
    bool segments = native_has_segments(run->native) && !o->no_segments;
    uint64_t number = o->first, end = number + o->count;
    while (number < end && run->failures < o->failures) {
        static uint8_t failed[NATIVE_BATCH];
        unsigned count = (unsigned)MIN(end - number, (uint64_t)(o->one ? 1 : NATIVE_BATCH));
        for (unsigned n = 0; n < count; n++)
            sequence_case(&native_cases(run->native)[n], seed, number + n, segments);
        run_sequence_batch(run, count, failed);
        for (unsigned n = 0; n < count; n++)
            for (unsigned engine = 0; engine < ENGINE_COUNT; engine++)
                if (failed[n] >> engine & 1 && run->failures++ < o->failures)
                    shrink_failure(run, seed, number + n, segments, engine);
        number += count;
    }
}

int main(int argc, char **argv)
{
    struct options options;
    struct run run = { .options = &options };
    const char *why;
    time_t begin = time(NULL);
    if (!options_parse(&options, argc, argv))
        return 2;
    run.native = native_create(&why);
    if (run.native == NULL) {
        printf("skipped: %s\n", why);
        return EXIT_SKIPPED;
    }
    if (!native_has_segments(run.native))
        printf("modify_ldt is refused: segments with bases, limits and 16 bits are left out\n");
    if (!create_guests(&run)) {
        destroy(&run);
        return EXIT_SKIPPED;
    }
    uint64_t seed = options.seed;
    do {
        if (options.sequences)
            run_sequences(&run, seed++);
        else
            run_rows(&run, seed++);
    } while (options.seconds > 0 && time(NULL) - begin < options.seconds);
    printf("%" PRIu64 " cases, %" PRIu64 " of them undefined as a whole, %" PRIu64
           " without an end; %" PRIu64 " differ\n",
           run.cases, run.undefined, run.endless, run.failures);
    if (options.sequences)
        printf("%" PRIu64 " of them ran to their end, %" PRIu64
               " had none and were left out, the others ran into a fault\n",
               run.ended, run.endless);
    destroy(&run);
    return run.failures > 0 || run.cases == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
