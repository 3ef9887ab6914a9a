// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a fuzzer is: one function that takes any bytes and comes back. libFuzzer calls it, or driver.c.
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, taken from its front; past its end it is zeros. */
struct input {
    const uint8_t *data;
    size_t left;
};

static inline uint64_t input_take(struct input *in, unsigned size)
{
    uint64_t value = 0;
    size_t length = size < in->left ? size : in->left;
    memcpy(&value, in->data, length);
    in->data += length;
    in->left -= length;
    return value;
}

#endif
