// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A processor that does one instruction of a test.
#ifndef TESTS_VECTORS_SINGLE_STEP_H
#define TESTS_VECTORS_SINGLE_STEP_H

#include "common/machine.h"
#include "moo.h"

/* A processor with RAM of all zeros from 0 on, and ports that answer all ones. */
struct single_step;

struct single_step_options {
    const char *model;     /* as -cpu takes it */
    enum engine_kind engine;
    bool ignore_undefined; /* leave out what the suite's masks declare undefined */
};

/* One of a test's results that is not as it should be. */
struct difference {
    char where[16]; /* a register, or a physical address */
    uint32_t wanted, found;
    uint32_t mask; /* bits that were compared */
};
enum { DIFFERENCES_MAX = 64 };
struct outcome {
    unsigned count; /* 0: as the hardware */
    bool stepped;   /* the executor did it, whatever the engine */
    struct difference differences[DIFFERENCES_MAX];
};

/* Does the host allow this engine? If not, err says what it refuses. */
bool single_step_possible(enum engine_kind engine, struct error *err);
/* NULL: err says why: the model is unknown, or the host refuses the engine. */
struct single_step *single_step_create(const struct single_step_options *options,
                                       const struct moo_header *header, struct error *err);
void single_step_destroy(struct single_step *s);
/* False: the test's initial state cannot be had here (outside of real mode and RAM); err says
 * what. */
bool single_step_run(struct single_step *s, const struct moo_test *test, struct outcome *outcome,
                     struct error *err);

#endif
