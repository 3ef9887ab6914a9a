// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Bytes of a case.
#include "case.h"

#include <stdio.h>
#include <stdlib.h>

uint8_t *case_patch(struct silicon_case *c, uint32_t address, unsigned length)
{
    if (c->patch_count == CASE_PATCHES || c->byte_count + length > CASE_BYTES) {
        fprintf(stderr, "a case with too many bytes\n");
        abort();
    }
    uint8_t *bytes = c->bytes + c->byte_count;
    c->patches[c->patch_count++] =
        (struct silicon_patch){ address, (uint16_t)length, (uint16_t)c->byte_count };
    c->byte_count += length;
    return bytes;
}
