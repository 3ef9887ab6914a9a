// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// Real mode as the suites of single instructions leave it: state in, one instruction, state out.
#include "single_step.h"

#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/format.h"
#include "common/watch.h"
#include "cpu/access.h"
#include "cpu/flags.h"
#include "cpu/system.h"

/* What all suites have: the bytes that a 24-bit bus reaches. */
#define RAM_SIZE MIB(16)
/* A repeated string instruction with CX = FFFFh comes back to the run loop that often. */
enum { STEPS_MAX = 70000 };
/* What has not come to its HLT by then runs somewhere else. */
enum { WATCH_SECONDS = 1 };
enum { HLT = 0xf4 };

struct kind {
    const char *processor;
    bool wide;          /* has 32-bit registers */
    bool counts_halt;   /* IP at the end is behind the HLT that followed */
    bool wraps;         /* addresses have 20 bits */
    uint32_t flags;     /* bits that exist */
};
/* The 386EX has no AC; bits 12 to 15 read 1 on an 8086 and 0 in real mode on an 80286 (SDM 3B
 * 23.19). */
static const struct kind kinds[] = {
    { "8088", false, false, true, 0x0fd5 },
    { "8086", false, false, true, 0x0fd5 },
    { "V20", false, false, true, 0x0fd5 },
    { "V30", false, false, true, 0x0fd5 },
    { "186", false, false, true, 0x0fd5 },
    { "C286", false, true, false, 0x0fd5 },
    { "386E", true, true, false, 0x7fd5 },
};

struct single_step {
    struct cpu_machine *machine;
    struct ram_block *ram; /* the machine's */
    struct cpu *cpu;
    struct watch *watch; /* NULL: the executor does it, step by step */
    const struct kind *kind;
    const struct moo_registers *masks;
    bool ignore_undefined;
};

/* Which register of the processor: -1 where it is kept elsewhere. */
static const int8_t general[MOO_REGISTERS] = {
    [MOO_EAX] = RAX + 1, [MOO_EBX] = RBX + 1, [MOO_ECX] = RCX + 1, [MOO_EDX] = RDX + 1,
    [MOO_ESI] = RSI + 1, [MOO_EDI] = RDI + 1, [MOO_EBP] = RBP + 1, [MOO_ESP] = RSP + 1,
};
static const int8_t segments[MOO_REGISTERS] = {
    [MOO_CS] = SEG_CS + 1, [MOO_DS] = SEG_DS + 1, [MOO_ES] = SEG_ES + 1,
    [MOO_FS] = SEG_FS + 1, [MOO_GS] = SEG_GS + 1, [MOO_SS] = SEG_SS + 1,
};

/* ---- the machine ----------------------------------------------------------------------------- */

static const struct kind *find_kind(const char *processor)
{
    for (unsigned n = 0; n < ARRAY_SIZE(kinds); n++)
        if (strcmp(kinds[n].processor, processor) == 0)
            return &kinds[n];
    return NULL;
}

static void leave(void *opaque)
{
    cpu_exit(opaque);
}

static bool attach_engine(struct single_step *s, enum engine_kind engine, const char **why)
{
    static const struct watch_options halted = { .seconds = WATCH_SECONDS, .ends_halted = true };
    struct translator_options options = translator_defaults;
    if (engine == ENGINE_INTERP)
        return true;
    options.threshold = 1;
    options.cache_size = MIB(4);
    options.cache_grows = false;
    if (!cpu_machine_attach(s->machine, engine, &options, why))
        return false;
    translator_enter_thread(s->cpu);
    s->machine->on_shutdown = leave;
    s->machine->opaque = s->cpu;
    s->watch = watch_create(s->cpu, &halted);
    return true;
}

bool single_step_possible(enum engine_kind engine, struct error *err)
{
    struct cpu_model model;
    const char *why;
    cpu_model_parse(&model, "max", NULL);
    struct cpu_machine *m = cpu_machine_create(&model, MIB(2));
    bool possible = cpu_machine_attach(m, engine, &translator_defaults, &why);
    if (!possible)
        error_set(err, "--engine %s: %s", engine_names[engine], why);
    cpu_machine_destroy(m);
    return possible;
}

