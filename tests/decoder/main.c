// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// bmbt-decoder: the decoder against Zydis, over random strings of bytes and over all short ones.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "compare.h"
#include "explained.h"

static const char usage[] =
    "usage: bmbt-decoder [OPTION]...\n"
    "Decodes the same bytes by bmbt's decoder and by Zydis, and compares validity, length, name "
    "and operands.\n"
    "  --mode BITS      16, 32, 64; may be repeated (all)\n"
    "  --random N       so many random strings a mode\n"
    "  --all N          each opcode of the four maps with each ModRM byte, without a prefix and "
    "with each combination\n"
    "                   of up to N prefixes (0 to 3; REX is one in 64-bit mode)\n"
    "  --seed N         where the random numbers begin (1)\n"
    "  --failures N     rows and instructions that differ, of which one case is shown (10)\n"
    "  --bytes HEX      this string, and what both make of it\n"
    "  --verbose        rows of the opcode table that were not met\n"
    "Ends with 0 when all agree, or differ for a reason that is known; 1 if not; 2 when an option "
    "is wrong.\n";

enum { EXIT_DIFFERS = 1, EXIT_WRONG = 2, PREFIXES_MAX = 3, REASONS_MAX = 64 };

struct options {
    bool modes[3]; /* 16, 32, 64 */
    uint64_t random, seed, failures, prefixes;
    bool all, verbose;
    const char *bytes;
};

/* What was met in one mode. */
struct totals {
    uint64_t strings, agreed, invalid, explained, differ;
    struct {
        const char *text;
        uint64_t count;
    } reasons[REASONS_MAX];
    uint8_t *rows;   /* met; opcode_count of them */
    uint8_t *failed; /* that differed: of our rows, then of the other decoder's mnemonics */
    uint64_t kinds;  /* of these */
};

struct run {
    const struct options *options;
    unsigned bits;
    ZydisDecoder decoder;
    struct totals totals;
    uint64_t random;
};

/* ---- one string ------------------------------------------------------------------------------ */

static void print_bytes(const uint8_t *bytes)
{
    for (unsigned n = 0; n < CODE_LENGTH - 1; n++)
        printf("%02x", bytes[n]);
}

static void print_other(const struct comparison *c)
{
    ZydisFormatter formatter;
    char text[128];
    ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
    if (!c->known) {
        printf("there: nothing");
        return;
    }
    ZydisFormatterFormatInstruction(&formatter, &c->other, c->operands,
                                    c->other.operand_count_visible, text, sizeof text,
                                    ZYDIS_RUNTIME_ADDRESS_NONE, NULL);
    printf("there: %u bytes, %s (%s)", c->other.length, text,
           ZydisISASetGetString(c->other.meta.isa_set));
}

static void print_comparison(const struct run *r, const struct comparison *c, const uint8_t *bytes)
{
    printf("%u-bit ", r->bits);
    print_bytes(bytes);
    printf(": %s; here: %d, %s; ", c->difference ? c->difference : "the same", c->length,
           c->row ? c->row->mnemonic : "nothing");
    print_other(c);
    putchar('\n');
}

static void count_reason(struct totals *t, const char *text)
{
    unsigned n = 0;
    while (t->reasons[n].text != NULL && t->reasons[n].text != text)
        n++;
    t->reasons[n].text = text;
    t->reasons[n].count++;
    t->explained++;
}

/* Each row, or instruction that is known there alone, once: one mistake shows in many strings. */
static void show_failure(struct run *r, const struct comparison *c, const uint8_t *bytes)
{
    struct totals *t = &r->totals;
    unsigned key = c->row != NULL ? c->insn.op : opcode_count + c->other.mnemonic;
    t->differ++;
    if (t->failed[key] || t->kinds == r->options->failures)
        return;
    t->failed[key] = 1;
    t->kinds++;
    print_comparison(r, c, bytes);
}

static void try(struct run *r, const uint8_t bytes[CODE_LENGTH])
{
    struct totals *t = &r->totals;
    struct comparison c;
    compare(&c, bytes, r->bits, &r->decoder);
    t->strings++;
    if (c.row != NULL)
        t->rows[c.insn.op] = 1;
    if (c.difference == NULL) {
        t->agreed += c.row != NULL;
        t->invalid += c.row == NULL;
        return;
    }
    const char *reason = explain(&c, r->bits);
    if (reason != NULL)
        count_reason(t, reason);
    else
        show_failure(r, &c, bytes);
}

