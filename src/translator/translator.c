// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The translator's life, and what it answers to the executor's hooks.
#include "translator/translator.h"

#include "base/bits.h"
#include "base/format.h"
#include "cpu/threading.h"
#include "translator/internal.h"

const struct translator_options translator_defaults = {
    .windows = WINDOW_AUTO,
    .threshold = TRANSLATION_THRESHOLD,
    .cache_size = CODE_CACHE_DEFAULT,
    .cache_grows = true,
    .optimise = OPTIMISE_ALL,
};

/* ---- hooks ----------------------------------------------------------------------------------- */

static void warm(struct cpu *cpu, struct block *b)
{
    (void)cpu;
    static const struct insn entry = { .fn = translator_run };
    b->entry = &entry;
}

static void dropped(struct cpu *cpu, struct block *b)
{
    if (b->slow_sites != 0)
        sites_forget(translator_of(cpu), b);
    if (b->translations == NO_DATA)
        return;
    translations_drop(translator_of(cpu), b);
    cpu->jit.leave = true;
}

static void flushed(struct cpu *cpu)
{
    struct translator *tr = translator_of(cpu);
    code_cache_flush(tr);
    sites_forget_all(tr);
    tr->counts.flushes++;
    cpu->jit.leave = true;
}

static void linear_flushed(struct cpu *cpu, bool keep_global)
{
    struct translator *tr = translator_of(cpu);
    jump_targets_flush(tr, keep_global);
    if (tr->windows != NULL)
        window_flush(tr->windows, keep_global);
    cpu->jit.space_changed = true;
    cpu->jit.leave = true;
}

static void page_flushed(struct cpu *cpu, uint32_t linear)
{
    struct translator *tr = translator_of(cpu);
    jump_targets_flush_page(tr, linear);
    if (tr->windows != NULL)
        window_flush_page(tr->windows, linear);
    cpu->jit.leave = true;
}

static void protect(struct cpu *cpu, struct ram_block *ram, uint64_t offset, uint64_t length)
{
    struct translator *tr = translator_of(cpu);
    if (tr->windows != NULL)
        window_protect(tr->windows, ram, offset, length);
}

static void kick(struct cpu *cpu)
{
    struct translator *tr = translator_of(cpu);
    if (tr->traps != NULL)
        host_traps_kick(tr->traps);
}

static void save_fpu(struct cpu *cpu)
{
    fpu_save(cpu);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool create_return_stack(struct translator *tr)
{
    tr->return_ram = host_ram_create(RETURN_STACK_SIZE);
    tr->return_window = host_window_create(RETURN_STACK_SIZE);
    if (tr->return_ram == NULL || tr->return_window == NULL ||
        !host_window_map(tr->return_window, 0, tr->return_ram, 0, RETURN_STACK_SIZE, true))
        return false;
    /* What a return finds when no call is open; beyond it is only looked at. */
    uint64_t *top =
        (uint64_t *)(uintptr_t)(host_window_address(tr->return_window) + RETURN_STACK_SIZE) -
        RETURN_STACK_BOTTOM;
    for (unsigned n = 0; n < RETURN_STACK_BOTTOM; n++)
        top[n] = (uint64_t)(uintptr_t)runs_at(tr, tr->glue.return_bottom);
    tr->cpu->jit.return_stack = top;
    return true;
}

static struct engine *create_engine(const struct translator_options *options)
{
    struct engine *engine = host_alloc(sizeof *engine);
    *engine = (struct engine){
        .warm = warm,
        .threshold = options->threshold,
        .dropped = dropped,
        .flushed = flushed,
        .linear_flushed = linear_flushed,
        .page_flushed = page_flushed,
        .protect = protect,
        .fpu_save = save_fpu,
        .kick = kick,
    };
    return engine;
}

bool translator_attach(struct cpu *cpu, const struct translator_options *options, const char **why,
                       const char **note)
{
    struct translator *tr = host_alloc(sizeof *tr);
    tr->cpu = cpu;
    tr->options = *options;
    tr->until_sites_look = SITES_LOOK;
    cpu->translator = tr;
    *why = *note = NULL;
    if (!host_can_translate()) {
        *why = "the processor lacks BMI2";
    } else if (!code_cache_create(tr) || !create_return_stack(tr)) {
        *why = "the host refuses executable memory";
    }
    if (*why != NULL) {
        translator_detach(cpu);
        return false;
    }
    if (options->windows != WINDOW_NEVER)
        tr->windows = windows_create(cpu, options->windows, note);
    cpu->engine = create_engine(options);
    cpu->jit.links_filled = tr->links_filled;
    cpu->jit.links_free = FAR_LINKS_MAX;
    cpu->jit.space_changed = true;
    cpu_update_fpu_closed(cpu);
    block_cache_flush(cpu);
    show_glue(tr);
    return true;
}

void translator_detach(struct cpu *cpu)
{
    struct translator *tr = translator_of(cpu);
    if (tr == NULL)
        return;
    if (cpu->engine != NULL)
        block_cache_flush(cpu);
    if (cpu->jit.fpu_live)
        fpu_save(cpu);
    host_free((void *)cpu->engine);
    cpu->engine = NULL;
    cpu->translator = NULL;
    cpu->jit.window = NULL;
    if (tr->windows != NULL)
        windows_destroy(tr->windows);
    if (tr->return_window != NULL)
        host_window_destroy(tr->return_window);
    host_ram_destroy(tr->return_ram);
    code_cache_destroy(tr);
    host_free(tr);
}

void translator_enter_thread(struct cpu *cpu)
{
    struct translator *tr = translator_of(cpu);
    if (tr == NULL)
        return;
    tr->traps = host_traps_install(translator_trap, tr);
    cpu->jit.space_changed = true;
}

void translator_leave_thread(struct cpu *cpu)
{
    struct translator *tr = translator_of(cpu);
    if (tr == NULL || tr->traps == NULL)
        return;
    host_traps_remove(tr->traps);
    tr->traps = NULL;
}

/* ---- what can be asked ----------------------------------------------------------------------- */

const struct translator_counts *translator_counts(const struct cpu *cpu)
{
    return cpu->translator != NULL ? &translator_of(cpu)->counts : NULL;
}

const struct translator_options *translator_options(const struct cpu *cpu)
{
    return cpu->translator != NULL ? &translator_of(cpu)->options : NULL;
}

bool translator_window_counts(const struct cpu *cpu, struct window_counts *counts)
{
    if (cpu->translator == NULL || translator_of(cpu)->windows == NULL)
        return false;
    windows_count(translator_of(cpu)->windows, counts);
    return true;
}