struct single_step *single_step_create(const struct single_step_options *options,
                                       const struct moo_header *header, struct error *err)
{
    struct cpu_model model;
    const char *why;
    const struct kind *kind = find_kind(header->processor);
    if (kind == NULL) {
        error_set(err, "tests of a processor \"%s\", which is not known here", header->processor);
        return NULL;
    }
    if (!cpu_model_parse(&model, options->model, err))
        return NULL;
    struct single_step *s = calloc(1, sizeof *s);
    s->kind = kind;
    s->masks = &header->masks;
    s->ignore_undefined = options->ignore_undefined;
    s->machine = cpu_machine_create(&model, RAM_SIZE);
    s->ram = s->machine->ram;
    s->cpu = s->machine->cpu;
    if (!attach_engine(s, options->engine, &why)) {
        error_set(err, "--engine %s: %s", engine_names[options->engine], why);
        single_step_destroy(s);
        return NULL;
    }
    cpu_set_a20(s->cpu, !kind->wraps);
    return s;
}

void single_step_destroy(struct single_step *s)
{
    if (s->watch != NULL)
        watch_destroy(s->watch);
    cpu_machine_destroy(s->machine);
    free(s);
}

/* ---- state in -------------------------------------------------------------------------------- */

static void set_byte(struct single_step *s, uint32_t address, uint8_t value)
{
    s->ram->host[address] = value;
    ram_written(s->ram, address, 1);
}

static void set_memory(struct single_step *s, const struct moo_state *state)
{
    for (uint32_t n = 0; n < state->bytes; n++)
        set_byte(s, moo_byte(state, n).address, moo_byte(state, n).value);
}

/* All memory that a test names: zeros again. */
static void clear_memory(struct single_step *s, const struct moo_state *state)
{
    for (uint32_t n = 0; n < state->bytes; n++)
        set_byte(s, moo_byte(state, n).address, 0);
}

static void set_segment(struct cpu *cpu, unsigned seg, uint16_t selector)
{
    struct segment *s = &cpu->seg[seg];
    s->selector = selector;
    s->base = (uint32_t)selector << 4;
    s->limit = 0xffff;
    segment_update_limits(s);
}

static void set_registers(struct single_step *s, const struct moo_registers *registers)
{
    struct cpu *cpu = s->cpu;
    for (unsigned n = 0; n < MOO_REGISTERS; n++) {
        if (general[n])
            cpu->gpr[general[n] - 1] = registers->value[n];
        else if (segments[n])
            set_segment(cpu, (unsigned)segments[n] - 1, (uint16_t)registers->value[n]);
    }
    cpu->eip = registers->value[MOO_EIP];
    uint32_t flags = registers->value[MOO_EFLAGS] & s->kind->flags;
    eflags_write(cpu, flags, s->kind->flags & ~EFLAGS_ARITH);
    flags_set_all(cpu, flags);
    cpu_update_mode(cpu);
}

static bool real_mode(const struct moo_state *state)
{
    const struct moo_registers *r = &state->registers;
    return !(r->present >> MOO_CR0 & 1) || !(r->value[MOO_CR0] & CR0_PE);
}

/* ---- one instruction ------------------------------------------------------------------------- */

static bool is_prefix(uint8_t byte)
{
    return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e ||
           (byte >= 0x64 && byte <= 0x67) || byte == 0xf0 || byte == 0xf2 || byte == 0xf3;
}

/* A string instruction with REP: it is over when EIP has moved. */
static bool repeats(const struct moo_test *test)
{
    bool repeat = false;
    unsigned n = 0;
    for (; n < test->code_length && is_prefix(test->code[n]); n++)
        repeat |= (test->code[n] & 0xfe) == 0xf2;
    uint8_t opcode = n < test->code_length ? test->code[n] : 0;
    return repeat && ((opcode >= 0x6c && opcode <= 0x6f) || (opcode >= 0xa4 && opcode <= 0xa7) ||
                      (opcode >= 0xaa && opcode <= 0xaf));
}