/* ---- random strings -------------------------------------------------------------------------- */

static uint64_t random64(struct run *r)
{
    r->random ^= r->random << 13;
    r->random ^= r->random >> 7;
    r->random ^= r->random << 17;
    return r->random * UINT64_C(0x2545f4914f6cdd1d);
}

static const uint8_t prefixes[] = {
    0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65
};

/* Uniform bytes rarely make prefixes and the two- and three-byte maps: every second string is
 * helped. */
static void random_bytes(struct run *r, uint8_t bytes[CODE_LENGTH])
{
    uint64_t shape = random64(r);
    unsigned n = 0, count = shape & 1 ? bits(shape, 1, 2) : 0;
    for (unsigned k = 0; k < CODE_LENGTH; k++)
        bytes[k] = (uint8_t)(random64(r) >> 32);
    while (n < count)
        bytes[n++] = prefixes[random64(r) % ARRAY_SIZE(prefixes)];
    if (!(shape & 1))
        return;
    if (r->bits == 64 && bit(shape, 3))
        bytes[n++] = 0x40 | bits(shape, 4, 4);
    if (bits(shape, 8, 1)) {
        bytes[n++] = 0x0f;
        if (bits(shape, 9, 2) == 0)
            bytes[n++] = bit(shape, 11) ? 0x38 : 0x3a;
    }
}

static void run_random(struct run *r)
{
    uint8_t bytes[CODE_LENGTH];
    for (uint64_t n = 0; n < r->options->random; n++) {
        random_bytes(r, bytes);
        try(r, bytes);
    }
}

/* ---- all short strings ----------------------------------------------------------------------- */

/* Behind the ModRM byte: a SIB byte with base, index and displacement; one without; bits that tell
 * signs. */
static const uint8_t rests[][4] = {
    { 0x51, 0x12, 0x34, 0x80 },
    { 0xa5, 0xfe, 0x81, 0x7f },
    { 0x24, 0x90, 0x90, 0x90 },
};

static void run_modrm(struct run *r, uint8_t bytes[CODE_LENGTH], unsigned at)
{
    for (unsigned modrm = 0; modrm < 256; modrm++) {
        bytes[at] = (uint8_t)modrm;
        for (unsigned n = 0; n < ARRAY_SIZE(rests); n++) {
            for (unsigned k = at + 1; k < CODE_LENGTH; k++)
                bytes[k] = (uint8_t)(rests[n][(k - at - 1) % 4] + (k > at + 4 ? k : 0));
            try(r, bytes);
        }
    }
}

static void run_opcodes(struct run *r, uint8_t bytes[CODE_LENGTH], unsigned at)
{
    static const uint8_t maps[][2] = { { 0 }, { 0x0f }, { 0x0f, 0x38 }, { 0x0f, 0x3a } };
    static const unsigned lengths[] = { 0, 1, 2, 2 };
    for (unsigned map = 0; map < ARRAY_SIZE(maps); map++) {
        memcpy(bytes + at, maps[map], lengths[map]);
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            bytes[at + lengths[map]] = (uint8_t)opcode;
            run_modrm(r, bytes, at + lengths[map] + 1);
        }
    }
}

static void run_all(struct run *r, uint8_t bytes[CODE_LENGTH], unsigned at)
{
    run_opcodes(r, bytes, at);
    if (at == r->options->prefixes)
        return;
    for (unsigned n = 0; n < ARRAY_SIZE(prefixes); n++) {
        bytes[at] = prefixes[n];
        run_all(r, bytes, at + 1);
    }
    for (unsigned rex = 0x40; r->bits == 64 && rex < 0x50; rex++) {
        bytes[at] = (uint8_t)rex;
        run_all(r, bytes, at + 1);
    }
}

/* ---- a mode ---------------------------------------------------------------------------------- */

static void show_rows(const struct totals *t)
{
    for (unsigned n = 0; n < opcode_count; n++)
        if (!t->rows[n])
            printf("  not met: %s, opcode %02x\n", opcode_table[n].mnemonic,
                   opcode_table[n].opcode);
}

static void show_totals(const struct run *r)
{
    const struct totals *t = &r->totals;
    unsigned met = 0;
    for (unsigned n = 0; n < opcode_count; n++)
        met += t->rows[n];
    printf("%u-bit: %" PRIu64 " strings: %" PRIu64 " instructions agree, %" PRIu64
           " are invalid in both, %" PRIu64 " differ for a known reason, %" PRIu64
           " differ; %u of %u rows met\n",
           r->bits, t->strings, t->agreed, t->invalid, t->explained, t->differ, met, opcode_count);
    for (unsigned n = 0; n < REASONS_MAX && t->reasons[n].text != NULL; n++)
        printf("  %10" PRIu64 "  %s\n", t->reasons[n].count, t->reasons[n].text);
    if (r->options->verbose)
        show_rows(t);
}

