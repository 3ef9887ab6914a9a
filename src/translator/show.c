// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What is shown of code that was made: -d op, -d out_asm, and names for profilers.
#include "base/format.h"
#include "cpu/x87/fpu.h"
#include "translator/internal.h"

/* As struct cpu_bus's disassemble() is told: the only host so far is an x86-64. */
enum { HOST_CODE_MODE = MODE_CS64 };

static uint32_t linear_of(const struct translator *tr, uint32_t eip)
{
    return (uint32_t)tr->cpu->seg[SEG_CS].base + eip;
}

static uint32_t insn_linear(const struct translator *tr, const struct translated *t, unsigned n)
{
    uint32_t eip = t->eip + translation_guest_offset(t, n);
    return linear_of(tr, t->mode & MODE_CS32 ? eip : eip & 0xffff);
}

/* ---- names ----------------------------------------------------------------------------------- */

static void name_code(struct translator *tr, const uint8_t *code, const uint8_t *end,
                      const char *name)
{
    tr->options.name_code(tr->options.name_opaque, runs_at(tr, code), (size_t)(end - code), name);
}

/* Address and all that other translations of the same bytes may differ in. */
static void name_translation(struct translator *tr, const struct translated *t,
                             const struct translation_notes *notes)
{
    char name[64];
    format(name, sizeof name, "guest_%08x%s%s%s", linear_of(tr, t->eip),
           t->mode & TRANSLATION_USER ? "_user" : "_kernel", t->mode & MODE_CS32 ? "" : "_16",
           t->mode & TRANSLATION_WINDOW ? "" : "_soft");
    name_code(tr, t->code, t->code + t->size, name);
    if (notes->stub_bytes > 0)
        name_code(tr, notes->stubs, notes->stubs + notes->stub_bytes, "bmbt_stubs");
}

void show_glue(struct translator *tr)
{
    const struct glue *g = &tr->glue;
    if (tr->options.name_code == NULL)
        return;
    name_code(tr, g->enter, g->exit, "bmbt_enter");
    name_code(tr, g->exit, g->execute_trapped, "bmbt_exit");
    name_code(tr, g->execute_trapped, g->find_lookup, "bmbt_execute");
    name_code(tr, g->find_lookup, g->helper, "bmbt_find");
    name_code(tr, g->helper, g->link, "bmbt_helper");
    name_code(tr, g->link, g->far_link, "bmbt_link");
    name_code(tr, g->far_link, g->return_mismatch, "bmbt_far_link");
    name_code(tr, g->return_mismatch, g->lookup, "bmbt_return_mismatch");
    name_code(tr, g->lookup, g->probe[0], "bmbt_lookup");
    name_code(tr, g->probe[0], g->end, "bmbt_probe");
}

/* ---- logs ------------------------------------------------------------------------------------ */

/* A block of one instruction may go on in another page. */
static void log_guest_insn(const struct translator *tr, const struct translated *t, unsigned n)
{
    const struct cpu_bus *bus = &tr->cpu->bus;
    const struct block *b = t->block;
    const struct insn *i = &b->insns[n];
    const uint8_t *from = b->host + i->offset;
    unsigned here = PAGE_SIZE - ((uintptr_t)from & (PAGE_SIZE - 1));
    uint8_t bytes[15];
    for (unsigned k = 0; k < i->length; k++)
        bytes[k] = k < here ? from[k] : b->second_page[k - here];
    bus->disassemble(bus->disassemble_opaque, insn_linear(tr, t, n), bytes, i->length, b->mode);
}

static void log_operations(const struct translator *tr, const struct translated *t,
                           const struct translation_notes *notes)
{
    const struct log *log = tr->cpu->bus.log;
    uint32_t m = t->mode;
    log_write(log, "translation of %08x: %s, %u-bit, %u-bit stack%s, %s, %u instructions\n",
              linear_of(tr, t->eip), m & TRANSLATION_USER ? "user" : "supervisor",
              m & MODE_CS32 ? 32 : 16, m & TRANSLATION_STACK32 ? 32 : 16,
              m & TRANSLATION_DF ? ", DF" : "", m & TRANSLATION_WINDOW ? "window" : "soft TLB",
              t->count);
    for (unsigned n = 0; n < t->count; n++) {
        unsigned op = t->block->insns[n].op;
        log_write(log, "  %08x %-12s %4u bytes%s%s%s\n", insn_linear(tr, t, n),
                  op == INSN_OP_UNDEFINED ? "(undefined)" : opcode_table[op].mnemonic,
                  t->offsets[n + 1] - t->offsets[n],
                  notes->executed >> n & 1 ? ", by the executor" : "",
                  notes->soft >> n & 1 && m & TRANSLATION_WINDOW ? ", soft TLB" : "",
                  notes->flags_dead >> n & 1 ? ", flags dead" : "");
    }
}

static void log_host_code(const struct translator *tr, const uint8_t *code, uint32_t bytes)
{
    const struct cpu_bus *bus = &tr->cpu->bus;
    if (bytes > 0)
        bus->disassemble(bus->disassemble_opaque, (uint64_t)(uintptr_t)runs_at(tr, code), code,
                         bytes, HOST_CODE_MODE);
}

static void log_code(const struct translator *tr, const struct translated *t,
                     const struct translation_notes *notes)
{
    const struct log *log = tr->cpu->bus.log;
    log_write(log, "host code of %08x: %u bytes, %u without stubs\n", linear_of(tr, t->eip),
              t->size + notes->stub_bytes, t->hot_size);
    if (tr->cpu->bus.disassemble == NULL)
        return;
    for (unsigned n = 0; n < t->count; n++) {
        log_write(log, "-- ");
        log_guest_insn(tr, t, n);
        log_host_code(tr, t->code + t->offsets[n], t->offsets[n + 1] - t->offsets[n]);
    }
    if (t->hot_size > t->offsets[t->count])
        log_write(log, "-- end\n");
    log_host_code(tr, t->code + t->offsets[t->count], t->hot_size - t->offsets[t->count]);
    log_write(log, "-- stubs\n");
    log_host_code(tr, t->code + t->hot_size, t->size - t->hot_size);
    log_host_code(tr, notes->stubs, notes->stub_bytes);
}

void show_translation(struct translator *tr, const struct translated *t,
                      const struct translation_notes *notes)
{
    const struct log *log = tr->cpu->bus.log;
    if (likely(tr->options.name_code == NULL && !log_enabled(log, LOG_OP) &&
               !log_enabled(log, LOG_OUT_ASM)))
        return;
    fpu_sync(tr->cpu);
    if (tr->options.name_code != NULL)
        name_translation(tr, t, notes);
    if (log_enabled_at(log, LOG_OP, linear_of(tr, t->eip)))
        log_operations(tr, t, notes);
    if (log_enabled_at(log, LOG_OUT_ASM, linear_of(tr, t->eip)))
        log_code(tr, t, notes);
}