static void step(struct single_step *s, const struct moo_test *test)
{
    struct cpu *cpu = s->cpu;
    uint64_t start = cpu->eip;
    unsigned steps = repeats(test) ? STEPS_MAX : 1;
    do
        cpu_step(cpu);
    while (--steps && cpu->eip == start);
    /* The HLT that every test ends with, wherever the instruction led. */
    if (s->kind->counts_halt && !cpu->halted)
        cpu->eip++;
}

/* ---- with what follows, as an engine does it ------------------------------------------------- */

/*
 * A translation is of several instructions. So it begins with the test's and goes on with a HLT,
 * where the hardware went: there is one in memory, or is put there.
 */
struct halt {
    uint32_t eip;
    uint32_t physical;
};

static uint32_t physical_of(const struct single_step *s, uint32_t selector, uint32_t offset)
{
    uint32_t linear = (selector << 4) + offset;
    return s->kind->wraps ? linear & 0xfffff : linear;
}

static uint32_t after(const struct moo_test *test, unsigned number)
{
    const struct moo_registers *r = &test->after.registers;
    return r->present >> number & 1 ? r->value[number] : test->before.registers.value[number];
}

static struct halt find_halt(const struct single_step *s, const struct moo_test *test)
{
    uint32_t eip = after(test, MOO_EIP) - s->kind->counts_halt;
    if (!s->kind->wide)
        eip &= 0xffff;
    return (struct halt){ eip, physical_of(s, after(test, MOO_CS), eip) };
}

/* There is no place for the HLT, or the instruction itself puts something else there. */
static bool halt_is_lost(const struct single_step *s, const struct moo_test *test,
                         const struct halt *halt)
{
    const uint32_t *before = test->before.registers.value;
    uint32_t start = physical_of(s, before[MOO_CS], before[MOO_EIP]);
    unsigned length = test->code_length - s->kind->counts_halt;
    if (halt->physical >= RAM_SIZE || halt->physical - start < length)
        return true;
    for (uint32_t n = 0; n < test->after.bytes; n++) {
        struct moo_byte byte = moo_byte(&test->after, n);
        if (byte.address == halt->physical && byte.value != HLT)
            return true;
    }
    return false;
}

/* Under TF the executor does each instruction anyway, and the trap would come behind the HLT. */
static bool needs_step(const struct single_step *s, const struct moo_test *test,
                       const struct halt *halt)
{
    uint32_t flags = test->before.registers.value[MOO_EFLAGS] | after(test, MOO_EFLAGS);
    return s->watch == NULL || flags & EFLAGS_TF || halt_is_lost(s, test, halt);
}

static bool run(struct single_step *s, const struct halt *halt)
{
    uint8_t kept = s->ram->host[halt->physical];
    if (kept != HLT)
        set_byte(s, halt->physical, HLT);
    bool ended = watch_run(s->watch);
    if (kept != HLT)
        set_byte(s, halt->physical, kept);
    if (!s->kind->counts_halt && s->cpu->eip == halt->eip + 1)
        s->cpu->eip--;
    return ended;
}

/* What ran astray may have written anywhere. */
static void clear_all(struct single_step *s)
{
    memset(s->ram->host, 0, RAM_SIZE);
    ram_written(s->ram, 0, RAM_SIZE);
}

/* False: the instruction did not come to the end that the hardware came to. */
static bool execute(struct single_step *s, const struct moo_test *test, struct outcome *outcome)
{
    struct halt halt = find_halt(s, test);
    outcome->stepped = needs_step(s, test, &halt);
    if (!outcome->stepped)
        return run(s, &halt);
    step(s, test);
    return true;
}

/* ---- state out ------------------------------------------------------------------------------- */

static void __attribute__((format(printf, 5, 6)))
compare(struct outcome *o, uint32_t wanted, uint32_t found, uint32_t mask, const char *name, ...)
{
    if (((wanted ^ found) & mask) == 0 || o->count == DIFFERENCES_MAX)
        return;
    struct difference *d = &o->differences[o->count++];
    va_list arguments;
    va_start(arguments, name);
    vformat(d->where, sizeof d->where, name, arguments);
    va_end(arguments);
    d->wanted = wanted;
    d->found = found;
    d->mask = mask;
}

