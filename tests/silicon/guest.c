// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The guest's machine: Linux's view of a 32-bit program, without Linux.
#include "guest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "common/watch.h"
#include "cpu/access.h"
#include "cpu/flags.h"
#include "cpu/paging.h"
#include "cpu/system.h"
#include "cpu/x87/fpu.h"
#include "guest_tables.h"
#include "host/host.h"
#include "options.h"
#include "translator/translator.h"

/* A case that runs longer has no end. */
enum { WATCH_SECONDS = 4 };
#define EXIT_PORT 0xf4

struct guest {
    struct cpu_machine *machine;
    struct cpu *cpu; /* the machine's */
    struct ram_block *ram;
    struct watch *watch;
    enum engine_kind engine;
    bool shut_down;
};

/* ---- the machine ----------------------------------------------------------------------------- */

/* A vector's handler writes here: the processor leaves cpu_run(). */
static bool exit_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct guest *g = opaque;
    (void)offset, (void)size, (void)value;
    cpu_exit(g->cpu);
    return true;
}

static const struct region_desc exit_desc = {
    .name = "exit", .size = 1, .min_size = 1, .max_size = 1, .write = exit_write
};

static void shut_down(void *opaque)
{
    struct guest *g = opaque;
    g->shut_down = true;
    cpu_exit(g->cpu);
}

static void create_machine(struct guest *g)
{
    struct cpu_model model;
    cpu_model_parse(&model, "max", NULL);
    g->machine = cpu_machine_create(&model, GUEST_RAM_SIZE);
    g->machine->on_shutdown = shut_down;
    g->machine->opaque = g;
    g->cpu = g->machine->cpu;
    g->ram = g->machine->ram;
    region_map_io(g->machine->memory, 1 << SPACE_PORTS, &exit_desc, g, EXIT_PORT, 0);
    guest_tables_create(g->cpu, g->ram);
    for (unsigned n = 0; n < LAYOUT_PAGES; n++)
        memcpy(g->ram->host + guest_physical(n), layout_background() + n * LAYOUT_PAGE,
               LAYOUT_PAGE);
}

struct guest *guest_create(enum engine_kind engine, const struct options *o, const char **why)
{
    struct translator_options options = translator_defaults;
    struct guest *g = calloc(1, sizeof *g);
    g->engine = engine;
    create_machine(g);
    options.threshold = o->threshold;
    options.cache_size = o->cache;
    options.cache_grows = false;
    options.optimise = o->optimise;
    if (!cpu_machine_attach(g->machine, engine, &options, why)) {
        guest_destroy(g);
        return NULL;
    }
    translator_enter_thread(g->cpu);
    g->watch = watch_create(g->cpu, &(struct watch_options){ .seconds = WATCH_SECONDS });
    return g;
}

void guest_destroy(struct guest *g)
{
    if (g->watch != NULL)
        watch_destroy(g->watch);
    cpu_machine_destroy(g->machine);
    free(g);
}

void guest_print_counts(struct guest *g)
{
    const struct translator_counts *n = translator_counts(g->cpu);
    if (n == NULL)
        return;
    printf("%s: %" PRIu64 " blocks of %" PRIu64 " instructions translated, entered %" PRIu64
           ", executor asked for %" PRIu64 ", faults %" PRIu64 ", mapped %" PRIu64
           ", rewritten %" PRIu64 "\n",
           engine_names[g->engine], n->translations, n->translated_insns, n->entered, n->executed,
           n->faults, n->faults_mapped, n->rewritten);
}

/* ---- memory ---------------------------------------------------------------------------------- */

const uint8_t *guest_page(const struct guest *g, unsigned page)
{
    return g->ram->host + guest_physical(page);
}

static void write_bytes(struct guest *g, uint64_t physical, const void *bytes, unsigned length)
{
    memcpy(g->ram->host + physical, bytes, length);
    ram_written(g->ram, physical, length);
}

void guest_restore(struct guest *g, uint32_t pages)
{
    for (unsigned n = 0; n < LAYOUT_PAGES; n++) {
        const uint8_t *background = layout_background() + n * LAYOUT_PAGE;
        if (pages >> n & 1 && memcmp(guest_page(g, n), background, LAYOUT_PAGE) != 0)
            write_bytes(g, guest_physical(n), background, LAYOUT_PAGE);
    }
}

static void apply(struct guest *g, const struct silicon_case *c)
{
    for (unsigned n = 0; n < c->patch_count; n++) {
        const struct silicon_patch *p = &c->patches[n];
        for (unsigned done = 0; done < p->length;) {
            uint32_t address = p->address + done;
            unsigned page = layout_page_of(address), offset = address % LAYOUT_PAGE;
            unsigned length = MIN(p->length - done, LAYOUT_PAGE - offset);
            write_bytes(g, guest_physical(page) + offset, c->bytes + p->offset + done, length);
            done += length;
        }
    }
}

/* ---- one case -------------------------------------------------------------------------------- */

