// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Makes the machine, and puts an engine into it.
#include "machine.h"

#include <string.h>

#include "cpu/features.h"

const char *const engine_names[ENGINE_COUNT] = { "interp", "soft", "host", "auto" };

enum engine_kind engine_find(const char *name)
{
    unsigned n = 0;
    while (n < ENGINE_COUNT && strcmp(name, engine_names[n]) != 0)
        n++;
    return n;
}

static void triple_fault(void *opaque)
{
    struct cpu_machine *m = opaque;
    m->shutdowns++;
    if (m->on_shutdown != NULL)
        m->on_shutdown(m->opaque);
}

static void ferr(void *opaque, bool level)
{
    (void)opaque, (void)level;
}

struct cpu_machine *cpu_machine_create(const struct cpu_model *model, uint64_t ram_size)
{
    struct cpu_machine *m = host_alloc(sizeof *m);
    m->memory = memory_create(&m->log);
    m->ram = ram_create(m->memory, "ram", ram_size);
    region_map_ram(m->memory, MEMORY_SPACES, "ram", m->ram, m->ram, 0, 0, ram_size, 0);
    m->lock = host_lock_create();
    memory_set_lock(m->memory, m->lock);
    m->clock = clock_create(CLOCK_VIRTUAL);
    struct cpu_bus bus = {
        .memory = m->memory,
        .lock = m->lock,
        .clock = m->clock,
        .log = &m->log,
        .opaque = m,
        .ferr = ferr,
        .triple_fault = triple_fault,
    };
    m->cpu = cpu_create(&bus, model);
    return m;
}

void cpu_machine_destroy(struct cpu_machine *m)
{
    translator_leave_thread(m->cpu);
    translator_detach(m->cpu);
    cpu_destroy(m->cpu);
    memory_destroy(m->memory);
    clock_destroy(m->clock);
    host_lock_destroy(m->lock);
    host_free(m);
}

bool cpu_machine_attach(struct cpu_machine *m, enum engine_kind engine,
                        const struct translator_options *options, const char **why)
{
    static const enum window_policy windows[ENGINE_COUNT] = {
        [ENGINE_SOFT] = WINDOW_NEVER, [ENGINE_HOST] = WINDOW_ALWAYS, [ENGINE_AUTO] = WINDOW_AUTO
    };
    struct translator_options o = *options;
    const char *note;
    if (engine == ENGINE_INTERP)
        return true;
    o.windows = windows[engine];
    if (!translator_attach(m->cpu, &o, why, &note))
        return false;
    *why = note; /* windows were refused */
    return note == NULL;
}
