// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// In place of libFuzzer, where a build has none: files as they are, or made from them by chance.
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static const char usage[] = "usage: %s [--runs N] [--seed N] [--input N] [FILE or FOLDER]...\n"
                            "Feeds the fuzzer the files, then N inputs made from them by chance. An input that\n"
                            "ends the program is found again by --input, with the number last printed.\n";

enum { INPUT_MAX = 4096, FILES_MAX = 4096, REPORT_EVERY = 1000 };

struct text {
    uint8_t *data;
    size_t size;
};

static struct text files[FILES_MAX];
static unsigned file_count;
static uint64_t state;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static bool add_file(const char *path)
{
    FILE *in = fopen(path, "rb");
    struct text t = { malloc(INPUT_MAX), 0 };
    if (in == NULL || file_count == FILES_MAX) {
        fprintf(stderr, "%s: %s\n", path, in == NULL ? strerror(errno) : "too many files");
        return false;
    }
    t.size = fread(t.data, 1, INPUT_MAX, in);
    fclose(in);
    files[file_count++] = t;
    return true;
}

static bool add(const char *path)
{
    struct stat st;
    struct dirent **entries;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return add_file(path);
    int count = scandir(path, &entries, NULL, alphasort);
    bool ok = count >= 0;
    for (int n = 0; n < count; n++) {
        char name[4096];
        snprintf(name, sizeof name, "%s/%s", path, entries[n]->d_name);
        ok &= entries[n]->d_name[0] == '.' || add_file(name);
        free(entries[n]);
    }
    free(entries);
    return ok;
}

/* Part of one file behind part of another, or bytes of chance alone. */
static size_t begin(uint8_t *out)
{
    size_t size = 0;
    if (file_count == 0 || next_random() % 4 == 0) {
        for (size_t end = next_random() % 256; size < end; size++)
            out[size] = (uint8_t)next_random();
        return size;
    }
    for (unsigned part = 0; part < 2 && size < INPUT_MAX / 2; part++) {
        const struct text *t = &files[next_random() % file_count];
        size_t from = part ? next_random() % (t->size + 1) : 0;
        size_t length = next_random() % 2 ? t->size - from : next_random() % (t->size - from + 1);
        if (length > INPUT_MAX / 2)
            length = INPUT_MAX / 2;
        memcpy(out + size, t->data + from, length);
        size += length;
    }
    return size;
}

static size_t make(uint8_t *out, uint64_t seed, uint64_t number)
{
    static const uint8_t edges[] = { 0, 1, 0x7f, 0x80, 0xff, ' ', '\n', '0', '9', '%', '$', '-', ',', '=' };
    state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (number + 1) * UINT64_C(0xd1342543de82ef95);
    for (unsigned n = 0; n < 4; n++)
        next_random();
    size_t size = begin(out);
    for (unsigned n = next_random() % 8; n > 0 && size > 0; n--) {
        uint64_t r = next_random();
        uint8_t *byte = &out[(r >> 16) % size];
        switch (r % 3) {
        case 0: *byte = (uint8_t)(r >> 8); break;
        case 1: *byte ^= (uint8_t)(1u << (r >> 8 & 7)); break;
        default: *byte = edges[(r >> 8) % sizeof edges]; break;
        }
    }
    return size;
}

static void run(const uint8_t *data, size_t size)
{
    /* Memory of its very size, so that a sanitizer sees a byte past its end. */
    uint8_t *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
}

int main(int argc, char **argv)
{
    static uint8_t buffer[INPUT_MAX];
    uint64_t runs = 0, seed = 1, first = 0;
    for (int n = 1; n < argc; n++) {
        bool more = n + 1 < argc;
        if (more && strcmp(argv[n], "--runs") == 0) {
            runs = strtoull(argv[++n], NULL, 0);
        } else if (more && strcmp(argv[n], "--seed") == 0) {
            seed = strtoull(argv[++n], NULL, 0);
        } else if (more && strcmp(argv[n], "--input") == 0) {
            first = strtoull(argv[++n], NULL, 0);
            runs = 1;
        } else if (argv[n][0] == '-' || !add(argv[n])) {
            fprintf(stderr, usage, argv[0]);
            return 2;
        }
    }
    LLVMFuzzerInitialize(&argc, &argv); /* may change the working folder */
    for (unsigned n = 0; n < file_count; n++)
        run(files[n].data, files[n].size);
    for (uint64_t n = first; n < first + runs; n++) {
        if ((n - first) % REPORT_EVERY == 0)
            fprintf(stderr, "input %" PRIu64 " of seed %" PRIu64 " and those behind it\n", n, seed);
        run(buffer, make(buffer, seed, n));
    }
    fprintf(stderr, "%u files and %" PRIu64 " inputs made from them\n", file_count, runs);
    for (unsigned n = 0; n < file_count; n++)
        free(files[n].data);
    return 0;
}