static void set_fpu(struct cpu *cpu, const struct fx_image *fx)
{
    struct fpu *f = &cpu->fpu;
    fpu_set_control(cpu, fx->control);
    fpu_set_status(cpu, fx->status);
    f->empty = (uint8_t)~fx->tags;
    f->opcode = fx->opcode;
    f->ip = (uint32_t)fx->ip;
    f->dp = (uint32_t)fx->dp;
    f->ip_selector = f->dp_selector = 0;
    for (unsigned n = 0; n < 8; n++)
        f->physical[(f->top + n) & 7] = fx->st[n];
    memcpy(f->xmm, fx->xmm, sizeof(union vector) * 8);
    f->mxcsr = fx->mxcsr;
    cpu_update_fpu_closed(cpu);
}

static void get_fpu(struct cpu *cpu, struct fx_image *fx)
{
    const struct fpu *f = &cpu->fpu;
    fx->control = f->control;
    fx->status = fpu_status(cpu);
    fx->tags = fpu_abridged_tags(cpu);
    fx->opcode = f->opcode;
    fx->ip = f->ip;
    fx->dp = f->dp;
    fx->mxcsr = f->mxcsr;
    for (unsigned n = 0; n < 8; n++)
        fx->st[n] = f->physical[(f->top + n) & 7];
    memcpy(fx->xmm, f->xmm, sizeof(union vector) * 8);
}

/* By IRET from level 0 into the case. */
static void enter(struct guest *g, const struct silicon_state *s)
{
    struct cpu *cpu = g->cpu;
    static const uint8_t data[] = { SEG_ES, SEG_DS, SEG_FS, SEG_GS };
    uint32_t frame[5] = { s->eip, s->segment[SEG_CS], s->eflags, s->gpr[RSP], s->segment[SEG_SS] };
    set_fpu(cpu, &s->fx);
    memcpy(g->ram->host + GUEST_STACK_PHYSICAL - sizeof frame, frame, sizeof frame);
    cpu->gpr[RSP] = GUEST_STACK - sizeof frame;
    if (__builtin_setjmp(cpu->jump) != 0) {
        fprintf(stderr, "the guest cannot enter the case: vector %d\n", cpu->pending.vector);
        abort();
    }
    for (unsigned n = 0; n < ARRAY_SIZE(data); n++)
        segment_load(cpu, data[n], s->segment[data[n]]);
    interrupt_return(cpu, 4, 0);
    for (unsigned n = 0; n < 8; n++) /* all of ESP, too: to a 16-bit stack, IRET loads SP alone */
        cpu->gpr[n] = s->gpr[n];
}

static uint32_t pushed(const struct guest *g, uint32_t *at)
{
    uint32_t value = load_le32(g->ram->host + GUEST_STACK_PHYSICAL - (GUEST_STACK - *at));
    *at += 4;
    return value;
}

static bool pushes_error(int vector)
{
    return vector == EXC_DF || (vector >= EXC_TS && vector <= EXC_PF) || vector == EXC_AC;
}

/* The handler's frame on the stack of level 0. SDM 3A 6.14 */
static void get_state(struct guest *g, struct silicon_result *out)
{
    struct cpu *cpu = g->cpu;
    struct silicon_state *s = &out->state;
    uint32_t at = (uint32_t)cpu->gpr[RSP];
    out->vector = guest_vector((uint32_t)cpu->eip);
    out->error = pushes_error(out->vector) ? pushed(g, &at) : 0;
    out->cr2 = cpu->cr2;
    for (unsigned n = 0; n < 8; n++)
        s->gpr[n] = (uint32_t)cpu->gpr[n];
    s->eip = pushed(g, &at);
    s->segment[SEG_CS] = (uint16_t)pushed(g, &at);
    s->eflags = pushed(g, &at);
    s->gpr[RSP] = pushed(g, &at);
    s->segment[SEG_SS] = (uint16_t)pushed(g, &at);
    s->segment[SEG_ES] = cpu->seg[SEG_ES].selector;
    s->segment[SEG_DS] = cpu->seg[SEG_DS].selector;
    s->segment[SEG_FS] = cpu->seg[SEG_FS].selector;
    s->segment[SEG_GS] = cpu->seg[SEG_GS].selector;
    get_fpu(cpu, &s->fx);
}

/* After a case that did not end, or shut the processor down: level 0 again, by force. */
static void recover(struct guest *g, struct silicon_result *out)
{
    g->shut_down = false;
    out->vector = VECTOR_TIMEOUT;
    out->state.eip = (uint32_t)g->cpu->eip;
    for (unsigned n = 0; n < 8; n++)
        out->state.gpr[n] = (uint32_t)g->cpu->gpr[n];
    g->cpu->halted = false;
    guest_tables_create(g->cpu, g->ram);
}

void guest_run(struct guest *g, const struct silicon_case *c, struct silicon_result *out)
{
    apply(g, c);
    enter(g, &c->in);
    if (!watch_run(g->watch) || g->shut_down)
        recover(g, out);
    else
        get_state(g, out);
}
