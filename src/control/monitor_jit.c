// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// `info jit`: how guest instructions are executed, in counts.
#include "control/monitor_internal.h"

#include "base/bits.h"
#include "control/options_accel.h"
#include "cpu/block_cache.h"
#include "translator/translator.h"

static void say_count(struct monitor_call *c, const char *what, uint64_t count)
{
    monitor_say(c, "%-44s %llu\n", what, (unsigned long long)count);
}

static void say_options(struct monitor_call *c, const struct translator_options *o)
{
    char text[256];
    accel_describe(o, text, sizeof text);
    monitor_say(c, "%s\n", text);
}

static void say_blocks(struct monitor_call *c, const struct cpu *cpu)
{
    uint64_t blocks, decoded, dropped;
    block_cache_counts(cpu, &blocks, &decoded, &dropped);
    monitor_say(c, "Decoded blocks:\n");
    say_count(c, "  now", blocks);
    say_count(c, "  dropped because bytes changed or of a flush", dropped);
    say_count(c, "  instructions decoded ever", decoded);
}

static void say_translations(struct monitor_call *c, const struct translator_counts *n)
{
    monitor_say(c, "Translations:\n");
    say_count(c, "  ever made", n->translations);
    say_count(c, "  instructions in them", n->translated_insns);
    say_count(c, "  dropped", n->dropped);
    monitor_say(c, "Code cache:\n");
    say_count(c, "  size in bytes", n->code_room);
    say_count(c, "  bytes in use", n->code_bytes);
    say_count(c, "  evictions of a part of it", n->evictions);
    say_count(c, "  flushes of all of it", n->flushes);
}

static void say_ways(struct monitor_call *c, const struct translator_counts *n)
{
    monitor_say(c, "Translated code:\n");
    say_count(c, "  entered", n->entered);
    say_count(c, "  targets found by their bytes", n->found);
    say_count(c, "  left to look a target up", n->exit_lookup + n->found_not);
    say_count(c, "  left by a jump not linked yet", n->exit_link);
    say_count(c, "  left after an instruction of the executor", n->exit_done - n->found_not);
    say_count(c, "  blocks whose check at the entry failed", n->entered_anew);
    say_count(c, "  jumps linked", n->linked);
    say_count(c, "  computed jumps whose targets vary", n->varying);
    say_count(c, "  interrupted by a kick", n->kicks);
    say_count(c, "  single steps to an instruction's border", n->steps);
    say_count(c, "Host faults at guest instructions", n->faults);
    say_count(c, "  after which a page was mapped", n->faults_mapped);
    say_count(c, "  left to the executor", n->faults_executed);
    say_count(c, "  of these exceptions of the guest's own", n->faults_guests);
    say_count(c, "  accesses rewritten to a probe", n->rewritten);
    say_count(c, "  and back again", n->restored);
}

static void say_windows(struct monitor_call *c, const struct cpu *cpu)
{
    struct window_counts w;
    if (!translator_window_counts(cpu, &w)) {
        monitor_say(c, "Windows: none, guest memory is reached through the soft TLB\n");
        return;
    }
    monitor_say(c, "Windows:\n");
    say_count(c, "  now", w.windows);
    say_count(c, "  ever created", w.created);
    say_count(c, "  evicted", w.evicted);
    say_count(c, "  times one was chosen", w.selected);
    say_count(c, "  times the soft TLB was chosen", w.soft_selected);
    say_count(c, "  faults that mapped pages", w.faults);
    say_count(c, "  pages mapped", w.mapped);
    say_count(c, "  of these ahead of any fault", w.prefilled);
    say_count(c, "  pages unmapped", w.unmapped);
    say_count(c, "  pages protected from stores", w.protected);
    say_count(c, "  given up at the host's limit of mappings", w.dropped_for_limit);
    say_count(c, "  times the host refused a mapping", w.refused);
}

static void indented_line(void *opaque, const char *text)
{
    monitor_say(opaque, "  %s\n", text);
}

void info_jit(struct monitor_call *c)
{
    struct cpu *cpu = c->session->pc->cpu;
    const struct translator_counts *counts = translator_counts(cpu);
    if (counts == NULL) {
        monitor_say(c, "There is no translator: the interpreter executes all instructions\n");
        return;
    }
    say_options(c, translator_options(cpu));
    say_blocks(c, cpu);
    say_translations(c, counts);
    say_ways(c, counts);
    say_windows(c, cpu);
    say_count(c, "Instructions executed for translations", counts->executed);
    translator_print(cpu, indented_line, c);
}