/* A byte a pair of digits; what is not given is 90. */
static bool run_bytes(struct run *r, const char *text)
{
    uint8_t bytes[CODE_LENGTH];
    struct comparison c;
    memset(bytes, 0x90, sizeof bytes);
    for (unsigned n = 0; n < CODE_LENGTH && text[0] != 0; n++, text += 2) {
        unsigned value;
        if (sscanf(text, "%2x", &value) != 1 || text[1] == 0) {
            fprintf(stderr, "bmbt-decoder: --bytes %s: not bytes\n", text);
            return false;
        }
        bytes[n] = (uint8_t)value;
    }
    compare(&c, bytes, r->bits, &r->decoder);
    print_comparison(r, &c, bytes);
    return true;
}

static bool run_mode(const struct options *o, unsigned bits)
{
    uint8_t bytes[CODE_LENGTH];
    struct run r = { .options = o, .bits = bits, .random = o->seed * UINT64_C(0x9e3779b97f4a7c15) };
    compare_prepare(&r.decoder, bits);
    if (o->bytes != NULL)
        return run_bytes(&r, o->bytes);
    r.totals.rows = calloc(opcode_count, 1);
    r.totals.failed = calloc(opcode_count + ZYDIS_MNEMONIC_MAX_VALUE + 1, 1);
    run_random(&r);
    if (o->all)
        run_all(&r, bytes, 0);
    show_totals(&r);
    free(r.totals.rows);
    free(r.totals.failed);
    return r.totals.differ == 0;
}

/* ---- options --------------------------------------------------------------------------------- */

static bool parse_mode(struct options *o, uint64_t bits)
{
    if (bits == 16 || bits == 32 || bits == 64) {
        o->modes[bits / 32] = true;
        return true;
    }
    fputs("bmbt-decoder: --mode is 16, 32 or 64\n", stderr);
    return false;
}

static bool parse_value(struct options *o, const char *option, const char *value)
{
    char *end;
    uint64_t number = strtoull(value, &end, 0);
    if (strcmp(option, "--bytes") == 0) {
        o->bytes = value;
        return true;
    }
    if (*value < '0' || *value > '9' || *end != 0) {
        fprintf(stderr, "bmbt-decoder: %s %s: not a number\n", option, value);
        return false;
    }
    if (strcmp(option, "--mode") == 0)
        return parse_mode(o, number);
    if (strcmp(option, "--random") == 0)
        o->random = number;
    else if (strcmp(option, "--seed") == 0)
        o->seed = number;
    else if (strcmp(option, "--failures") == 0)
        o->failures = number;
    else if (strcmp(option, "--all") == 0 && number <= PREFIXES_MAX)
        o->prefixes = number, o->all = true;
    else {
        fprintf(stderr, "bmbt-decoder: no such option: %s %s\n", option, value);
        return false;
    }
    return true;
}

static bool parse(struct options *o, int argc, char **argv)
{
    for (int n = 1; n < argc; n++) {
        if (strcmp(argv[n], "--verbose") == 0) {
            o->verbose = true;
        } else if (n + 1 == argc) {
            fprintf(stderr, "bmbt-decoder: %s wants a value\n", argv[n]);
            return false;
        } else {
            if (!parse_value(o, argv[n], argv[n + 1]))
                return false;
            n++;
        }
    }
    if (!o->modes[0] && !o->modes[1] && !o->modes[2])
        o->modes[0] = o->modes[1] = o->modes[2] = true;
    return true;
}

int main(int argc, char **argv)
{
    struct options o = { .seed = 1, .failures = 10 };
    bool agreed = true;
    if (argc < 2 || (argc == 2 && strcmp(argv[1], "--help") == 0)) {
        fputs(usage, stdout);
        return EXIT_SUCCESS;
    }
    if (!parse(&o, argc, argv))
        return EXIT_WRONG;
    for (unsigned n = 0; n < 3; n++)
        if (o.modes[n] && !run_mode(&o, 16u << n))
            agreed = false;
    return agreed ? EXIT_SUCCESS : EXIT_DIFFERS;
}