static uint32_t defined(const struct single_step *s, const struct moo_test *test, unsigned number)
{
    uint32_t mask = ~UINT32_C(0);
    const struct moo_registers *masks[] = { s->masks, &test->after.masks };
    for (unsigned n = 0; s->ignore_undefined && n < ARRAY_SIZE(masks); n++)
        if (masks[n]->present >> number & 1)
            mask &= masks[n]->value[number];
    return mask;
}

static uint32_t register_of(const struct cpu *cpu, unsigned number)
{
    if (general[number])
        return (uint32_t)cpu->gpr[general[number] - 1];
    if (segments[number])
        return cpu->seg[segments[number] - 1].selector;
    return number == MOO_EIP ? (uint32_t)cpu->eip : cpu_eflags(cpu);
}

static uint32_t bits_of(const struct single_step *s, unsigned number)
{
    if (number == MOO_EFLAGS)
        return s->kind->flags;
    return segments[number] || !s->kind->wide ? 0xffff : ~UINT32_C(0);
}

/* CR0, CR3, DR6 and DR7 hold bits that later processors do not have; no real-mode suite changes
 * them but by instructions that show in the others. */
static void compare_registers(const struct single_step *s, const struct moo_test *test,
                              struct outcome *o)
{
    const struct moo_registers *before = &test->before.registers, *after = &test->after.registers;
    for (unsigned n = MOO_EAX; n <= MOO_EFLAGS; n++) {
        if (!(before->present >> n & 1))
            continue;
        uint32_t wanted = after->present >> n & 1 ? after->value[n] : before->value[n];
        uint32_t mask = bits_of(s, n) & defined(s, test, n);
        compare(o, wanted, register_of(s->cpu, n), mask, "%s", moo_register_names[n]);
    }
}

/* Undefined flags are in what an exception pushed, too. */
static uint32_t memory_mask(const struct single_step *s, const struct moo_test *test,
                            uint32_t address)
{
    uint32_t offset = address - test->flags_address;
    uint32_t mask = defined(s, test, MOO_EFLAGS);
    return test->exception >= 0 && offset < 2 ? mask >> 8 * offset & 0xff : 0xff;
}

static void compare_memory(const struct single_step *s, const struct moo_test *test,
                           struct outcome *o)
{
    for (uint32_t n = 0; n < test->after.bytes; n++) {
        struct moo_byte byte = moo_byte(&test->after, n);
        compare(o, byte.value, s->ram->host[byte.address], memory_mask(s, test, byte.address), "[%x]",
                (unsigned)byte.address);
    }
}

static bool inside(const struct moo_state *state)
{
    for (uint32_t n = 0; n < state->bytes; n++)
        if (moo_byte(state, n).address >= RAM_SIZE)
            return false;
    return true;
}

bool single_step_run(struct single_step *s, const struct moo_test *test, struct outcome *outcome,
                     struct error *err)
{
    outcome->count = 0;
    if (!real_mode(&test->before))
        return error_set(err, "test %u begins in protected mode", (unsigned)test->index);
    if (!inside(&test->before) || !inside(&test->after))
        return error_set(err, "test %u uses memory outside of %u MiB", (unsigned)test->index,
                         (unsigned)(RAM_SIZE >> 20));
    s->machine->shutdowns = 0;
    cpu_reset(s->cpu, false);
    s->cpu->attention = 0;
    set_memory(s, &test->before);
    set_registers(s, &test->before.registers);
    bool ended = execute(s, test, outcome);
    compare_registers(s, test, outcome);
    compare_memory(s, test, outcome);
    compare(outcome, 0, s->machine->shutdowns != 0, 1, "shutdown");
    compare(outcome, 1, ended, 1, "end");
    clear_memory(s, &test->before);
    clear_memory(s, &test->after);
    if (!ended)
        clear_all(s);
    return true;
}
