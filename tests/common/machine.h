// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// A processor, RAM from address 0 on, and nothing else: for single instructions and short guest code.
#ifndef TESTS_COMMON_MACHINE_H
#define TESTS_COMMON_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "cpu/cpu.h"
#include "host/host.h"
#include "memory/memory.h"
#include "translator/translator.h"

/* What executes guest code. ENGINE_AUTO: begins by probes that sites share, and earns a window. */
enum engine_kind { ENGINE_INTERP, ENGINE_SOFT, ENGINE_HOST, ENGINE_AUTO, ENGINE_COUNT };
extern const char *const engine_names[ENGINE_COUNT];
/* ENGINE_COUNT: there is no such engine. */
enum engine_kind engine_find(const char *name);

struct cpu_machine {
    struct log log;
    struct memory *memory;
    struct ram_block *ram;
    struct host_lock *lock;
    struct clock *clock;
    struct cpu *cpu;
    unsigned shutdowns;                /* triple faults so far */
    void (*on_shutdown)(void *opaque); /* told of each; may be NULL */
    void *opaque;
};

/* The processor is as it comes from cpu_create(), and its engine the executor. */
struct cpu_machine *cpu_machine_create(const struct cpu_model *model, uint64_t ram_size);
void cpu_machine_destroy(struct cpu_machine *m);
/*
 * Let guest code be executed by this engine, with the options but for their windows. False: the
 * host refuses it, *why says what. The thread that runs the guest then says
 * translator_enter_thread() first.
 */
bool cpu_machine_attach(struct cpu_machine *m, enum engine_kind engine,
                        const struct translator_options *options, const char **why);

#endif
