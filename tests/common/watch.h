// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Guest code on the calling thread, and a second one that ends what does not end by itself.
#ifndef TESTS_COMMON_WATCH_H
#define TESTS_COMMON_WATCH_H

#include <stdbool.h>

struct cpu;
struct watch;

struct watch_options {
    unsigned seconds; /* that a run may take */
    bool ends_halted; /* a run is over when the processor has halted */
};

struct watch *watch_create(struct cpu *cpu, const struct watch_options *options);
void watch_destroy(struct watch *w);
/* cpu_run() until cpu_exit() is called or, if asked for, the processor halts. False: its time was
 * over. */
bool watch_run(struct watch *w);

#endif
