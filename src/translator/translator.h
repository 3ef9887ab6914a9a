// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The translator: guest blocks to host code, behind the executor's dispatch.
#ifndef TRANSLATOR_TRANSLATOR_H
#define TRANSLATOR_TRANSLATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "translator/window.h"

struct cpu;

/* Optimisations that can be switched off, to corner a fault. */
enum {
    OPTIMISE_CHAIN = 1 << 0,   /* jumps to known addresses go straight to their target */
    OPTIMISE_LOOKUP = 1 << 1,  /* indirect jumps look their target up inline */
    OPTIMISE_RETURN = 1 << 2,  /* returns are predicted by a stack of host return addresses */
    OPTIMISE_FPU = 1 << 3,     /* x87, MMX and SSE run on the host's own registers */
    OPTIMISE_REWRITE = 1 << 4, /* sites that meet devices are rewritten to a soft probe */
    OPTIMISE_TARGETS = 1 << 5, /* indirect jumps remember their last target */
    OPTIMISE_ORIGINS = 1 << 6, /* what the table of targets has forgotten is found by its bytes */
    OPTIMISE_ALL = (1 << 7) - 1,
};

struct translator_options {
    enum window_policy windows;
    unsigned threshold;  /* entries before a block is translated; 1: at once */
    uint64_t cache_size; /* bytes of code */
    bool cache_grows;    /* to three times as much, where code that was dropped is wanted again */
    uint32_t optimise;   /* OPTIMISE_* */
    /* Told where each piece of generated code runs and what to call it, for profilers; may be NULL.
     * On the CPU's thread, or in translator_attach(). */
    void (*name_code)(void *opaque, const void *code, size_t size, const char *name);
    void *name_opaque;
};
/* What the command line starts from. */
extern const struct translator_options translator_defaults;

struct translator_counts {
    uint64_t translations, translated_insns, code_bytes; /* ever; now */
    uint64_t code_room; /* bytes of code that may be kept now */
    uint64_t dropped, evictions, flushes;
    uint64_t entered, exit_lookup, exit_link, exit_done, linked;
    uint64_t found, found_not; /* targets by their bytes; found_not is part of exit_done */
    uint64_t executed;         /* instructions done by the executor for a translation */
    uint64_t faults, faults_mapped, faults_executed, faults_guests;
    uint64_t rewritten, restored; /* accesses that got a probe; that lost it */
    uint64_t kicks, steps;
    uint64_t entered_anew; /* a block's check at its entry, of GS or the FPU, led to C */
    uint64_t varying;      /* computed jumps that were given up */
    uint64_t executed_by_op[2048];
};

/* Before the CPU runs first, on any thread. False: the host refuses, *why says what; the executor
 * goes on alone. *note: windows were asked for and refused. */
bool translator_attach(struct cpu *cpu, const struct translator_options *options, const char **why,
                       const char **note);
void translator_detach(struct cpu *cpu);
/* The CPU's thread, before it runs guest code and after: traps are a thread's own. */
void translator_enter_thread(struct cpu *cpu);
void translator_leave_thread(struct cpu *cpu);

const struct translator_counts *translator_counts(const struct cpu *cpu);
const struct translator_options *translator_options(const struct cpu *cpu);
bool translator_window_counts(const struct cpu *cpu, struct window_counts *counts);
/* Calls line() for each opcode that the executor does for translations, most frequent first. */
void translator_print(struct cpu *cpu, void (*line)(void *opaque, const char *text), void *opaque);

#endif
